/** What a client is told while ESC is away: held, bounded in time, number and bytes, and never misled (R24). */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import supertest from 'supertest';
import { until } from '../support/until.ts';
import { startWorld, type Told, tenantXml, type World } from '../support/world.ts';

const problemOf = (told: Told): Record<string, unknown> => {
  assert.match(String(told.headers['content-type']), /^application\/problem\+json/);
  return JSON.parse(told.body) as Record<string, unknown>;
};

async function shut(world: World): Promise<void> {
  await world.pair.switchover('application', { stopAt: 'P1' });
  await until(() => !world.gateway.coordinator.isOpen, 'the gate is shut');
}

const held = async (world: World): Promise<number> => (await world.gateway.journal.counts()).held;

test('R24 hold.timeout runs out of a request that was never sent: 503 hold-expired, abandoned, never sent later', async () => {
  await using world = await startWorld({ settings: { NORTHGATE_HOLD_TIMEOUT: '300ms' } });
  await shut(world);
  const told = await world.createTenant('late');

  assert.equal(told.status, 503);
  const problem = problemOf(told);
  assert.equal(problem.type, 'urn:northgate:problem:hold-expired');
  assert.equal(problem.sent, 'no');
  assert.ok(Number(told.headers['retry-after']) > 0);
  const record = await world.gateway.journal.get(String(problem.transaction));
  assert.equal(record?.state.status, 'abandoned');

  await world.pair.proceed();
  await world.open();
  // Its own time may run out on a busy machine; that it is sent is enough.
  await world.createTenant('next');
  await until(() => world.pair.requests.some(({ path }) => path.endsWith('/next')), 'the next one is sent');
  assert.ok(!world.pair.requests.some((request) => request.path.endsWith('/late')));
});

test('R24 its time runs out of a request that was sent: 202 with a place to ask, and the gateway goes on', async () => {
  await using world = await startWorld({ settings: { NORTHGATE_HOLD_TIMEOUT: '400ms' } });
  world.pair.crashAt('before-commit', { method: 'POST' });
  const told = await world.createTenant('goes-on');

  assert.equal(told.status, 202);
  const id = String(told.headers['northgate-transaction']);
  assert.equal(told.headers.location, `/northgate/v1/transactions/${id}`);
  assert.ok(Number(told.headers['retry-after']) > 0);
  await until(
    async () => (await world.gateway.journal.get(id))?.state.status === 'completed',
    'the gateway has replayed and settled it',
  );
  assert.ok(world.pair.resources().some((resource) => resource.id === 'goes-on'));
});

test('hold.maxRequests: one more than may be held is told hold-full, and nothing of it is kept or sent', async () => {
  await using world = await startWorld({ settings: { NORTHGATE_HOLD_MAX_REQUESTS: '3' } });
  await shut(world);
  const waiting = ['a', 'b', 'c'].map((id) => world.createTenant(`held-${id}`));
  await until(async () => (await held(world)) === 3, 'three are held');
  const told = await world.createTenant('one-too-many');

  assert.equal(told.status, 503);
  assert.equal(problemOf(told).type, 'urn:northgate:problem:hold-full');
  assert.equal(problemOf(told).sent, 'no');
  const read = await world.send('GET', '/ESCManager/v0/tenants');
  assert.equal(problemOf(read).type, 'urn:northgate:problem:hold-full');

  await world.pair.proceed();
  for (const answer of await Promise.all(waiting)) assert.equal(answer.status, 200);
  assert.ok(!world.pair.requests.some((request) => request.path.endsWith('/one-too-many')));
});

test('R24 and R26 a repetition takes no place: with as many held as may be, it still joins or gets its answer', async () => {
  await using world = await startWorld({ settings: { NORTHGATE_HOLD_MAX_REQUESTS: '1' } });
  const send = (id: string, headers: Record<string, string>): Promise<Told> =>
    world.send('POST', `/ESCManager/v0/tenants/${id}`, tenantXml(id), headers);
  const key = { 'idempotency-key': '"answered"' };
  assert.equal((await send('answered', key)).status, 200);
  await shut(world);
  const first = send('waiting', {});
  await until(async () => (await held(world)) === 1, 'the place is taken');

  const again = await send('answered', key);
  assert.equal(again.status, 200);
  assert.equal(again.headers['idempotent-replayed'], 'true');
  const joined = await send('waiting', { prefer: 'respond-async' });
  assert.equal(joined.status, 202, joined.body);
  assert.equal((await send('other', key)).status, 422);
  assert.equal(problemOf(await send('other', {})).type, 'urn:northgate:problem:hold-full');
  assert.equal(await held(world), 1);
  await world.pair.proceed();
  assert.equal((await first).headers['northgate-transaction'], joined.headers['northgate-transaction']);
});

test('R2 an operator cancels a held request: its client is told that, and not that its time ran out', async () => {
  await using world = await startWorld();
  await shut(world);
  const told = world.createTenant('cancelled');
  await until(async () => (await held(world)) === 1, 'it is held');
  const [{ id } = { id: '' }] = await world.gateway.journal.list({ limit: 1 });
  await supertest(world.gateway.ops.url).post(`/v1/transactions/${id}/cancel`).expect(202);
  const { type, detail, sent } = problemOf(await told);
  assert.deepEqual([type, sent], ['urn:northgate:problem:hold-expired', 'no']);
  assert.match(String(detail), /given up: cancelled by /);
});

test('hold.maxBytes bounds what is held by size', async () => {
  await using world = await startWorld({ settings: { NORTHGATE_HOLD_MAX_BYTES: '2KiB' } });
  await shut(world);
  const body = tenantXml('x'.repeat(1500));
  const first = world.send('POST', '/ESCManager/v0/tenants/big-1', body);
  await until(async () => (await held(world)) === 1, 'the first is held');
  const told = await world.send('POST', '/ESCManager/v0/tenants/big-2', body);
  assert.equal(problemOf(told).type, 'urn:northgate:problem:hold-full');
  await world.pair.proceed();
  await first;
});

test('a safe request is told upstream-unreachable when ESC does not come back within hold.timeout', async () => {
  await using world = await startWorld({ settings: { NORTHGATE_HOLD_TIMEOUT: '250ms' } });
  await shut(world);
  const told = await world.send('GET', '/ESCManager/v0/tenants');
  assert.equal(told.status, 502);
  assert.equal(problemOf(told).type, 'urn:northgate:problem:upstream-unreachable');
});

test('a safe request that ESC leaves unanswered is told upstream-timeout', async () => {
  await using world = await startWorld({ settings: { NORTHGATE_ESC_TIMEOUTS_RESPONSE: '250ms' } });
  world.pair.inject({ fault: 'hang', when: 'before', match: { method: 'GET' } });
  const told = await world.send('GET', '/ESCManager/v0/tenants');
  assert.equal(told.status, 504);
  assert.equal(problemOf(told).type, 'urn:northgate:problem:upstream-timeout');
});

for (const onDisconnect of ['keep', 'cancel'] as const) {
  test(`hold.onDisconnect: ${onDisconnect} decides about a held request whose client leaves`, async () => {
    await using world = await startWorld({ settings: { NORTHGATE_HOLD_ON_DISCONNECT: onDisconnect } });
    await shut(world);
    const body = tenantXml('left');
    const client = connect(world.gateway.northbound.port, '127.0.0.1');
    client.write(
      `POST /ESCManager/v0/tenants/left HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await until(async () => (await held(world)) === 1, 'it is held');
    client.destroy();
    if (onDisconnect === 'cancel') {
      await until(async () => (await world.gateway.journal.counts()).abandoned === 1, 'it is abandoned');
    }
    await world.pair.proceed();
    await world.open();
    await world.createTenant('after');
    const isThere = () => world.pair.resources().some((resource) => resource.id === 'left');
    if (onDisconnect === 'keep') await until(isThere, 'it is sent although its client left');
    else assert.equal(isThere(), false);
  });
}

test('draining: new requests are told so, and what is held stays in the journal with a 202 for its client', async () => {
  await using world = await startWorld();
  await shut(world);
  const waiting = world.createTenant('stays');
  await until(async () => (await held(world)) === 1, 'it is held');
  world.gateway.coordinator.byHand('draining');
  const refused = await world.createTenant('new');
  assert.equal(refused.status, 503);
  assert.equal(problemOf(refused).type, 'urn:northgate:problem:draining');

  await world.restartGateway();
  const told = await waiting;
  assert.equal(told.status, 202);
  await world.pair.proceed();
  await until(() => world.pair.resources().some(({ id }) => id === 'stays'), 'the next gateway sends it');
});

test('a client that is connected and never asks does not keep the gateway from ending', async () => {
  await using world = await startWorld();
  const silent = connect(world.gateway.northbound.port, '127.0.0.1');
  silent.on('error', () => undefined);
  await new Promise((resolve) => silent.once('connect', resolve));
  const beganAt = Date.now();
  await world.restartGateway();
  assert.ok(Date.now() - beganAt < 30_000, 'it ended while the client was still there');
  silent.destroy();
});
