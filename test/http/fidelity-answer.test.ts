/**
 * What a client gets of ESC's answer: status, fields and body byte for byte but for R25, and never a broken answer as a
 * whole one. Standards page, H-01, H-06, H-22, H-30, M-05, M-06, M-09, M-10, M-12, M-15.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { type Answering, echo, fieldOf, saying } from '../support/echo-esc.ts';
import { type EchoWorld, startEchoWorld } from '../support/echo-world.ts';
import { assertProblem } from '../support/problem.ts';
import { type RawAnswer, requestText } from '../support/raw-client.ts';
import { until } from '../support/until.ts';

let world: EchoWorld;
before(async () => {
  world = await startEchoWorld();
});
beforeEach(() => {
  world.esc.answering = echo;
});
after(() => world[Symbol.asyncDispose]());

let count = 0;

async function ask(method: string, answering: Answering, host = 'gateway:81'): Promise<RawAnswer> {
  using client = await world.connect();
  world.esc.answering = answering;
  count += 1;
  client.write(requestText([`${method} /ESCManager/v0/a${count} HTTP/1.1`, `Host: ${host}`]));
  return await client.answer(method === 'HEAD');
}

/** Fields without those that the gateway adds. */
function escFields(answer: RawAnswer): string[] {
  const ours = ['northgate-transaction', 'northgate-attempts', 'connection', 'keep-alive', 'transfer-encoding'];
  return answer.headers.flatMap((text, index) =>
    index % 2 === 1 || ours.includes(text.toLowerCase()) ? [] : [`${text}: ${answer.headers[index + 1]}`],
  );
}

const fields = [
  'Date: Mon, 01 Jan 2024 00:00:00 GMT',
  'ESC_TRANSACTION_ID: 17',
  'Esc-Status-Code: 200',
  'set-cookie: a=1; Path=/',
  'X-Twice: one',
  'Set-Cookie: b=2',
  'x-twice: two',
  'X-Empty: ',
  'ETag: W/"\xe4"',
  'Warning: 199 - "x"',
  'Content-Type: application/vnd.x+xml;charset="utf-8"',
];
const ended = [
  'Connection: X-Listed, close',
  'X-Listed: 1',
  'Keep-Alive: timeout=1',
  'Proxy-Authenticate: Basic',
  'Upgrade: h2c',
  'Trailer: X-T',
];

for (const method of ['GET', 'POST', 'HEAD', 'DELETE']) {
  test(`H-01 H-06 the answer to a ${method} keeps spelling, order and repetition; what belongs to ESC's connection ends here`, async () => {
    const body = method === 'HEAD' ? '' : '\x00\xff<x/>';
    const head = ['HTTP/1.1 299 Odd Indeed', ...ended, ...fields, 'Content-Length: 6'];
    const answer = await ask(method, saying(requestText(head, body)));
    assert.equal(answer.status, 299);
    const added = ['GET', 'HEAD'].includes(method) ? [] : ['Vary: Prefer'];
    assert.deepEqual(escFields(answer), [...fields, 'Content-Length: 6', ...added]);
    assert.equal(answer.body.toString('latin1'), body);
    assert.equal(fieldOf(answer.headers, 'connection'), 'keep-alive');
  });
}

for (const status of [200, 201, 202, 204, 205, 206, 301, 303, 304, 400, 401, 404, 409, 412, 418, 500, 501, 599]) {
  for (const method of ['GET', 'PUT']) {
    test(`H-04 H-30 ESC's ${status} to a ${method} is the client's`, async () => {
      const isEmpty = [204, 205, 304].includes(status);
      const answer = await ask(
        method,
        saying(
          `HTTP/1.1 ${status} X\r\nContent-Type: text/x\r\n${isEmpty ? (status === 205 ? 'Content-Length: 0\r\n' : '') : 'Content-Length: 3\r\n'}\r\n${isEmpty ? '' : 'abc'}`,
        ),
      );
      assert.equal(answer.status, status);
      assert.equal(answer.body.toString(), isEmpty ? '' : 'abc');
      assert.ok(Date.parse(fieldOf(answer.headers, 'date')) > 0, 'a Date is added');
    });
  }
}

for (const method of ['GET', 'POST']) {
  test(`M-11 a chunked answer to a ${method} arrives whole, one that ends with its connection too`, async () => {
    const chunked = await ask(
      method,
      saying('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-T: z\r\n\r\n'),
    );
    assert.equal(chunked.body.toString(), 'abcde');
    const closed = await ask(method, (_, socket) => socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc'));
    assert.equal(closed.body.toString(), 'abc');
  });

  test(`hints before the answer to a ${method} are no answer`, async () => {
    const answer = await ask(
      method,
      saying('HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\nx'),
    );
    assert.equal(answer.status, 201);
  });
}

test('M-15 what ESC says after a whole answer is nobody’s answer', async () => {
  const one = 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none';
  assert.equal(
    (await ask('GET', saying(`${one}HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nextra`))).body.toString(),
    'one',
  );
  const next = await ask('GET', saying('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo'));
  assert.equal(next.body.toString(), 'two');
});

const invalidAnswers: readonly [string, string][] = [
  ['H-32 junk', 'SSH-2.0-OpenSSH\r\n\r\n'],
  ['M-09 two lengths that differ', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd'],
  ['M-09 a length that is none', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nabc'],
  [
    'M-07 a length and chunks',
    'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
  ],
  ['H-32 a status that is none', 'HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n'],
  ['H-07 a NUL in a field', 'HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n'],
  ['H-32 a head without end', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}`],
];

for (const [what, bytes] of invalidAnswers) {
  test(`${what} in place of an answer: a GET is told that ESC's answer is invalid, after a few tries`, async () => {
    const tries = world.esc.requests.length;
    const answer = await ask('GET', saying(bytes));
    assertProblem(answer, { status: 502, code: 'upstream-invalid', sent: 'yes' });
    assert.ok(world.esc.requests.length - tries <= 3, `${world.esc.requests.length - tries} tries`);
  });
}

test('M-12 H-23 a POST is never told that it succeeded or failed by an answer that is invalid or cut short', async () => {
  await using impatient = await startEchoWorld({
    settings: { NORTHGATE_ESC_TIMEOUTS_RESPONSE: '1s', NORTHGATE_HOLD_TIMEOUT: '3s' },
  });
  const bad = [...invalidAnswers, ['cut', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'] as const];
  impatient.esc.answering = (request, socket) => {
    const [what, bytes] = bad[Number(request.target.split('/').at(-1))] ?? ['', ''];
    socket.write(bytes);
    if (what === 'cut') socket.end();
  };
  const asked = bad.map(async ([what], index) => {
    using client = await impatient.connect();
    client.write(requestText([`POST /ESCManager/v0/bad/${index} HTTP/1.1`, 'Host: a']));
    const answer = await client.answer();
    assert.equal(answer.status, 202, `${what}: ${answer.status}`);
    assert.match(fieldOf(answer.headers, 'location'), /^\/northgate\/v1\/transactions\//);
  });
  await Promise.all(asked);
});

test('M-12 an answer that is cut short ends the connection of a GET, so that the client sees it', async () => {
  const head = [
    'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n',
  ];
  for (const start of head) {
    world.esc.answering = (_, socket) => socket.end(`${start}abc`);
    const client = await world.connect();
    client.write(requestText(['GET /ESCManager/v0/cut HTTP/1.1', 'Host: a']));
    await client.ended();
    const text = client.bytes.toString();
    assert.match(text, /^HTTP\/1.1 200 OK/);
    assert.doesNotMatch(text, /\r\n0\r\n\r\n$/);
  }
});

test('a POST that ESC answers before it has read the body is answered so', async () => {
  await using early = await startEchoWorld({
    settings: { NORTHGATE_LIMITS_BODY_BYTES: '32MiB' },
    accept: (connection) => {
      connection.socket.once('readable', () => {
        connection.socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig');
      });
      return false;
    },
  });
  const client = await early.connect();
  const body = Buffer.alloc(16 * 1024 * 1024, 'x');
  client.write(requestText(['POST /ESCManager/v0/early HTTP/1.1', 'Host: a', `Content-Length: ${body.byteLength}`]));
  client.write(body);
  const answer = await client.answer();
  assert.equal(answer.status, 413);
  assert.equal(answer.body.toString(), 'big');
});

/** `VIP` stands for the address and port that ESC answers from. */
const rewritings: readonly [field: string, from: string, to: string][] = [
  ['Location', 'http://VIP/ESCManager/v0/x?y#z', 'http://gateway:81/ESCManager/v0/x?y#z'],
  ['location', 'HTTPS://127.0.0.1:8443/ESCManager', 'http://gateway:81/ESCManager'],
  ['Location', '//127.0.0.1/ESCManager/v0', 'http://gateway:81/ESCManager/v0'],
  ['Content-Location', 'http://VIP/ESCManager/v0', 'http://gateway:81/ESCManager/v0'],
  [
    'Link',
    '<http://VIP/ESCManager/a>; rel="next", </ESCManager/b>, <http://127.0.0.1/ESCManager/c>',
    '<http://gateway:81/ESCManager/a>; rel="next", </ESCManager/b>, <http://gateway:81/ESCManager/c>',
  ],
];
const untouched: readonly [field: string, value: string][] = [
  ['Location', '/ESCManager/v0/x'],
  ['Location', 'x/y'],
  ['Location', 'http://other/ESCManager'],
  ['Location', 'http://other/?next=http://VIP/ESCManager/x'],
  ['Location', 'http://127.0.0.1.example/ESCManager'],
  ['Location', 'http://127.0.0.1@other/ESCManager'],
  ['Location', 'http://127.0.0.1:8443@other/ESCManager'],
  ['Location', 'http://127.0.0.1:9001/portal'],
  ['Link', '<http://other/>; title="http://VIP/ESCManager/"'],
  ['X-Location', 'http://VIP/ESCManager'],
];

for (const [field, from, to] of [...rewritings, ...untouched.map(([field, value]) => [field, value, value] as const)]) {
  test(`H-22 ${field}: ${from} ${from === to ? 'stays' : 'names the gateway'}`, async () => {
    const named = (text: string): string => text.replaceAll('VIP', `127.0.0.1:${world.esc.port}`);
    for (const method of ['GET', 'POST']) {
      const head = `HTTP/1.1 201 Created\r\n${field}: ${named(from)}\r\nContent-Length: 0\r\n\r\n`;
      assert.equal(fieldOf((await ask(method, saying(head))).headers, field), named(to));
    }
  });
}

test('a client whose Host is not known gets a path', async () => {
  const answer = await ask(
    'GET',
    saying(`HTTP/1.1 201 Created\r\nLocation: http://127.0.0.1/ESCManager/x\r\nContent-Length: 0\r\n\r\n`),
    '',
  );
  assert.equal(fieldOf(answer.headers, 'location'), '/ESCManager/x');
});

test('H-32 silence: a GET is told so', async () => {
  await using impatient = await startEchoWorld({
    settings: { NORTHGATE_ESC_TIMEOUTS_RESPONSE: '400ms' },
    answering: () => undefined,
  });
  const client = await impatient.connect();
  client.write(requestText(['GET /ESCManager/v0/silent HTTP/1.1', 'Host: a']));
  assertProblem(await client.answer(), { status: 504, code: 'upstream-timeout', sent: 'maybe' });
  await until(() => impatient.esc.connections.some(({ end }) => end === 'reset'), 'it is given up by reset');
});
