/**
 * What ESC gets of a client's request: target, body and end-to-end fields byte for byte, and nothing that belongs to the
 * client's own connection. Standards page, H-01 to H-16, M-02, M-17.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { fieldOf, type HeardRequest } from '../support/echo-esc.ts';
import { type EchoWorld, startEchoWorld } from '../support/echo-world.ts';
import { type RawAnswer, requestText } from '../support/raw-client.ts';

let world: EchoWorld;
before(async () => {
  world = await startEchoWorld();
});
after(() => world[Symbol.asyncDispose]());

/** Sends it on a connection of its own; gives what ESC heard and what the client got. */
async function pass(lines: readonly string[], body: Buffer = Buffer.alloc(0)): Promise<[HeardRequest, RawAnswer]> {
  using client = await world.connect();
  client.write(Buffer.concat([Buffer.from(requestText(lines), 'latin1'), body]));
  const answer = await client.answer(lines[0]?.startsWith('HEAD'));
  assert.equal(answer.status, 200, answer.body.toString());
  const heard = world.esc.requests.filter(({ headers }) => fieldOf(headers, 'x-run') === `run-${run}`);
  assert.equal(heard.length, 1);
  return [heard[0] as HeardRequest, answer];
}

let run = 0;
/** A mark by which a request is found again at ESC. */
function mark(): string {
  run += 1;
  return `X-Run: run-${run}`;
}

const mutating = ['POST', 'PUT', 'PATCH', 'DELETE'];
const contentTypes = [
  'application/xml',
  'application/json',
  'text/plain; charset=utf-16',
  'multipart/form-data; boundary=x',
  'nonsense',
];

test('M-11 M-18 any body reaches ESC byte for byte, whatever type it claims, and comes back so', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...mutating),
      fc.constantFrom(...contentTypes),
      fc.uint8Array({ minLength: 0, maxLength: 5_000 }),
      fc.boolean(),
      async (method, contentType, bytes, isChunked) => {
        const body = Buffer.from(bytes);
        const framing = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.byteLength}`;
        const lines = [
          `${method} /ESCManager/v0/x/${run} HTTP/1.1`,
          'Host: a',
          mark(),
          `Content-Type: ${contentType}`,
          framing,
        ];
        const chunk = (part: Buffer) => [Buffer.from(`${part.byteLength.toString(16)}\r\n`), part, Buffer.from('\r\n')];
        const chunked = Buffer.concat([
          ...(body.byteLength === 0 ? [] : chunk(body)),
          Buffer.from('0\r\nX-Trailer: y\r\n\r\n'),
        ]);
        const [heard, answer] = await pass(lines, isChunked ? chunked : body);
        assert.deepEqual(heard.body, body);
        assert.equal(fieldOf(heard.headers, 'content-type'), contentType);
        assert.equal(fieldOf(heard.headers, 'transfer-encoding'), '');
        assert.equal(fieldOf(heard.headers, 'x-trailer'), '');
        assert.deepEqual(answer.body, body);
      },
    ),
    { numRuns: 60 },
  );
});

for (const body of ['{"n":10000000000000000001,"x":1.0,"y":1e400}', '', ' {"a" : 1 , "a":2}\n', 'not JSON']) {
  for (const method of mutating) {
    test(`${method} with the JSON body ${JSON.stringify(body)} is not read, only carried`, async () => {
      const [heard] = await pass(
        [
          `${method} /ESCManager/v0/j/${method} HTTP/1.1`,
          'Host: a',
          mark(),
          'Content-Type: application/json',
          `Content-Length: ${body.length}`,
        ],
        Buffer.from(body),
      );
      assert.equal(heard.body.toString(), body);
      const length = fieldOf(heard.headers, 'content-length');
      assert.ok(length === String(body.length) || (body === '' && method === 'DELETE' && length === ''), length);
    });
  }
}

test('a GET with a body and a GET with an empty JSON body are carried', async () => {
  for (const body of ['abc', '']) {
    const [heard] = await pass(
      [
        'GET /ESCManager/v0/g HTTP/1.1',
        'Host: a',
        mark(),
        'Content-Type: application/json',
        `Content-Length: ${body.length}`,
      ],
      Buffer.from(body),
    );
    assert.equal(heard.body.toString(), body);
  }
});

const targets = [
  '/ESCManager',
  '/ESCManager/',
  '/ESCManager//v0//tenants',
  '/ESCManager/v0/tenants/a;v=1;w',
  '/ESCManager/v0/tenants/a%2Fb%2f',
  '/ESCManager/v0/tenants/%C3%A4%zz%',
  '/ESCManager/v0/tenants/a?',
  '/ESCManager/v0/tenants/a??x=?&&y==',
  '/ESCManager/v0/tenants/a?next=http://other/',
  '/ESCManager/v0/./tenants/../tenants/a',
  "/ESCManager/v0/a!$&'()*+,=:@-._~",
  '/ESCManager/v0/a"<>\\^`{|}',
  `/ESCManager/v0/${'x'.repeat(8_100)}`,
];

for (const target of targets) {
  for (const method of ['GET', 'POST']) {
    test(`H-16 the target of ${method} ${target.slice(0, 60)} reaches ESC as it came`, async () => {
      const [heard] = await pass([`${method} ${target} HTTP/1.1`, 'Host: a', mark()]);
      assert.equal(heard.target, target);
    });
  }
}

for (const method of ['GET', 'DELETE']) {
  test(`M-02 the absolute form of a ${method}'s target loses its authority on the way, whatever Host says`, async () => {
    const [heard] = await pass([`${method} http://gateway:80/ESCManager/v0/a?b HTTP/1.1`, 'Host: other', mark()]);
    assert.equal(heard.target, '/ESCManager/v0/a?b');
    assert.equal(fieldOf(heard.headers, 'host'), `127.0.0.1:${world.esc.port}`);
  });
}

test('H-01 H-02 H-06 end-to-end fields keep spelling, order and repetition; what belongs to one connection ends here', async () => {
  const kept = [
    'x-LOWER-upper: 1',
    'ACCEPT: application/xml',
    'Cookie: a=1',
    'X-Twice: one',
    'Cookie: b=2',
    'X-Twice: two',
    'X-Empty:',
    'X-High: \xe4\xff',
    'X-Tab: a\tb',
    'Via: 1.0 before',
    'If-Match: W/"x"',
    'Callback: http://client/x',
    'Cache-Control: no-transform',
    'Authorization: Basic YTpi',
  ];
  const ended = [
    'Connection: keep-alive, X-Listed , x-Also',
    'X-Listed: 1',
    'X-ALSO: 2',
    'connection: X-Third',
    'X-Third: 3',
    'Keep-Alive: timeout=5',
    'Proxy-Connection: keep-alive',
    'Proxy-Authorization: Basic YTpi',
    'TE: trailers',
    'Trailer: X-T',
    'Upgrade: h2c',
  ];
  for (const method of ['GET', 'POST']) {
    const own = mark();
    const [heard] = await pass([`${method} /ESCManager/v0/h HTTP/1.1`, 'Host: a', ...ended, ...kept, own]);
    const lines = heard.head.split('\r\n').slice(1);
    const ours = /^(host|connection|content-length):/i;
    const sent = lines.filter((line) => !ours.test(line)).map((line) => line.trim());
    assert.match(sent.pop() ?? '', /^Via: 1\.1 northgate-[0-9a-f]{8}$/);
    assert.deepEqual(sent, [...kept, own]);
    assert.equal(fieldOf(heard.headers, 'host'), `127.0.0.1:${world.esc.port}`);
    assert.equal(fieldOf(heard.headers, 'connection'), 'keep-alive');
  }
});

test('H-03 a field that Connection lists is treated as absent, credentials and content type too', async () => {
  const [heard] = await pass([
    'POST /ESCManager/v0/c HTTP/1.1',
    'Host: a',
    mark(),
    'Connection: Authorization, Callback',
    'Authorization: Basic YTpi',
    'Callback: http://client/x',
  ]);
  assert.equal(fieldOf(heard.headers, 'authorization'), '');
  assert.equal(fieldOf(heard.headers, 'callback'), '');
  const [newest] = await world.transactions();
  assert.equal(newest?.client, 'anonymous');
});

test('more fields than Node keeps by itself all arrive', async () => {
  const many = Array.from({ length: 3_000 }, (_, index) => `X-${index}: y`);
  const [heard] = await pass(['POST /ESCManager/v0/many HTTP/1.1', 'Host: a', ...many, mark()]);
  assert.equal(heard.headers.filter((text) => text === 'y').length, many.length);
});

test('M-17 H-10 a request in HTTP/1.0 is sent on as HTTP/1.1, its Via says what came, and its connection ends', async () => {
  const [heard, answer] = await pass(['GET /ESCManager/v0/old HTTP/1.0', mark()]);
  assert.match(heard.head, /HTTP\/1\.1\r\n/);
  assert.match(fieldOf(heard.headers, 'via'), /^1\.0 northgate-[0-9a-f]{8}$/);
  assert.equal(fieldOf(answer.headers, 'connection'), 'close');
});
