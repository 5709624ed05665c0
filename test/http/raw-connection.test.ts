/**
 * Bodies, pipelining, expectations and clients that leave: what a connection's own course may not do to a request.
 * Standards page, H-26, M-12 to M-14.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { echo, fieldOf } from '../support/echo-esc.ts';
import { type EchoWorld, startEchoWorld } from '../support/echo-world.ts';
import { assertProblem } from '../support/problem.ts';
import { requestText } from '../support/raw-client.ts';
import { until } from '../support/until.ts';

const bodyMax = 64 * 1024;
let world: EchoWorld;
before(async () => {
  world = await startEchoWorld({ settings: { NORTHGATE_LIMITS_BODY_BYTES: '64KiB' } });
});
beforeEach(() => {
  world.esc.answering = echo;
});
after(() => world[Symbol.asyncDispose]());

let count = 0;
/** A path of its own for each request, by which it is found again. */
const newPath = (): string => {
  count += 1;
  return `/ESCManager/v0/tenants/t${count}`;
};
const heard = (path: string) => world.esc.requests.filter(({ target }) => target === path);
const journaled = async (path: string) => (await world.transactions()).filter((one) => one.path === path);
const head = (method: string, path: string, ...fields: string[]): string =>
  requestText([`${method} ${path} HTTP/1.1`, 'Host: gateway', ...fields]);

async function assertUntouched(path: string): Promise<void> {
  assert.deepEqual(heard(path), []);
  assert.deepEqual(await journaled(path), []);
}

test('H-33 a body that announces too many bytes is refused before it comes', async () => {
  const [client, path] = [await world.connect(), newPath()];
  client.write(head('POST', path, `Content-Length: ${bodyMax + 1}`));
  const { connection } = assertProblem(await client.answer(), { status: 413, code: 'body-too-large' });
  assert.equal(connection, 'close');
  await assertUntouched(path);
});

test('H-26 a client that asks first is not told to go on with a body that is too large', async () => {
  const [client, path] = [await world.connect(), newPath()];
  client.write(head('PUT', path, `Content-Length: ${bodyMax + 1}`, 'Expect: 100-continue'));
  assertProblem(await client.answer(), { status: 413, code: 'body-too-large' });
  await assertUntouched(path);
});

test('H-26 H-28 a client that asks first is told to go on, and ESC never hears of the expectation', async () => {
  const [client, path] = [await world.connect(), newPath()];
  client.write(head('POST', path, 'Content-Length: 3', 'Expect: 100-Continue'));
  assert.equal((await client.answer()).status, 100);
  client.write('abc');
  assert.equal((await client.answer()).status, 200);
  const [request] = heard(path);
  assert.equal(request?.body.toString(), 'abc');
  assert.equal(fieldOf(request?.headers ?? [], 'expect'), '');
});

test('H-27 an expectation in HTTP/1.0 is not answered', async () => {
  const [client, path] = [await world.connect(), newPath()];
  client.write(requestText([`POST ${path} HTTP/1.0`, 'Content-Length: 3', 'Expect: 100-continue'], 'abc'));
  assert.equal((await client.answer()).status, 200);
  assert.equal(heard(path)[0]?.body.toString(), 'abc');
});

test('H-33 a chunked body that grows past the limit is refused while the client still sends it, and can be read', async () => {
  const [client, path] = [await world.connect(), newPath()];
  client.write(head('POST', path, 'Transfer-Encoding: chunked'));
  const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
  for (let sent = 0; sent < 8 * bodyMax; sent += 0x4000) client.write(chunk);
  assertProblem(await client.answer(), { status: 413, code: 'body-too-large' });
  for (let sent = 0; sent < 8 * bodyMax; sent += 0x4000) client.write(chunk);
  assert.equal(await client.ended(), 'fin');
  await assertUntouched(path);
});

test('M-13 an announced body that is refused and comes all the same does not cost the client its answer', async () => {
  const [client, path] = [await world.connect(), newPath()];
  client.write(head('POST', path, `Content-Length: ${64 * bodyMax}`) + 'x'.repeat(64 * bodyMax));
  assertProblem(await client.answer(), { status: 413, code: 'body-too-large' });
  assert.equal(await client.ended(), 'fin');
  await assertUntouched(path);
});

test('M-13 a client that goes on after its last answer is not listened to for ever', async () => {
  const [client, path] = [await world.connect(), newPath()];
  client.write(head('POST', path, `Content-Length: ${bodyMax + 1}`));
  await client.answer();
  await until(() => client.socket.readableEnded, 'the gateway says that it is done');
  const closed = new Promise((resolve) => client.socket.once('close', resolve));
  const timer = setInterval(() => client.write('x'), 20);
  await closed;
  clearInterval(timer);
});

test('a body that holds exactly the limit is taken', async () => {
  const [client, path] = [await world.connect(), newPath()];
  client.write(head('POST', path, `Content-Length: ${bodyMax}`) + 'x'.repeat(bodyMax));
  assert.equal((await client.answer()).status, 200);
});

const cutShort: readonly [string, (path: string) => string][] = [
  ['within a body of known length', (path) => `${head('POST', path, 'Content-Length: 10')}abc`],
  ['within a chunk', (path) => `${head('POST', path, 'Transfer-Encoding: chunked')}a\r\nabc`],
  ['between chunks', (path) => `${head('DELETE', path, 'Transfer-Encoding: chunked')}3\r\nabc\r\n`],
  ['within the head', (path) => `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-`],
];

for (const [where, bytes] of cutShort) {
  test(`M-12 a request that ends ${where} is told so and becomes no transaction`, async () => {
    const [client, path] = [await world.connect(), newPath()];
    client.write(bytes(path));
    client.socket.end();
    assertProblem(await client.answer(), { status: 400, code: 'invalid-request' });
    assert.equal(await client.ended(), 'fin');
    await assertUntouched(path);
  });

  test(`a client that is gone ${where} leaves no transaction behind`, async () => {
    const [client, path] = [await world.connect(), newPath()];
    client.write(bytes(path));
    await until(() => client.socket.bytesWritten > 0 && client.socket.writableLength === 0, 'the bytes are out');
    client.socket.resetAndDestroy();
    const [next, nextPath] = [await world.connect(), newPath()];
    next.write(head('GET', nextPath));
    assert.equal((await next.answer()).status, 200);
    await assertUntouched(path);
  });
}

test('M-14 pipelined requests are answered in their order, whichever ESC answers first', async () => {
  const [client, slow, quick] = [await world.connect(), newPath(), newPath()];
  const release: (() => void)[] = [];
  world.esc.answering = (request, socket, connection) => {
    if (request.target === slow) release.push(() => echo(request, socket, connection));
    else echo(request, socket, connection);
  };
  client.write(
    `${head('POST', slow, 'Content-Length: 4')}slow${head('PUT', quick, 'Content-Length: 5')}quick${head('GET', '/elsewhere')}`,
  );
  await until(() => heard(slow).length === 1 && heard(quick).length === 1, 'ESC has both');
  assert.equal(client.bytes.byteLength, 0);
  for (const go of release) go();
  assert.equal((await client.answer()).body.toString(), 'slow');
  assert.equal((await client.answer()).body.toString(), 'quick');
  assertProblem(await client.answer(), { status: 404, code: 'not-found' });
});

test('M-14 bytes that are no request do not overtake the answer of the request before them', async () => {
  const [client, path] = [await world.connect(), newPath()];
  let release = (): void => undefined;
  world.esc.answering = (request, socket, connection) => {
    release = () => echo(request, socket, connection);
  };
  client.write(`${head('POST', path, 'Content-Length: 3')}abcnonsense\r\n\r\n`);
  await until(() => heard(path).length === 1, 'ESC has the first');
  release();
  const answer = await client.answer();
  assert.equal(answer.status, 200);
  assert.equal(answer.body.toString(), 'abc');
  assertProblem(await client.answer(), { status: 400, code: 'invalid-request' });
  client.socket.end();
  assert.equal(await client.ended(), 'fin');
});

test('M-13 what follows a request that was refused is not acted on', async () => {
  const [client, path] = [await world.connect(), newPath()];
  client.write(head('GET', path, 'Host: twice') + head('DELETE', path));
  assertProblem(await client.answer(), { status: 400, code: 'invalid-request' });
  client.socket.end();
  assert.equal(await client.ended(), 'fin');
  await assertUntouched(path);
});

test('M-13 what follows a request that said Connection: close is not acted on, and its own answer comes', async () => {
  const [client, path, late] = [await world.connect(), newPath(), newPath()];
  client.write(head('POST', path, 'Connection: close', 'Content-Length: 0') + head('DELETE', late));
  const answer = await client.answer();
  assert.equal(answer.status, 200);
  assert.equal(fieldOf(answer.headers, 'connection'), 'close');
  client.socket.end();
  assert.equal(await client.ended(), 'fin');
  await assertUntouched(late);
});

test('M-14 more pipelined requests than one connection may have are left unanswered, the others are answered', async () => {
  const [client, path] = [await world.connect(), newPath()];
  client.write(head('GET', path).repeat(300));
  let answered = 0;
  try {
    for (;;) {
      assert.equal((await client.answer()).status, 200);
      answered += 1;
    }
  } catch (error) {
    assert.match(String(error), /connection ended \(fin\)/);
  }
  assert.equal(answered, heard(path).length);
  assert.ok(answered >= 100 && answered < 300, `${answered}`);
});

test('pipelined reads are all given up when their client leaves', async () => {
  const [client, first, second] = [await world.connect(), newPath(), newPath()];
  world.esc.answering = () => undefined;
  client.write(head('GET', first) + head('GET', second));
  await until(() => heard(first).length === 1 && heard(second).length === 1, 'ESC has both');
  client.socket.resetAndDestroy();
  const held = world.esc.connections.filter(({ requests }) =>
    requests.some(({ target }) => [first, second].includes(target)),
  );
  await until(() => held.every(({ end }) => end === 'reset'), 'both are reset towards ESC');
});

test('a client that leaves while its POST is under way does not end the transaction', async () => {
  const [client, path] = [await world.connect(), newPath()];
  let release = (): void => undefined;
  world.esc.answering = (request, socket, connection) => {
    release = () => echo(request, socket, connection);
  };
  client.write(`${head('POST', path, 'Content-Length: 3')}abc`);
  await until(() => heard(path).length === 1, 'ESC has it');
  client.socket.resetAndDestroy();
  const [next, nextPath] = [await world.connect(), newPath()];
  next.write(head('GET', `/elsewhere${nextPath}`));
  await next.answer();
  release();
  await until(async () => (await journaled(path))[0]?.answer?.status === 200, 'its answer is recorded');
  assert.equal(heard(path).length, 1);
});
