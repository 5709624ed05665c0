/**
 * One attempt on real sockets: what became of it (R11), and that giving up is a reset, never a close (R7), with and
 * without TLS. What the kernel had taken of a closed connection would still be delivered.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { SendOptions, UpstreamRequest } from '../../src/upstream/upstream.ts';
import { Upstream } from '../../src/upstream/upstream.ts';
import { makeCertificate } from '../config/certificate.ts';
import { type Answering, type Connection, type EchoOptions, startEcho } from '../support/echo-esc.ts';
import { until } from '../support/until.ts';

const certificate = makeCertificate('127.0.0.1');
const post: UpstreamRequest = { method: 'POST', path: '/ESCManager/x', headers: ['X', 'y'], body: Buffer.from('body') };
const large: UpstreamRequest = { ...post, body: Buffer.alloc(32 * 1024 * 1024, 'x') };

function makeUpstream(port: number, isSecure = false, badSigns: string[] = []): Upstream {
  return new Upstream({
    host: '127.0.0.1',
    port,
    trust: isSecure ? { verify: false } : null,
    connectTimeoutMs: 3_000,
    connectionsMax: 2,
    answerBytesMax: 1000,
    admit: async () => null,
    onBadSign: (evidence) => badSigns.push(evidence),
  });
}

/** Sends one request and gives its outcome; the upstream is closed after it. */
async function outcomeOf(port: number, options: Partial<SendOptions> = {}, isSecure = false) {
  const badSigns: string[] = [];
  const upstream = makeUpstream(port, isSecure, badSigns);
  const outcome = await upstream.send(post, { deadlineMs: 5_000, ...options });
  await upstream.close();
  return { outcome, badSigns };
}

const cut: Answering = (_, socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc');
const unknowns: readonly [what: string, options: EchoOptions][] = [
  ['a reset after it was read', { answering: (_, socket) => socket.resetAndDestroy() }],
  ['a close after it was read', { answering: (_, socket) => socket.end() }],
  ['silence', { answering: () => undefined }],
  ['an answer that is cut short', { answering: cut }],
  ['a head that is cut short', { answering: (_, socket) => socket.end('HTTP/1.1 200 O') }],
  ['junk', { answering: (_, socket) => socket.write('junk\r\n\r\n') }],
  [
    'an answer that is too long',
    { answering: (_, socket) => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n${'x'.repeat(2000)}`) },
  ],
  [
    'an answer without length whose connection is reset',
    {
      answering: (_, socket) => {
        socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc', () => socket.resetAndDestroy());
      },
    },
  ],
];

for (const isSecure of [false, true]) {
  const over = isSecure ? 'over TLS' : 'without TLS';
  const tls = isSecure ? { tls: certificate } : {};

  for (const [what, options] of unknowns) {
    // A TLS socket has no reset of its own on the server's side.
    if (isSecure && what.includes('reset')) continue;
    test(`${what}, ${over}: the outcome is unknown, and a bad sign`, async () => {
      await using esc = await startEcho({ ...options, ...tls });
      const { outcome, badSigns } = await outcomeOf(esc.port, {}, isSecure);
      assert.equal(outcome.kind, 'unknown');
      assert.equal(badSigns.length, 1);
      assert.equal(esc.requests.length, 1, 'sent once');
    });
  }

  test(`an attempt that is silent past its deadline, ${over}, ends by reset`, async () => {
    await using esc = await startEcho({ ...tls, answering: () => undefined });
    const upstream = makeUpstream(esc.port, isSecure);
    await upstream.send(post, { deadlineMs: 2_000 });
    await assertReset(esc.connections);
    await upstream.close();
  });

  test(`an attempt whose client left, ${over}, ends by reset and is no bad sign`, async () => {
    await using esc = await startEcho({ ...tls, answering: () => undefined });
    const badSigns: string[] = [];
    const upstream = makeUpstream(esc.port, isSecure, badSigns);
    const left = new AbortController();
    const sent = upstream.send({ ...post, method: 'GET', body: null }, { deadlineMs: 20_000, signal: left.signal });
    await until(() => esc.requests.length === 1, 'ESC has it');
    left.abort();
    assert.equal((await sent).kind, 'unknown');
    await assertReset(esc.connections);
    assert.deepEqual(badSigns, []);
    await upstream.close();
  });

  for (const ending of ['reset', 'close'] as const) {
    const end = async (upstream: Upstream): Promise<void> => {
      if (ending === 'reset') upstream.reset('the epoch ended');
      else await upstream.close();
    };

    test(`${ending} of all sockets, ${over}, resets one that rests`, async () => {
      await using esc = await startEcho(tls);
      const upstream = makeUpstream(esc.port, isSecure);
      assert.equal((await upstream.send(post, { deadlineMs: 30_000 })).kind, 'answered');
      await end(upstream);
      await assertReset(esc.connections);
      await upstream.close();
      assert.equal(upstream.connections, 0);
    });

    test(`${ending} of all sockets, ${over}, resets one with a request under way; what waits for one was never sent`, async () => {
      await using esc = await startEcho({ ...tls, answering: () => undefined });
      const upstream = makeUpstream(esc.port, isSecure);
      const sent = [1, 2, 3].map(() => upstream.send(post, { deadlineMs: 20_000 }));
      await until(() => esc.requests.length === 2, 'ESC has as many as there are connections');
      await end(upstream);
      const kinds = (await Promise.all(sent)).map(({ kind }) => kind);
      assert.deepEqual(kinds, ['unknown', 'unknown', 'never-sent']);
      await assertReset(esc.connections);
      await upstream.close();
    });

    test(`${ending} of all sockets, ${over}, drops what ESC has not read yet`, async () => {
      await using esc = await startEcho({ ...tls, accept: () => false });
      const upstream = makeUpstream(esc.port, isSecure);
      const sent = upstream.send(large, { deadlineMs: 20_000 });
      await until(() => esc.connections.length === 1, 'ESC has the connection');
      const [connection] = esc.connections;
      await until(() => (connection?.socket.readableLength ?? 0) > 0 || isSecure, 'bytes have come');
      await end(upstream);
      assert.equal((await sent).kind, 'unknown');
      connection?.socket.resume();
      await assertReset(esc.connections);
      await upstream.close();
    });
  }
}

test('a refused connection: never sent', async () => {
  const { outcome } = await outcomeOf(await freePort());
  assert.equal(outcome.kind, 'never-sent');
});

test('a connection that is reset before TLS is made: never sent', async () => {
  await using server = await listen((socket) => socket.once('data', () => socket.resetAndDestroy()));
  const { outcome } = await outcomeOf(server.port, {}, true);
  assert.equal(outcome.kind, 'never-sent');
});

test('a connection on which TLS is never made: never sent, and ended by reset', async () => {
  let end = '';
  await using server = await listen((socket) => {
    socket.on('error', (error: NodeJS.ErrnoException) => {
      end = error.code ?? '';
    });
    socket.resume();
  });
  const { outcome } = await outcomeOf(server.port, { deadlineMs: 60_000 }, true);
  assert.equal(outcome.kind, 'never-sent');
  assert.match(outcome.kind === 'never-sent' ? outcome.evidence : '', /no connection .* within 3000 ms/);
  await until(() => end === 'ECONNRESET', 'it is reset');
});

test('a certificate that is not trusted: never sent', async () => {
  await using esc = await startEcho({ tls: makeCertificate('other') });
  const upstream = new Upstream({
    host: '127.0.0.1',
    port: esc.port,
    trust: { verify: true },
    connectTimeoutMs: 3_000,
    connectionsMax: 1,
    answerBytesMax: 1000,
    admit: async () => null,
    onBadSign: () => undefined,
  });
  const outcome = await upstream.send(post, { deadlineMs: 5_000 });
  assert.equal(outcome.kind, 'never-sent');
  assert.deepEqual(esc.requests, []);
  await upstream.close();
});

test('an attempt that gave up while it waited for a socket is never sent later', async () => {
  await using esc = await startEcho({ answering: () => undefined });
  const upstream = makeUpstream(esc.port);
  const first = [1, 2].map(() => upstream.send(post, { deadlineMs: 600 }));
  const waiting = await upstream.send({ ...post, path: '/ESCManager/late' }, { deadlineMs: 200 });
  assert.equal(waiting.kind, 'never-sent');
  await Promise.all(first);
  esc.answering = (_, socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  assert.equal((await upstream.send(post, { deadlineMs: 30_000 })).kind, 'answered');
  assert.ok(!esc.requests.some(({ target }) => target === '/ESCManager/late'));
  await upstream.close();
});

test('R32 what must not be sent any more when a socket is free is never sent, and costs no socket', async () => {
  await using esc = await startEcho({ answering: () => undefined });
  const badSigns: string[] = [];
  const upstream = makeUpstream(esc.port, false, badSigns);
  const first = [1, 2].map(() => upstream.send(post, { deadlineMs: 30_000 }));
  let isLate = false;
  const obstacle = (): string | null => (isLate ? 'it was marked too long ago' : null);
  const waiting = upstream.send({ ...post, path: '/ESCManager/late' }, { deadlineMs: 30_000, obstacle });
  await until(() => esc.requests.length === 2, 'both connections are busy');
  isLate = true;
  const answer = (socket: net.Socket): unknown => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  esc.answering = (_, socket) => answer(socket);
  for (const { socket } of esc.connections) answer(socket);
  assert.deepEqual(await waiting, { kind: 'never-sent', evidence: 'it was marked too long ago' });
  for (const { kind } of await Promise.all(first)) assert.equal(kind, 'answered');
  assert.equal((await upstream.send(post, { deadlineMs: 30_000, obstacle: () => null })).kind, 'answered');
  assert.ok(!esc.requests.some(({ target }) => target === '/ESCManager/late'));
  assert.deepEqual([esc.connections.length, badSigns], [2, []]);
  await upstream.close();
});

async function assertReset(connections: readonly Connection[]): Promise<void> {
  assert.ok(connections.length > 0);
  await until(() => connections.every(({ end }) => end !== 'open'), 'every connection has ended', 5_000);
  assert.deepEqual(
    connections.map(({ end }) => end),
    connections.map(() => 'reset'),
  );
}

async function listen(take: (socket: net.Socket) => void) {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    take(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  return { port, [Symbol.asyncDispose]: close };
}

/** A port on which nobody listens. */
async function freePort(): Promise<number> {
  await using server = await listen(() => undefined);
  return server.port;
}
