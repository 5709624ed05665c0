/** Waiting or not (RFC 7240, R21, R24): what a client that prefers a 202 gets, and what becomes of its transaction. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCompletionWorld } from '../support/completion.ts';
import { operationNamed } from '../support/completion-operations.ts';
import { until } from '../support/until.ts';
import { type Told, tenantXml } from '../support/world.ts';
import { type Asked, type JoiningPlace, startPlace } from './joining-place.ts';

const path = '/ESCManager/v0/tenants/preferred';
const asked = (prefer?: string, more: Readonly<Record<string, string>> = {}): Asked => ({
  path,
  body: tenantXml('preferred'),
  headers: { ...(prefer === undefined ? {} : { prefer }), ...more },
});

/** A 202 as the contract has it. @returns the transaction's id. */
function assertPromise({ status, headers, body }: Told, applied: string | undefined): string {
  assert.equal(status, 202, body);
  const id = String(headers['northgate-transaction']);
  assert.equal(headers.location, `/northgate/v1/transactions/${id}`);
  assert.equal(headers['esc-transaction-id'], id, 'R21 the id that it knows from now on');
  assert.equal(headers['preference-applied'], applied);
  assert.match(String(headers.vary), /\bPrefer\b/);
  assert.ok(Number(headers['retry-after']) > 0);
  assert.equal(JSON.parse(body).id, id);
  return id;
}

/** The recorded answer under the id that the client was promised. */
async function assertResponse(place: JoiningPlace, id: string): Promise<void> {
  let answer: Told | undefined;
  await until(async () => {
    answer = await place.get(`/northgate/v1/transactions/${id}/response`);
    return answer.status !== 404;
  }, 'its answer is there');
  assert.equal(Math.floor((answer?.status ?? 0) / 100), 2);
  assert.equal(answer?.headers['esc-transaction-id'], id);
  assert.equal(answer?.headers['northgate-transaction'], id);
}

const preferences = [
  ['respond-async', 'respond-async'],
  ['wait=0', 'wait=0'],
  ['Respond-Async, wait=0', 'respond-async, wait=0'],
  ['foo, wait="0"; x=1', 'wait=0'],
] as const;

test('R24 who prefers not to wait is told 202 at once, while ESC is away and before anything is sent', async (t) => {
  await using place = await startPlace();
  await place.shut();
  for (const [index, [prefer, applied]] of preferences.entries()) {
    await t.test(`Prefer: ${prefer}`, async () => {
      const each = { ...asked(prefer), path: `${path}-${index}`, body: tenantXml(`preferred-${index}`) };
      const id = assertPromise(await place.send(each).told, applied);
      assert.equal(JSON.parse((await place.get(`/northgate/v1/transactions/${id}`)).body).status, 'held');
    });
  }
  await place.pair.proceed();
  for (const { id } of await place.gateway.journal.list({ limit: 10 })) await assertResponse(place, id);
  assert.equal(place.pair.ledger.length, preferences.length, 'each took effect once');
});

test('R21 respond-async with the gate open: 202, then its answer and its callback under the Northgate ID', async () => {
  await using world = await startCompletionWorld({ place: 65 });
  const ordered = world.order(operationNamed('create a tenant'), 'async', { prefer: 'respond-async' });
  const id = assertPromise(await ordered.told, 'respond-async');
  await world.ended(ordered);
  assert.deepEqual(
    world.terminal(ordered).map(({ transactionId }) => transactionId),
    [id],
  );
  const { body, headers } = await world.world.send('GET', `/northgate/v1/transactions/${id}/response`);
  assert.equal(headers['esc-transaction-id'], id);
  const [request] = world.pair.requests.filter(({ path: at }) => at.endsWith('/async'));
  assert.ok(request !== undefined && !body.includes(request.transaction), 'ESC’s own id is nowhere in it');
  assert.equal(request.headers.prefer, 'respond-async', 'PR-02 it goes on to ESC as it came');
});

test('R24 wait=1 runs out of what is held and was never sent: 202, and it is sent when ESC is back', async () => {
  await using place = await startPlace({ settings: { NORTHGATE_HOLD_TIMEOUT: '30s' } });
  await place.shut();
  const id = assertPromise(await place.send(asked('wait=1')).told, 'wait=1');
  assert.equal((await place.isIn(path, 'held')).id, id);
  await place.pair.proceed();
  await assertResponse(place, id);
  assert.equal(place.executed(path), 1);
});

for (const prefer of ['wait=50', 'respond-async, wait=50']) {
  test(`Prefer: ${prefer} through a switchover that ends in time: the answer of ESC itself`, async () => {
    await using place = await startPlace();
    await place.shut();
    const sent = place.send(asked(prefer));
    await place.isIn(path, 'held');
    await place.pair.proceed();
    const { status, headers } = await sent.told;
    assert.equal(status, 200);
    assert.notEqual(headers['esc-transaction-id'], headers['northgate-transaction'], 'it was never promised');
    assert.match(String(headers.vary), /\bPrefer\b/);
  });
}

test('PR-04 Vary: Prefer is said to those without a preference too', async () => {
  await using place = await startPlace();
  assert.match(String((await place.send(asked()).told).headers.vary), /\bPrefer\b/);
});

test('PR-03 a preference that cannot be read is none: its client waits', async () => {
  await using place = await startPlace();
  const { status, headers } = await place.send(asked('wait=soon, respond-async=no')).told;
  assert.deepEqual([status, headers['preference-applied']], [200, undefined]);
});

for (const key of [{ 'idempotency-key': '"k"' }, {}]) {
  const which = 'idempotency-key' in key ? 'with its key' : 'without a key';

  test(`R24 who joins ${which} has a time of its own: 202 for the one that prefers it, the answer for the other`, async () => {
    await using place = await startPlace();
    await place.shut();
    const first = place.send(asked(undefined, key));
    await place.recognised(path, 1);
    const id = assertPromise(await place.send(asked('respond-async', key)).told, 'respond-async');
    await place.pair.proceed();
    const told = await first.told;
    assert.deepEqual([told.status, told.headers['northgate-transaction']], [200, id]);
    assert.equal(told.headers['esc-transaction-id'], id, 'both know it under one id');
    assert.equal((await place.transactions(path)).length, 1);
    assert.equal(place.executed(path), 1);
  });

  test(`R24 two wait ${which} and hold.timeout runs out: 202 for both, and it is sent when ESC is back`, async () => {
    await using place = await startPlace({ settings: { NORTHGATE_HOLD_TIMEOUT: '1s' } });
    await place.shut();
    const first = place.send(asked(undefined, key));
    await place.recognised(path, 1);
    const second = place.send(asked(undefined, key));
    const ids = [await first.told, await second.told].map((told) => assertPromise(told, undefined));
    assert.equal(new Set(ids).size, 1);
    assert.equal((await place.isIn(path, 'held')).promisedAt !== null, true);
    await place.pair.proceed();
    await assertResponse(place, ids[0] ?? '');
    assert.equal(place.executed(path), 1);
  });

  test(`R24 one of two that wait ${which} leaves: the other’s hold.timeout is an end, and the same again is new`, async () => {
    await using place = await startPlace({ settings: { NORTHGATE_HOLD_TIMEOUT: '1s' } });
    await place.shut();
    const first = place.send(asked(undefined, key));
    await place.recognised(path, 1);
    const second = place.send(asked(undefined, key));
    await place.recognised(path, 2);
    first.leave();
    const told = await second.told;
    assert.deepEqual([told.status, JSON.parse(told.body).type], [503, 'urn:northgate:problem:hold-expired']);
    const again = place.send(asked(undefined, key));
    await place.recognised(path, 3);
    await place.pair.proceed();
    const { headers } = await again.told;
    assert.notEqual(headers['northgate-transaction'], JSON.parse(told.body).transaction);
    assert.equal(place.executed(path), 1);
  });
}

test('after a key was answered, a preference changes nothing: its recorded answer comes at once', async () => {
  await using place = await startPlace();
  const key = { 'idempotency-key': '"k"' };
  const first = await place.send(asked(undefined, key)).told;
  const again = await place.send(asked('respond-async', key)).told;
  assert.deepEqual([again.status, again.body], [first.status, first.body]);
  assert.equal(again.headers['idempotent-replayed'], 'true');
  assert.equal(again.headers['preference-applied'], undefined);
});

test('northbound.requireKey: without a key key-required, with a bad one key-malformed, and nothing is kept or sent', async () => {
  await using place = await startPlace({ settings: { NORTHGATE_NORTHBOUND_REQUIRE_KEY: 'true' } });
  const refusals = [
    [{}, 'key-required'],
    [{ 'idempotency-key': '""' }, 'key-malformed'],
    [{ 'idempotency-key': '"open' }, 'key-malformed'],
    [{ 'idempotency-key': 'x'.repeat(256) }, 'key-malformed'],
  ] as const;
  for (const [headers, code] of refusals) {
    const told = await place.send(asked(undefined, headers)).told;
    const { type, sent } = JSON.parse(told.body);
    assert.deepEqual([told.status, type, sent], [400, `urn:northgate:problem:${code}`, 'no']);
  }
  assert.equal((await place.transactions(path)).length, 0);
  assert.equal((await place.get('/ESCManager/v0/tenants')).status, 200, 'what is no transaction needs none');
  assert.equal((await place.send(asked(undefined, { 'idempotency-key': '"k"' })).told).status, 200);
  assert.equal(place.executed(path), 1);
});
