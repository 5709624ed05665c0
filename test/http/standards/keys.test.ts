/**
 * The Idempotency-Key header field (draft-ietf-httpapi-idempotency-key-header-07) on the wire: how it is written, what
 * it is bound to, and what a repetition gets. What joining makes of the record is tested where the records are.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { echo, fieldOf, type HeardRequest } from '../../support/echo-esc.ts';
import { type EchoWorld, startEchoWorld } from '../../support/echo-world.ts';
import { assertProblem } from '../../support/problem.ts';
import { type RawAnswer, requestText } from '../../support/raw-client.ts';
import { until } from '../../support/until.ts';
import { startWorld, tenantXml } from '../../support/world.ts';

let world: EchoWorld;
before(async () => {
  world = await startEchoWorld();
});
beforeEach(() => {
  world.esc.answering = echo;
});
after(() => world[Symbol.asyncDispose]());

let count = 0;
/** A path and a key that no other test uses. */
function fresh(): { path: string; key: string } {
  count += 1;
  return { path: `/ESCManager/k/${count}`, key: `"key-${count}"` };
}
const heard = (path: string): HeardRequest[] => world.esc.requests.filter(({ target }) => target === path);

async function ask(method: string, path: string, fields: readonly string[], body = ''): Promise<RawAnswer> {
  const client = await world.connect();
  const length = `Content-Length: ${body.length}`;
  client.write(requestText([`${method} ${path} HTTP/1.1`, 'Host: a', length, ...fields], body));
  return await client.answer();
}

const isReplayed = ({ headers }: RawAnswer): boolean => fieldOf(headers, 'idempotent-replayed') === 'true';

for (const [what, value] of [
  ['an empty one', ''],
  ['an empty string', '""'],
  ['a string without end', '"abc'],
  ['a string with more after it', '"abc"def'],
  ['one past 255 characters', `"${'x'.repeat(256)}"`],
  ['one that is not ASCII', '"\xe4"'],
  ['a token with a space in it', 'a b'],
] as const) {
  test(`I-01 I-06 ${what} is refused as a key before anything is looked up or sent`, async () => {
    const { path } = fresh();
    const answer = await ask('POST', path, [`Idempotency-Key: ${value}`]);
    assertProblem(answer, { status: 400, code: 'key-malformed' });
    assert.deepEqual(heard(path), []);
  });
}

test('I-01 two keys in one request are refused', async () => {
  const { path, key } = fresh();
  const answer = await ask('POST', path, [`Idempotency-Key: ${key}`, `Idempotency-Key: ${key}`]);
  assertProblem(answer, { status: 400, code: 'key-malformed' });
});

test('I-01 a string in quotes and the same as a bare token are one key; ESC gets it as it was written', async () => {
  const { path } = fresh();
  await ask('POST', path, ['idempotency-KEY: "tok-1"']);
  assert.ok(isReplayed(await ask('POST', path, ['Idempotency-Key: tok-1'])));
  assert.equal(heard(path).length, 1);
  assert.match(heard(path)[0]?.head ?? '', /\r\nidempotency-KEY: "tok-1"/);
});

test('H-34 I-02 I-05 a key that comes with another method, target or body is refused with 422, says whose it is, and nothing is sent', async () => {
  const { path, key } = fresh();
  const field = `Idempotency-Key: ${key}`;
  assert.equal((await ask('POST', path, [field], 'one')).status, 200);
  for (const [method, target, body] of [
    ['PUT', path, 'one'],
    ['POST', `${path}?x`, 'one'],
    ['POST', path, 'one '],
  ] as const) {
    const answer = await ask(method, target, [field], body);
    const { detail } = assertProblem(answer, { status: 422, code: 'key-reused' });
    assert.ok(detail.includes(`POST ${path}`), detail);
  }
  assert.ok(isReplayed(await ask('POST', path, [field], 'one')));
  assert.equal(world.esc.requests.filter(({ target }) => target.startsWith(path)).length, 1);
});

test('I-03 a key is known for as long as its transaction is kept, and free again after that', async () => {
  const { path, key } = fresh();
  const field = `Idempotency-Key: ${key}`;
  await ask('POST', path, [field]);
  // What the gateway does on its own as soon as journal.retention has passed.
  assert.ok((await world.gateway.journal.prune(Date.now() + 60_000, 1_000)) > 0);
  assert.ok(!isReplayed(await ask('POST', path, [field], 'other')));
  assert.equal(heard(path).length, 2);
});

for (const status of [200, 400, 409, 500]) {
  test(`I-04 a repetition gets the ${status} of the first, fields and bytes, and ESC nothing`, async () => {
    const { path, key } = fresh();
    world.esc.answering = (_, socket) =>
      socket.write(`HTTP/1.1 ${status} X\r\nContent-Type: text/x\r\nX-Odd: a\r\nContent-Length: 3\r\n\r\nabc`);
    const first = await ask('POST', path, [`Idempotency-Key: ${key}`]);
    const again = await ask('POST', path, [`Idempotency-Key: ${key}`]);
    assert.equal(first.status, status);
    assert.deepEqual([again.status, again.body], [first.status, first.body]);
    for (const name of ['content-type', 'x-odd', 'northgate-transaction']) {
      assert.equal(fieldOf(again.headers, name), fieldOf(first.headers, name));
    }
    assert.deepEqual([isReplayed(first), isReplayed(again)], [false, true]);
    assert.equal(heard(path).length, 1);
  });
}

test('I-05 where a key is required, a transaction without one is refused, a read is not', async () => {
  await using strict = await startEchoWorld({ settings: { NORTHGATE_NORTHBOUND_REQUIRE_KEY: 'true' } });
  for (const method of ['POST', 'DELETE', 'GET']) {
    const client = await strict.connect();
    client.write(requestText([`${method} /ESCManager/v0/x HTTP/1.1`, 'Host: a']));
    const answer = await client.answer();
    if (method === 'GET') assert.equal(answer.status, 200);
    else assertProblem(answer, { status: 400, code: 'key-required' });
  }
  assert.equal(strict.esc.requests.length, 1);
});

test('C-02 I-06 one key of two callers is two keys, and neither sees the other’s answer', async () => {
  const { path, key } = fresh();
  const bodies = [];
  for (const credentials of ['YTpi', 'YTpj']) {
    const answer = await ask(
      'POST',
      path,
      [`Idempotency-Key: ${key}`, `Authorization: Basic ${credentials}`],
      credentials,
    );
    assert.ok(!isReplayed(answer));
    bodies.push(answer.body.toString());
  }
  assert.deepEqual(bodies, ['YTpi', 'YTpj']);
  assert.equal(heard(path).length, 2);
});

test('I-06 whatever a key holds, it is only itself', async () => {
  const { path } = fresh();
  const keys = ['*', '{northgate:default}:keys', "a' or '1'='1", '__proto__', 'a:b', 'a', '%00', '../x', 'a\\"b'];
  for (const key of keys) {
    const answer = await ask('POST', path, [`Idempotency-Key: "${key}"`]);
    assert.equal(answer.status, 200, key);
    assert.ok(!isReplayed(answer), key);
  }
  assert.equal(heard(path).length, keys.length);
});

test('I-07 many copies at once are one request to ESC, and all get its answer', async () => {
  const { path, key } = fresh();
  let release = (): void => undefined;
  world.esc.answering = (request, socket, connection) => {
    release = () => echo(request, socket, connection);
  };
  const copies = Array.from({ length: 30 }, () => ask('POST', path, [`Idempotency-Key: ${key}`], 'abc'));
  await until(() => heard(path).length > 0, 'ESC has the first');
  const late = ask('POST', path, [`Idempotency-Key: ${key}`], 'abc');
  release();
  const answers = await Promise.all([...copies, late]);
  for (const { status, body } of answers) assert.deepEqual([status, body.toString()], [200, 'abc']);
  assert.equal(heard(path).length, 1);
});

test('I-07 a key outlives a switchover and a restart of the gateway', async () => {
  await using pair = await startWorld();
  const send = () => pair.send('POST', '/ESCManager/v0/tenants/k', tenantXml('k'), { 'idempotency-key': '"k"' });
  pair.pair.crashAt('before-commit', { method: 'POST' });
  const first = await send();
  assert.equal(Math.floor(first.status / 100), 2);
  await pair.restartGateway();
  await pair.open();
  const again = await send();
  assert.equal(again.headers['idempotent-replayed'], 'true');
  assert.equal(again.headers['northgate-transaction'], first.headers['northgate-transaction']);
  assert.equal(pair.pair.requests.filter(({ method }) => method === 'POST').length, 1, 'its replay alone was executed');
});

test('H-03 a key, a preference or credentials that Connection lists are not there', async () => {
  const { path, key } = fresh();
  const listed = ['Connection: Idempotency-Key, Prefer, Authorization'];
  const fields = [...listed, `Idempotency-Key: ${key}`, 'Prefer: respond-async', 'Authorization: Basic YTpi'];
  for (const times of [1, 2]) {
    const answer = await ask('POST', path, fields);
    assert.equal(answer.status, 200);
    assert.ok(!isReplayed(answer));
    assert.equal(heard(path).length, times);
  }
  assert.doesNotMatch(heard(path)[0]?.head ?? '', /^(?:idempotency-key|prefer|authorization):/im);
});
