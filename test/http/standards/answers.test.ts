/**
 * What the gateway's own answers and the framing of all answers have to be (RFC 9110, RFC 9112), and what of ESC's is
 * never taken for an answer. Names begin with the bullet of the standards page that they hold.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { echo, fieldOf, saying } from '../../support/echo-esc.ts';
import { type EchoWorld, startEchoWorld } from '../../support/echo-world.ts';
import { assertProblem } from '../../support/problem.ts';
import { type RawAnswer, requestText } from '../../support/raw-client.ts';
import { until } from '../../support/until.ts';

let world: EchoWorld;
before(async () => {
  world = await startEchoWorld();
});
beforeEach(() => {
  world.esc.answering = echo;
});
after(() => world[Symbol.asyncDispose]());

let count = 0;

async function ask(to: EchoWorld, first: string, ...fields: string[]): Promise<RawAnswer> {
  const client = await to.connect();
  client.write(requestText([first, 'Host: gateway', ...fields]));
  return await client.answer();
}

/** No operation of the catalogue: what ESC leaves unanswered cannot be looked at, and is promised after the hold. */
async function promised(impatient: EchoWorld, ...fields: string[]): Promise<string> {
  impatient.esc.answering = (_, socket) => socket.resetAndDestroy();
  const answer = await ask(impatient, 'POST /ESCManager/v9/promised HTTP/1.1', ...fields);
  assert.equal(answer.status, 202);
  assert.equal(fieldOf(answer.headers, 'cache-control'), 'no-store');
  assert.match(fieldOf(answer.headers, 'retry-after'), /^[1-9]\d*$/);
  const location = fieldOf(answer.headers, 'location');
  assert.equal(JSON.parse(answer.body.toString()).location, location);
  return location;
}

const startImpatient = (): Promise<EchoWorld> => startEchoWorld({ settings: { NORTHGATE_HOLD_TIMEOUT: '2s' } });

test('H-23 C-01 a 202 tells the status and where to ask again; what is there is never kept by caches', async () => {
  await using impatient = await startImpatient();
  const location = await promised(impatient);
  const monitor = await ask(impatient, `GET ${location} HTTP/1.1`);
  assert.equal(monitor.status, 200);
  assert.ok(location.endsWith(JSON.parse(monitor.body.toString()).id));
  assert.equal(fieldOf(monitor.headers, 'cache-control'), 'no-store');
});

test('C-02 what one caller is promised is not there for another one', async () => {
  await using impatient = await startImpatient();
  const location = await promised(impatient, 'Authorization: Basic YTpi');
  for (const suffix of ['', '/response']) {
    for (const fields of [[], ['Authorization: Basic YTpj']]) {
      const answer = await ask(impatient, `GET ${location}${suffix} HTTP/1.1`, ...fields);
      assert.equal(answer.status, 404);
      assert.equal(JSON.parse(answer.body.toString()).type, 'urn:northgate:problem:not-found');
    }
  }
});

test('H-31 H-32 a gateway that drains refuses with 503 and a Retry-After in whole seconds, and sends nothing', async () => {
  await using draining = await startEchoWorld();
  await setGate(draining, 'draining');
  for (const method of ['GET', 'POST']) {
    const client = await draining.connect();
    client.write(requestText([`${method} /ESCManager/v0/x HTTP/1.1`, 'Host: a']));
    const answer = await client.answer();
    assertProblem(answer, { status: 503, code: 'draining' });
    assert.match(fieldOf(answer.headers, 'retry-after'), /^[1-9]\d*$/);
  }
  assert.deepEqual(draining.esc.requests, []);
});

test('H-32 a request that is held in vain is refused: 502 where ESC was not there for it, 503 where it was never sent', async () => {
  await using holding = await startEchoWorld({ settings: { NORTHGATE_HOLD_TIMEOUT: '200ms' } });
  await setGate(holding, 'holding');
  for (const [method, status, code, sent] of [
    ['GET', 502, 'upstream-unreachable', 'maybe'],
    ['POST', 503, 'hold-expired', 'no'],
  ] as const) {
    const client = await holding.connect();
    client.write(requestText([`${method} /ESCManager/v0/x HTTP/1.1`, 'Host: a']));
    const answer = await client.answer();
    assertProblem(answer, { status, code, sent });
    assert.match(fieldOf(answer.headers, 'retry-after'), /^[1-9]\d*$/);
  }
  assert.deepEqual(holding.esc.requests, []);
});

async function setGate({ gateway }: EchoWorld, mode: 'holding' | 'draining'): Promise<void> {
  const answer = await fetch(`${gateway.ops.url}/v1/gate`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ mode }),
  });
  assert.ok(answer.ok, await answer.text());
}

test('H-04 what ESC says of its own server is passed, and the gateway says nothing of its own', async () => {
  assert.equal(fieldOf((await ask(world, 'GET /ESCManager/v0/x HTTP/1.1')).headers, 'server'), '');
  world.esc.answering = saying('HTTP/1.1 200 OK\r\nServer: Jetty\r\nContent-Length: 0\r\n\r\n');
  const { headers } = await ask(world, 'GET /ESCManager/v0/x HTTP/1.1');
  assert.equal(fieldOf(headers, 'server'), 'Jetty');
});

for (const [bullet, what, field] of [
  ['M-05', 'a space before a colon', 'X-A : b'],
  ['M-06', 'a folded field', 'X-A: b\r\n  c'],
  ['M-04', 'a bare CR in a field', 'X-A: b\rc'],
  ['H-07', 'a control character in a field', 'X-A: b\x01c'],
] as const) {
  test(`${bullet} ${what} in ESC's answer is never relayed, folded or not: 502, and a POST is not told an outcome`, async () => {
    count += 1;
    world.esc.answering = saying(`HTTP/1.1 200 OK\r\n${field}\r\nContent-Length: 1\r\n\r\nx`);
    const read = await ask(world, 'GET /ESCManager/v0/x HTTP/1.1');
    assertProblem(read, { status: 502, code: 'upstream-invalid', sent: 'yes' });
    const client = await world.connect();
    const path = `/ESCManager/v9/odd/${count}`;
    client.write(requestText([`POST ${path} HTTP/1.1`, 'Host: gateway']));
    const statusOf = async () => (await world.transactions()).find((one) => one.path === path)?.state.status;
    await until(async () => (await statusOf()) === 'awaiting-operator', 'its outcome is unknown');
    assert.equal(client.bytes.byteLength, 0);
  });
}

const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n';

for (const method of ['GET', 'POST']) {
  test(`M-10 a ${method} in HTTP/1.0 gets no Transfer-Encoding, and its answer ends with the connection`, async () => {
    world.esc.answering = saying(chunked);
    const client = await world.connect();
    client.write(requestText([`${method} /ESCManager/v0/old HTTP/1.0`]));
    await client.ended();
    const text = client.bytes.toString();
    assert.doesNotMatch(text, /transfer-encoding/i);
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n(?:.+\r\n)+\r\nx$/);
  });

  test(`M-10 a 204 to a ${method} has no Transfer-Encoding, whatever ESC put in`, async () => {
    world.esc.answering = saying('HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n');
    const answer = await ask(world, `${method} /ESCManager/v0/none HTTP/1.1`);
    assert.equal(answer.status, 204);
    assert.equal(fieldOf(answer.headers, 'transfer-encoding'), '');
  });

  test(`M-11 trailers of the answer to a ${method} end here and never become fields`, async () => {
    world.esc.answering = saying(chunked.replace('0\r\n\r\n', '0\r\nContent-Type: text/x\r\nX-T: y\r\n\r\n'));
    const client = await world.connect();
    client.write(requestText([`${method} /ESCManager/v0/x HTTP/1.1`, 'Host: a']));
    const answer = await client.answer();
    assert.equal(answer.body.toString(), 'x');
    assert.deepEqual([fieldOf(answer.headers, 'x-t'), fieldOf(answer.headers, 'content-type')], ['', '']);
    assert.equal(client.bytes.byteLength, 0);
  });

  test(`M-16 what stands encoded in the target or Host of a ${method} never becomes a field of an answer`, async () => {
    const inserted = '%0d%0aSet-Cookie:%20a=b';
    for (const target of [
      `/ESCManager/v0/${inserted}`,
      `/elsewhere/${inserted}`,
      `/northgate/v1/transactions/${inserted}`,
    ]) {
      const answer = await ask(world, `${method} ${target} HTTP/1.1`);
      assert.equal(fieldOf(answer.headers, 'set-cookie'), '');
    }
    world.esc.answering = saying(
      `HTTP/1.1 201 X\r\nLocation: http://127.0.0.1/ESCManager/${inserted}\r\nContent-Length: 0\r\n\r\n`,
    );
    const { headers } = await ask(world, `${method} /ESCManager/v0/x HTTP/1.1`);
    assert.equal(fieldOf(headers, 'location'), `http://gateway/ESCManager/${inserted}`);
    assert.equal(fieldOf(headers, 'set-cookie'), '');
  });
}

test('H-26 who is not let in, or sends a body of the wrong size, is not told to go on', async () => {
  const clients = JSON.stringify([{ name: 'nfvo', password: 'p' }]);
  await using guarded = await startEchoWorld({
    settings: { NORTHGATE_NORTHBOUND_CLIENTS: clients, NORTHGATE_ESC_USERNAME: 'a', NORTHGATE_ESC_PASSWORD: 'b' },
  });
  const client = await guarded.connect();
  client.write(requestText(['POST /ESCManager/v0/x HTTP/1.1', 'Host: a', 'Content-Length: 3', 'Expect: 100-continue']));
  assertProblem(await client.answer(), { status: 401, code: 'unauthorized' });
  assert.deepEqual(guarded.esc.requests, []);
});

for (const method of ['GET', 'POST']) {
  test(`H-20 a 304 to a ${method} may tell the length of what it leaves out, and is whole`, async () => {
    world.esc.answering = saying('HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 12\r\n\r\n');
    count += 1;
    const answer = await ask(world, `${method} /ESCManager/v9/tagged-${count} HTTP/1.1`);
    assert.equal(answer.status, 304);
    assert.equal(fieldOf(answer.headers, 'etag'), '"a"');
  });

  test(`M-18 a 204 to a ${method} has no Content-Length, whatever ESC put in`, async () => {
    world.esc.answering = saying('HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n');
    count += 1;
    const answer = await ask(world, `${method} /ESCManager/v9/empty-${count} HTTP/1.1`);
    assert.equal(answer.status, 204);
    assert.equal(fieldOf(answer.headers, 'content-length'), '');
  });
}

test('M-08 an answer in a transfer coding that nobody undoes is not passed on as if it were plain', async () => {
  await using impatient = await startImpatient();
  impatient.esc.answering = saying('HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n');
  const answer = await ask(impatient, 'GET /ESCManager/v9/coded HTTP/1.1');
  assertProblem(answer, { status: 502, code: 'upstream-invalid', sent: 'yes' });
});
