/**
 * What a gateway does with a message that it passes on, RFC 9110 section 7 and what follows from it. Names begin with
 * the bullet of the standards page that they hold; what fidelity tests hold already is not repeated.
 */
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { type Answering, echo, fieldOf, type HeardRequest, saying } from '../../support/echo-esc.ts';
import { type EchoWorld, startEchoWorld } from '../../support/echo-world.ts';
import { assertProblem } from '../../support/problem.ts';
import { type RawAnswer, requestText } from '../../support/raw-client.ts';

let world: EchoWorld;
before(async () => {
  world = await startEchoWorld();
});
beforeEach(() => {
  world.esc.answering = echo;
});
after(() => world[Symbol.asyncDispose]());

let count = 0;
const newPath = (): string => {
  count += 1;
  return `/ESCManager/f/${count}`;
};

/** One request on a connection of its own: the answer, and what ESC heard of it. */
async function ask(
  method: string,
  fields: readonly string[] = [],
  { path = newPath(), to = world } = {},
): Promise<{ answer: RawAnswer; heard: HeardRequest[] }> {
  const client = await to.connect();
  client.write(requestText([`${method} ${path} HTTP/1.1`, 'Host: gateway', ...fields]));
  const answer = await client.answer(method === 'HEAD');
  return { answer, heard: to.esc.requests.filter(({ target }) => target === path) };
}

test('H-02 what belongs to a conversation with a proxy ends here, both ways, listed in Connection or not', async () => {
  world.esc.answering = saying(
    'HTTP/1.1 401 X\r\nProxy-Authenticate: Basic\r\nWWW-Authenticate: Basic\r\nProxy-Connection: x\r\nContent-Length: 0\r\n\r\n',
  );
  for (const method of ['GET', 'POST']) {
    const { answer, heard } = await ask(method, ['Proxy-Authorization: Basic YTpi', 'Proxy-Connection: keep-alive']);
    assert.doesNotMatch(heard[0]?.head ?? '', /^proxy-/im);
    assert.equal(fieldOf(answer.headers, 'www-authenticate'), 'Basic');
    assert.ok(!answer.headers.some((text) => /^proxy-/i.test(text)));
  }
});

/** ESC's place taken by something that sends every request on to a gateway. */
const relayingTo =
  (port: number): Answering =>
  ({ head, body }, socket) => {
    const onward = net.connect(port, '127.0.0.1');
    onward.on('error', () => socket.destroy());
    onward.on('data', (bytes) => socket.write(bytes));
    onward.write(Buffer.concat([Buffer.from(`${head}\r\n\r\n`, 'latin1'), body]));
    socket.once('close', () => onward.destroy());
  };

for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS']) {
  test(`H-05 a ${method} that comes back to the gateway that sent it is refused there, once round`, async () => {
    world.esc.answering = relayingTo(world.gateway.northbound.port);
    const { answer, heard } = await ask(method);
    const { detail } = assertProblem(answer, { status: 502, code: 'upstream-unreachable' });
    assert.match(detail, /leads back here/);
    assert.equal(heard.length, 1);
  });
}

test('H-05 H-10 two gateways in a row are no circle: both stand in Via, in their order', async () => {
  await using inner = await startEchoWorld();
  const settings = { NORTHGATE_ESC_REST_PORT: String(inner.gateway.northbound.port) };
  await using outer = await startEchoWorld({ settings });
  for (const method of ['GET', 'POST']) {
    const path = newPath();
    const { answer } = await ask(method, ['Via: 1.0 first, 1.1 second (a, b)'], { path, to: outer });
    assert.equal(answer.status, 200);
    const heard = inner.esc.requests.find(({ target }) => target === path);
    const via = heard?.headers.flatMap((text, index, all) => (text === 'Via' ? [all[index + 1] ?? ''] : [])) ?? [];
    assert.equal(via[0], '1.0 first, 1.1 second (a, b)');
    assert.match(via[1] ?? '', /^1\.1 northgate-[0-9a-f]{8}$/);
    assert.match(via[2] ?? '', /^1\.1 northgate-[0-9a-f]{8}$/);
    assert.notEqual(via[1], via[2]);
  }
});

test('H-12 OPTIONS with Max-Forwards: 0 is answered by the gateway itself, with what it takes', async () => {
  const { answer, heard } = await ask('OPTIONS', ['Max-Forwards: 0']);
  assert.equal(answer.status, 204);
  assert.equal(fieldOf(answer.headers, 'allow'), 'GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE');
  assert.deepEqual(heard, []);
});

test('H-12 OPTIONS goes on with one less, in place and spelling; other methods keep theirs, and none is invented', async () => {
  const fields = ['X-Before: 1', 'max-FORWARDS: 3', 'X-After: 1'];
  const { heard } = await ask('OPTIONS', fields);
  assert.match(heard[0]?.head ?? '', /X-Before: 1\r\nmax-FORWARDS: 2\r\nX-After: 1/);
  for (const method of ['GET', 'POST']) {
    const other = await ask(method, ['Max-Forwards: 0']);
    assert.equal(fieldOf(other.heard[0]?.headers ?? [], 'max-forwards'), '0');
  }
  const none = await ask('OPTIONS');
  assert.equal(fieldOf(none.heard[0]?.headers ?? [], 'max-forwards'), '');
});

for (const value of ['-1', '1, 2', 'x', '', '1.5']) {
  test(`H-12 OPTIONS with the Max-Forwards "${value}" is refused`, async () => {
    const { answer, heard } = await ask('OPTIONS', [`Max-Forwards: ${value}`]);
    assertProblem(answer, { status: 400, code: 'invalid-request' });
    assert.deepEqual(heard, []);
  });
}

test('H-13 TRACE is not taken, whatever it holds, and nothing of it comes back', async () => {
  const { answer, heard } = await ask('TRACE', ['Authorization: Basic c2VjcmV0', 'Max-Forwards: 0']);
  assertProblem(answer, { status: 405, code: 'method-not-allowed' });
  assert.doesNotMatch(answer.body.toString(), /c2VjcmV0/);
  assert.deepEqual(heard, []);
});

test('H-14 OPTIONS * asks the gateway, in absolute form too; OPTIONS of a path is answered by ESC', async () => {
  for (const path of ['*', 'http://gateway']) {
    const { answer } = await ask('OPTIONS', [], { path });
    assert.equal(answer.status, 204);
    assert.match(fieldOf(answer.headers, 'allow'), /GET, HEAD, OPTIONS/);
  }
  world.esc.answering = saying('HTTP/1.1 200 OK\r\nAllow: GET, X\r\nContent-Length: 0\r\n\r\n');
  const { answer, heard } = await ask('OPTIONS');
  assert.equal(fieldOf(answer.headers, 'allow'), 'GET, X');
  assert.equal(heard.length, 1);
});

const conditions = [
  'If-Match: "a"',
  'If-None-Match: W/"b", *',
  'If-Modified-Since: Mon, 01 Jan 2024 00:00:00 GMT',
  'If-Unmodified-Since: Mon, 01 Jan 2024 00:00:00 GMT',
  'If-Range: "c"',
  'Range: bytes=0-1',
];

test('H-20 conditions are ESC’s to evaluate: they reach it, and its 304 and 412 reach the client, ETag and all', async () => {
  // The length in a 304 is that of the body it leaves out (RFC 9110 section 8.6).
  const notModified = 'HTTP/1.1 304 Not Modified\r\nETag: W/"b"\r\nContent-Length: 5\r\n\r\n';
  const failed = 'HTTP/1.1 412 Precondition Failed\r\nETag: "a"\r\nContent-Length: 0\r\n\r\n';
  for (const [method, said, status] of [
    ['GET', notModified, 304],
    ['HEAD', notModified, 304],
    ['PUT', failed, 412],
  ] as const) {
    world.esc.answering = saying(said);
    const { answer, heard } = await ask(method, conditions);
    for (const line of conditions) assert.ok(heard[0]?.head.includes(`\r\n${line}`), line);
    assert.equal(answer.status, status);
    assert.equal(fieldOf(answer.headers, 'etag'), status === 304 ? 'W/"b"' : '"a"');
    assert.equal(heard.length, 1);
  }
});

test('H-21 a body is never rewritten, though it names ESC and may be transformed', async () => {
  const body = `{"href":"http://127.0.0.1:${world.esc.port}/ESCManager/v0"}`;
  world.esc.answering = saying(`HTTP/1.1 200 OK\r\nETag: "x"\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  for (const method of ['GET', 'POST']) {
    const { answer } = await ask(method);
    assert.equal(answer.body.toString(), body);
    assert.equal(fieldOf(answer.headers, 'etag'), '"x"');
  }
});

test('H-24 a 303 is the client’s to follow, its Location on the gateway', async () => {
  const location = `http://127.0.0.1:${world.esc.port}/ESCManager/v0/other`;
  world.esc.answering = saying(`HTTP/1.1 303 See Other\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`);
  for (const method of ['GET', 'POST']) {
    const before = world.esc.requests.length;
    const { answer } = await ask(method);
    assert.equal(answer.status, 303);
    assert.equal(fieldOf(answer.headers, 'location'), 'http://gateway/ESCManager/v0/other');
    assert.equal(world.esc.requests.length, before + 1);
  }
});

test('C-01 what ESC said before is never said again in its place, however long it may be kept', async () => {
  const path = newPath();
  for (const said of ['one', 'two']) {
    world.esc.answering = saying(
      `HTTP/1.1 200 OK\r\nCache-Control: public, max-age=9999\r\nETag: "x"\r\nContent-Length: 3\r\n\r\n${said}`,
    );
    const { answer } = await ask('GET', ['If-None-Match: "x"'], { path });
    assert.equal(answer.body.toString(), said);
  }
});

test('C-03 what caches beyond the gateway go by passes as it is', async () => {
  const fields = ['Cache-Control: no-transform, max-age=5', 'Age: 7', 'Vary: Accept, X-Y', 'Warning: 110 - "stale"'];
  for (const method of ['GET', 'POST']) {
    world.esc.answering = saying(`HTTP/1.1 200 OK\r\n${fields.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`);
    const { answer, heard } = await ask(method, ['Cache-Control: max-stale=3', 'Pragma: no-cache']);
    assert.match(heard[0]?.head ?? '', /Cache-Control: max-stale=3\r\nPragma: no-cache/);
    for (const line of fields) {
      const [name = '', value = ''] = line.split(': ');
      assert.equal(fieldOf(answer.headers, name), value);
    }
  }
});

const links = [
  ['token and quoted parameters', '</a>; rel=next; title="a, <b>; c"', '</a>; rel=next; title="a, <b>; c"'],
  [
    'several types, several rels',
    '<VIP/ESCManager/a>; rel="next last"; rel=x',
    '<http://gateway/ESCManager/a>; rel="next last"; rel=x',
  ],
  [
    'an extension type in quotes',
    '<VIP/ESCManager/a>; rel="http://x/y"',
    '<http://gateway/ESCManager/a>; rel="http://x/y"',
  ],
] as const;

for (const [what, from, to] of links) {
  test(`L-01 L-02 a Link with ${what} keeps all but ESC’s authority in its targets`, async () => {
    const value = from.replaceAll('VIP', `http://127.0.0.1:${world.esc.port}`);
    world.esc.answering = saying(`HTTP/1.1 200 OK\r\nLink: ${value}\r\nContent-Length: 0\r\n\r\n`);
    for (const method of ['GET', 'POST']) assert.equal(fieldOf((await ask(method)).answer.headers, 'link'), to);
  });
}

const traces = [
  [
    'as it should be',
    ['traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', 'tracestate: a=1,b=2', 'tracestate: c=3'],
  ],
  [
    'of a later version',
    ['Traceparent: cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more', 'TraceState: a=1'],
  ],
  ['that nobody can read', ['traceparent: 00-XYZ', 'tracestate: ,,']],
  ['without a parent', ['tracestate: a=1']],
] as const;

for (const [what, fields] of traces) {
  test(`T-04 a trace context ${what} goes through as it came, state and parent alike, and nothing is put in`, async () => {
    for (const method of ['GET', 'POST']) {
      const { heard } = await ask(method, fields);
      const sent = (heard[0]?.head ?? '').split('\r\n').filter((line) => /^trace/i.test(line));
      assert.deepEqual(sent, fields);
    }
  });
}

test('T-08 nothing of who calls is told beyond what the client itself said', async () => {
  const { heard } = await ask('POST', ['Authorization: Basic YTpi']);
  const names = heard[0]?.headers.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
  assert.deepEqual(names?.sort(), ['authorization', 'connection', 'content-length', 'host', 'via']);
});
