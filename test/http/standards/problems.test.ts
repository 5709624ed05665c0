/**
 * Every error that the gateway itself makes, wherever in it: RFC 9457, and what RFC 9110 section 15 asks of each status.
 * One table of ways to be refused; each rule is held against all of them.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { after, before, test } from 'node:test';
import { fieldOf, saying } from '../../support/echo-esc.ts';
import { type EchoWorld, startEchoWorld } from '../../support/echo-world.ts';
import { type RawAnswer, requestText } from '../../support/raw-client.ts';

interface Way {
  readonly what: string;
  readonly status: number;
  readonly bytes: string;
  /** What ESC says to it; nothing: it is refused before. */
  readonly esc?: string;
}

const path = '/ESCManager/v0/tenants/alpha';
const own = '/northgate/v1/transactions/none';
const request = (first: string, ...fields: string[]): string =>
  requestText([`${first} HTTP/1.1`, 'Host: a', 'Accept: application/xml', 'Authorization: Bearer t', ...fields]);

const ways: readonly Way[] = [
  { what: 'bytes that are no request', status: 400, bytes: 'nonsense\r\n\r\n' },
  { what: 'two Hosts', status: 400, bytes: request(`GET ${path}`, 'Host: b') },
  { what: 'a broken body', status: 400, bytes: `${request(`POST ${path}`, 'Transfer-Encoding: chunked')}xyz\r\n` },
  { what: 'a key that is none', status: 400, bytes: request(`POST ${path}`, 'Idempotency-Key: "') },
  { what: 'no credentials', status: 401, bytes: requestText([`GET ${path} HTTP/1.1`, 'Host: a']) },
  { what: 'no credentials for a POST', status: 401, bytes: requestText([`POST ${path} HTTP/1.1`, 'Host: a']) },
  { what: 'no credentials for its own resource', status: 401, bytes: requestText([`GET ${own} HTTP/1.1`, 'Host: a']) },
  { what: 'a path that is nobody’s', status: 404, bytes: request('GET /elsewhere') },
  { what: 'a transaction that is not there', status: 404, bytes: request(`GET ${own}`) },
  { what: 'a path of its own that is not there', status: 404, bytes: request('GET /northgate/v1/nothing') },
  { what: 'a target that its router cannot decode', status: 400, bytes: request('GET /northgate/v1/transactions/%zz') },
  { what: 'TRACE', status: 405, bytes: request(`TRACE ${path}`) },
  { what: 'CONNECT', status: 405, bytes: request('CONNECT a:443') },
  { what: 'DELETE of its own resource', status: 405, bytes: request(`DELETE ${own}`) },
  { what: 'a body that is too large', status: 413, bytes: request(`POST ${path}`, 'Content-Length: 99999999') },
  { what: 'a target that is too long', status: 414, bytes: request(`GET ${path}/${'x'.repeat(17_000)}`) },
  { what: 'fields that are too large', status: 431, bytes: request(`GET ${path}`, `X: ${'x'.repeat(70_000)}`) },
  { what: 'a method that nobody knows', status: 501, bytes: request(`FROB ${path}`) },
  {
    what: 'a coding that is not undone',
    status: 501,
    bytes: request(`POST ${path}`, 'Transfer-Encoding: gzip, chunked'),
  },
  { what: 'an answer that is no HTTP', status: 502, bytes: request(`GET ${path}`), esc: 'SSH-2.0-x\r\n\r\n' },
  { what: 'an ESC that is silent', status: 504, bytes: request(`GET ${path}`), esc: '' },
];

let world: EchoWorld;
const answers = new Map<Way, RawAnswer>();
before(async () => {
  world = await startEchoWorld({
    settings: {
      NORTHGATE_ESC_TIMEOUTS_RESPONSE: '400ms',
      NORTHGATE_HOLD_TIMEOUT: '60s',
      NORTHGATE_NORTHBOUND_CLIENTS: JSON.stringify([
        { name: 'nfvo', tokenSha256: createHash('sha256').update('t').digest('hex') },
      ]),
      NORTHGATE_ESC_USERNAME: 'own',
      NORTHGATE_ESC_PASSWORD: 'secret-of-the-gateway',
    },
  });
  for (const way of ways) {
    world.esc.answering = saying(way.esc ?? '');
    const client = await world.connect();
    client.write(way.bytes);
    answers.set(way, await client.answer());
  }
});
after(() => world[Symbol.asyncDispose]());

const answerTo = (way: Way): RawAnswer => {
  const answer = answers.get(way);
  assert.ok(answer !== undefined);
  return answer;
};
const problemOf = (answer: RawAnswer): Record<string, unknown> => JSON.parse(answer.body.toString());

for (const way of ways) {
  test(`P-01 P-03 P-06 ${way.what}: ${way.status} as a problem that says the same status, whatever Accept asks for`, () => {
    const answer = answerTo(way);
    assert.equal(answer.status, way.status, answer.body.toString());
    assert.equal(answer.reason, STATUS_CODES[way.status]);
    assert.equal(fieldOf(answer.headers, 'content-type'), 'application/problem+json');
    assert.equal(problemOf(answer).status, way.status);
    assert.equal(fieldOf(answer.headers, 'content-length'), String(answer.body.byteLength));
  });

  test(`P-02 P-05 the problem of ${way.what} has an absolute type and members that can be named`, () => {
    const problem = problemOf(answerTo(way));
    assert.match(String(problem.type), /^urn:northgate:problem:[a-z-]+$/);
    for (const name of Object.keys(problem)) assert.match(name, /^[A-Za-z][A-Za-z0-9_]{2,}$/);
  });

  test(`P-04 the problem of ${way.what} tells what helps, and nothing of the inside`, () => {
    const { detail, title } = problemOf(answerTo(way));
    assert.match(String(detail), /^[^\n]{10,}[."]$/);
    assert.ok(String(title).length > 0);
    assert.doesNotMatch(answerTo(way).body.toString(), /node_modules|file:|\.ts:\d|secret-of-the-gateway|127\.0\.0\.1/);
  });

  test(`H-30 the problem of ${way.what} has a Date, is not kept by caches, and names no product`, () => {
    const { headers } = answerTo(way);
    assert.ok(Math.abs(Date.parse(fieldOf(headers, 'date')) - Date.now()) < 120_000);
    assert.equal(fieldOf(headers, 'cache-control'), 'no-store');
    for (const name of ['server', 'x-powered-by', 'proxy-authenticate']) assert.equal(fieldOf(headers, name), '');
  });

  test(`H-31 H-33 the problem of ${way.what} tells when to come back where time helps, in whole seconds, else not`, () => {
    const retryAfter = fieldOf(answerTo(way).headers, 'retry-after');
    if ([502, 503, 504].includes(way.status)) assert.match(retryAfter, /^[1-9]\d*$/);
    else assert.equal(retryAfter, '');
  });

  test(`H-04 H-35 the ${way.status} for ${way.what} bears the field that its status asks for, and no other status does`, () => {
    const { headers } = answerTo(way);
    assert.equal(fieldOf(headers, 'www-authenticate') !== '', way.status === 401);
    assert.equal(fieldOf(headers, 'allow') !== '', way.status === 405);
  });
}

test('P-04 a title belongs to its type', () => {
  const titles = new Map<unknown, Set<unknown>>();
  for (const way of ways) {
    const { type, title } = problemOf(answerTo(way));
    titles.set(type, (titles.get(type) ?? new Set()).add(title));
  }
  for (const [type, found] of titles) assert.equal(found.size, 1, String(type));
});

test('H-32 502 is for answers that are none and 504 for silence; neither says that ESC was not reached', () => {
  for (const way of ways.filter(({ status }) => status === 502 || status === 504)) {
    assert.notEqual(problemOf(answerTo(way)).sent, 'no');
  }
  for (const way of ways.filter(({ status }) => status < 502)) assert.notEqual(problemOf(answerTo(way)).sent, 'yes');
});

test('H-33 what is too large is said with its limit', () => {
  for (const way of ways.filter(({ status }) => [413, 414, 431].includes(status))) {
    assert.match(String(problemOf(answerTo(way)).detail), /\d{4,}/);
  }
});
