/**
 * Requests that break RFC 9110 or 9112, byte by byte: each is refused with a problem, and nothing of it is sent or
 * journaled. Standards page, M-01 to M-11.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { type EchoWorld, startEchoWorld } from '../support/echo-world.ts';
import { assertProblem } from '../support/problem.ts';
import { requestText } from '../support/raw-client.ts';

let world: EchoWorld;
let heard = 0;
let journaled = 0;
before(async () => {
  world = await startEchoWorld({ settings: { NORTHGATE_LIMITS_BODY_BYTES: '64KiB' } });
});
beforeEach(async () => {
  heard = world.esc.requests.length;
  journaled = (await world.transactions()).length;
});
after(() => world[Symbol.asyncDispose]());

interface Refused {
  readonly what: string;
  readonly bytes: string;
  readonly status: number;
  readonly code: string;
}

const path = '/ESCManager/v0/tenants/alpha';
const post = (...fields: string[]): string[] => [`POST ${path} HTTP/1.1`, 'Host: gateway', ...fields];
const invalid = (what: string, bytes: string): Refused => ({ what, bytes, status: 400, code: 'invalid-request' });

const broken: readonly Refused[] = [
  invalid('M-04 a request line without a version', requestText([`GET ${path}`, 'Host: a'])),
  invalid('M-04 a request line with a version that is none', requestText([`GET ${path} HTTP/1.x`, 'Host: a'])),
  invalid('M-04 a version of HTTP that is not spoken', requestText([`GET ${path} HTTP/3.7`, 'Host: a'])),
  invalid('M-03 a space within the target', requestText([`GET ${path} x HTTP/1.1`, 'Host: a'])),
  invalid('M-04 a NUL within the target', requestText([`GET ${path}\0 HTTP/1.1`, 'Host: a'])),
  invalid('M-04 bytes in the target that no target has', requestText([`GET ${path}\xe4\xff HTTP/1.1`, 'Host: a'])),
  invalid('M-04 a fragment in the target', requestText([`GET ${path}#top HTTP/1.1`, 'Host: a'])),
  invalid('M-04 bytes that are a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'),
  invalid('M-04 a method in lower case', requestText([`get ${path} HTTP/1.1`, 'Host: a'])),
  invalid('M-04 a method with a character that no token has', requestText([`PO(T ${path} HTTP/1.1`, 'Host: a'])),
  invalid('M-01 no Host', requestText([`GET ${path} HTTP/1.1`])),
  invalid('M-01 two Hosts', requestText([`GET ${path} HTTP/1.1`, 'Host: a', 'Host: b'])),
  invalid('M-01 the same Host twice', requestText([`GET ${path} HTTP/1.1`, 'Host: a', 'Host: a'])),
  invalid('M-01 a Host that is none', requestText([`GET ${path} HTTP/1.1`, 'Host: ###'])),
  invalid('M-01 a Host with user information', requestText([`GET ${path} HTTP/1.1`, 'Host: user@a'])),
  invalid('M-01 a Host with a port that is none', requestText([`GET ${path} HTTP/1.1`, 'Host: a:port'])),
  invalid('M-01 two Hosts past a thousand fields', requestText([...post(), ...manyFields(1500), 'Host: b'])),
  invalid('M-05 a space before the colon', requestText([...post(), 'Content-Length : 3'], 'abc')),
  invalid('M-04 a field name that is no token', requestText([...post(), 'Na(me: x'])),
  invalid('M-04 a field without a name', requestText([...post(), ': x'])),
  invalid('M-04 a line without a colon', requestText([...post(), 'nonsense'])),
  invalid('H-07 a NUL in a field value', requestText([...post(), 'X-Name: a\0b'])),
  invalid('H-07 a control character in a field value', requestText([...post(), 'X-Name: a\x01b'])),
  invalid('M-04 a bare CR in a field value', requestText([...post(), 'X-Name: a\rb'])),
  invalid('M-04 bare line feeds', `POST ${path} HTTP/1.1\nHost: a\nContent-Length: 0\n\n`),
  invalid('M-06 a folded field', requestText([...post(), 'X-Name: a', '  b', 'Content-Length: 0'])),
  invalid(
    'M-09 two Content-Lengths that differ',
    requestText([...post(), 'Content-Length: 3', 'Content-Length: 4'], 'abc'),
  ),
  invalid(
    'M-09 the same Content-Length twice',
    requestText([...post(), 'Content-Length: 3', 'Content-Length: 3'], 'abc'),
  ),
  invalid('M-09 a list as Content-Length', requestText([...post(), 'Content-Length: 3, 3'], 'abc')),
  invalid('M-09 a Content-Length that is no number', requestText([...post(), 'Content-Length: abc'], 'abc')),
  invalid('M-09 a Content-Length in hexadecimal', requestText([...post(), 'Content-Length: 0x3'], 'abc')),
  invalid('M-09 a Content-Length with a sign', requestText([...post(), 'Content-Length: +3'], 'abc')),
  invalid('M-09 a negative Content-Length', requestText([...post(), 'Content-Length: -3'], 'abc')),
  invalid('M-09 an empty Content-Length', requestText([...post(), 'Content-Length:'], 'abc')),
  invalid(
    'M-09 a Content-Length past all numbers',
    requestText([...post(), `Content-Length: ${'9'.repeat(30)}`], 'abc'),
  ),
  invalid(
    'M-07 Transfer-Encoding and Content-Length',
    requestText([...post(), 'Transfer-Encoding: chunked', 'Content-Length: 3'], '3\r\nabc\r\n0\r\n\r\n'),
  ),
  invalid(
    'M-07 Content-Length and Transfer-Encoding',
    requestText([...post(), 'Content-Length: 3', 'Transfer-Encoding: chunked'], '3\r\nabc\r\n0\r\n\r\n'),
  ),
  invalid(
    'M-08 chunked that is not the last coding',
    requestText([...post(), 'Transfer-Encoding: chunked, gzip'], 'abc'),
  ),
  invalid(
    'M-08 chunked twice',
    requestText([...post(), 'Transfer-Encoding: chunked, chunked'], '3\r\nabc\r\n0\r\n\r\n'),
  ),
  invalid(
    'M-11 a chunk size that is none',
    requestText([...post(), 'Transfer-Encoding: chunked'], 'xyz\r\nabc\r\n0\r\n\r\n'),
  ),
  invalid(
    'M-11 a chunk size past all numbers',
    requestText([...post(), 'Transfer-Encoding: chunked'], `${'F'.repeat(20)}\r\nabc\r\n0\r\n\r\n`),
  ),
  invalid(
    'M-11 a chunk that is longer than it says',
    requestText([...post(), 'Transfer-Encoding: chunked'], '3\r\nabcdef\r\n0\r\n\r\n'),
  ),
  invalid(
    'M-11 chunk sizes without end of extensions',
    requestText([...post(), 'Transfer-Encoding: chunked'], `3;${'x'.repeat(20_000)}\r\nabc\r\n0\r\n\r\n`),
  ),
  invalid(
    'M-10 Transfer-Encoding in HTTP/1.0',
    requestText([`POST ${path} HTTP/1.0`, 'Transfer-Encoding: chunked'], '3\r\nabc\r\n0\r\n\r\n'),
  ),
  invalid(
    'H-06 two Authorizations',
    requestText([...post(), 'Authorization: Basic YTpi', 'Authorization: Basic YTpj']),
  ),
  invalid(
    'H-27 an expectation that nobody knows',
    requestText([...post('Expect: 200-maybe', 'Content-Length: 3')], 'abc'),
  ),
  {
    what: 'M-08 a transfer coding that is not spoken',
    bytes: requestText([...post(), 'Transfer-Encoding: gzip, chunked'], '3\r\nabc\r\n0\r\n\r\n'),
    status: 501,
    code: 'not-implemented',
  },
  {
    what: 'M-03 a method that nobody knows',
    bytes: requestText([`FROBNICATE ${path} HTTP/1.1`, 'Host: a']),
    status: 501,
    code: 'not-implemented',
  },
  {
    what: 'H-33 fields of more bytes than are taken',
    bytes: requestText([...post(), `X-Large: ${'x'.repeat(70_000)}`]),
    status: 431,
    code: 'headers-too-large',
  },
  {
    what: 'M-03 a target of more bytes than are taken',
    bytes: requestText([`GET ${path}/${'x'.repeat(17_000)} HTTP/1.1`, 'Host: a']),
    status: 414,
    code: 'uri-too-long',
  },
];

function manyFields(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `X-${index}: y`);
}

for (const { what, bytes, status, code } of broken) {
  test(`${what} is refused with ${status} and the connection ends`, async () => {
    const client = await world.connect();
    client.write(bytes);
    const answer = await client.answer();
    assert.equal(assertProblem(answer, { status, code }).connection, 'close');
    client.socket.end();
    assert.equal(await client.ended(), 'fin');
    assert.equal(client.bytes.byteLength, 0, 'one answer only');
    await assertUntouched();
  });
}

for (const method of ['TRACE', 'CONNECT', 'PROPFIND', 'QUERY']) {
  test(`${method} is answered 405 with what is allowed`, async () => {
    const client = await world.connect();
    client.write(requestText([`${method} ${method === 'CONNECT' ? 'a:443' : path} HTTP/1.1`, 'Host: a']));
    const answer = await client.answer();
    const { allow } = assertProblem(answer, { status: 405, code: 'method-not-allowed' });
    assert.equal(allow, 'GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE');
    await assertUntouched();
  });
}

const elsewhere = [
  '/',
  '/ESCManagerX/v0',
  '/escmanager/v0',
  '/vnflcm/v1/vnf_instances',
  '/vnffm/v1/alarms',
  '/ESCManager/../admin',
  '/ESCManager/%2e%2e/admin',
  '/ESCManager/..;/admin',
  '/ESCManager/..%2fadmin',
  '/ESCManager/v0/%2e%2e%2F..%2Fadmin',
  '/ESCManager/%252e%252e/admin',
  '/ESCManager/..%3ba=b/admin',
  '/ESCManager/..%255cadmin',
  '/ESCManager/..\\admin',
  '/other?x=/ESCManager/',
  '/%zz',
  'http://gateway/other',
  'http://gateway',
];

for (const target of elsewhere) {
  for (const method of ['GET', 'POST']) {
    test(`P-06 ${method} ${target} is nobody's: 404 as a problem`, async () => {
      const client = await world.connect();
      const body = method === 'GET' ? '' : '<x/>';
      const fields = method === 'GET' ? [] : ['Content-Type: application/xml', `Content-Length: ${body.length}`];
      client.write(requestText([`${method} ${target} HTTP/1.1`, 'Host: a', ...fields], body));
      assertProblem(await client.answer(), { status: 404, code: 'not-found' });
      await assertUntouched();
    });
  }
}

test('H-08 a head that comes byte by byte is read, and one leading empty line is forgiven', async () => {
  const client = await world.connect();
  for (const byte of requestText(['', `GET ${path} HTTP/1.1`, 'Host: a'])) client.write(byte);
  assert.equal((await client.answer()).status, 200);
});

test('H-14 OPTIONS * asks the gateway itself', async () => {
  const client = await world.connect();
  client.write(requestText(['OPTIONS * HTTP/1.1', 'Host: a']));
  const answer = await client.answer();
  assert.equal(answer.status, 204);
  await assertUntouched();
});

/** Nothing of what this test sent reached ESC or the journal. */
async function assertUntouched(): Promise<void> {
  assert.deepEqual(
    world.esc.requests.slice(heard).map(({ head }) => head),
    [],
  );
  assert.equal((await world.transactions()).length, journaled);
}
