/** An operator's acts (R2): replay, cancel, resolve; what they do to the record, to ESC and to a client that waits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { awaitingOperator, counted, ops, shut } from '../support/ops.ts';
import { until } from '../support/until.ts';
import { startWorld, type World } from '../support/world.ts';

/** Executed by ESC; the first attempt was lost before. */
const reboots = (world: World): number =>
  world.pair.requests.filter((request) => request.path.endsWith('/service/db')).length;

test('R2 cancel: a held transaction is abandoned, its client is told so, and it is never sent', async () => {
  await using world = await startWorld();
  await shut(world);
  const told = world.createTenant('unwanted');
  await until(async () => (await world.gateway.journal.counts()).held === 1, 'it is held');
  const [held] = await world.gateway.journal.list({ status: 'held', limit: 1 });
  const { body } = await ops(world).post(`/v1/transactions/${held?.id}/cancel`).expect(202);

  assert.equal(body.status, 'abandoned');
  assert.match(body.reason, /cancelled by loopback/);
  assert.equal((await told).status, 503);
  const pair = await ops(world).get('/v1/pair').expect(200);
  assert.deepEqual(pair.body.held, { requests: 0, bytes: 0 });
  await world.pair.proceed();
  await world.open();
  await world.createTenant('wanted');
  assert.ok(!world.pair.requests.some((request) => request.path.endsWith('/unwanted')));
});

test('R2 replay: what its policy leaves to the operator is sent once more, and its client gets the answer', async () => {
  await using world = await startWorld();
  const { id, told } = await awaitingOperator(world);
  assert.equal(reboots(world), 0);
  const { body } = await ops(world).post(`/v1/transactions/${id}/replay`).expect(202);
  assert.equal(body.status, 'awaiting-operator');
  assert.notEqual(body.replayOrderedAt, null);

  assert.equal(Math.floor((await told).status / 100), 2);
  assert.equal(reboots(world), 1);
  const shown = await ops(world).get(`/v1/transactions/${id}`).expect(200);
  assert.equal(shown.body.status, 'accepted');
  assert.equal(shown.body.attempts.length, 2);
  assert.equal(shown.body.attempts[1].outcome, 'answered');
  assert.equal(shown.body.replayOrderedAt, null);
});

test('R2 a replay ordered while the gate is shut waits for it; ordered twice it is sent once', async () => {
  await using world = await startWorld();
  const { id, told } = await awaitingOperator(world);
  await ops(world).put('/v1/gate').send({ mode: 'holding' }).expect(200);
  await ops(world).post(`/v1/transactions/${id}/replay`).expect(202);
  await ops(world).post(`/v1/transactions/${id}/replay`).expect(202);
  assert.equal(reboots(world), 0);
  await ops(world).put('/v1/gate').send({ mode: 'open' }).expect(200);

  assert.equal(Math.floor((await told).status / 100), 2);
  assert.equal(reboots(world), 1);
});

test('R2 a replay that was ordered survives the gateway', async () => {
  await using world = await startWorld();
  const { id, told } = await awaitingOperator(world);
  await ops(world).put('/v1/gate').send({ mode: 'holding' }).expect(200);
  await ops(world).post(`/v1/transactions/${id}/replay`).expect(202);
  const restarted = world.restartGateway();
  assert.equal((await told).status, 202);
  await restarted;

  await until(async () => (await world.gateway.journal.get(id))?.state.status === 'accepted', 'it was replayed');
  assert.equal(reboots(world), 1);
});

test('R2 a replay whose answer is lost again is left to the operator again, not sent a third time', async () => {
  await using world = await startWorld();
  const { id, told } = await awaitingOperator(world);
  const { epoch } = world.gateway.coordinator;
  world.pair.crashAt('before-commit', { method: 'POST', path: 'service/db' });
  await ops(world).post(`/v1/transactions/${id}/replay`).expect(202);
  await until(() => world.gateway.coordinator.epoch > epoch, 'ESC switched over again');
  await world.open();
  await until(async () => {
    const transaction = await world.gateway.journal.get(id);
    return transaction?.attempts.length === 2 && transaction.state.status === 'awaiting-operator';
  }, 'it awaits the operator again');
  assert.equal(reboots(world), 0);
  await world.gateway.close();
  assert.equal((await told).status, 202);
});

test('R2 resolve as completed settles it and gives the waiting client the operation’s first 2xx', async () => {
  await using world = await startWorld();
  const { id, told } = await awaitingOperator(world);
  const found = { as: 'completed', note: 'seen in the VIM' };
  const { body } = await ops(world).post(`/v1/transactions/${id}/resolve`).send(found).expect(202);

  assert.equal(body.status, 'completed');
  assert.equal(body.reason, 'resolved by loopback: seen in the VIM');
  const { status, body: given } = await told;
  assert.equal(status, body.responseStatus);
  assert.equal(given, '');
  assert.equal(reboots(world), 0);
});

test('R2 resolve as failed settles it and tells the waiting client where that stands, never a made-up failure', async () => {
  await using world = await startWorld();
  const { id, told } = await awaitingOperator(world);
  await ops(world).post(`/v1/transactions/${id}/resolve`).send({ as: 'failed', note: 'not done' }).expect(202);
  const { status, headers, body } = await told;
  assert.equal(status, 202);
  assert.equal(headers.location, `/northgate/v1/transactions/${id}`);
  assert.equal(JSON.parse(body).status, 'failed');
});

test('R2 what the status forbids is a conflict, what is not there is not found, and neither changes anything', async () => {
  await using world = await startWorld();
  const told = await world.createTenant('done');
  const id = String(told.headers['northgate-transaction']);
  await counted(world, 'completed');
  const before = await world.gateway.journal.get(id);
  for (const act of ['replay', 'cancel', 'resolve']) {
    const body = act === 'resolve' ? { as: 'failed', note: 'no' } : undefined;
    const refused = await ops(world).post(`/v1/transactions/${id}/${act}`).send(body).expect(409);
    assert.equal(refused.body.type, 'urn:northgate:problem:conflict');
    assert.equal(refused.body.transaction, id);
    await ops(world).post(`/v1/transactions/nobody/${act}`).send(body).expect(404);
  }
  assert.deepEqual(await world.gateway.journal.get(id), before);
});

test('R2 what ESC accepted is neither cancelled nor replayed by hand, but may be resolved', async () => {
  await using world = await startWorld();
  const { id, told } = await awaitingOperator(world);
  await ops(world).post(`/v1/transactions/${id}/replay`).expect(202);
  assert.equal(Math.floor((await told).status / 100), 2);
  for (const act of ['replay', 'cancel']) await ops(world).post(`/v1/transactions/${id}/${act}`).expect(409);
  const found = { as: 'failed', note: 'it hangs' };
  const { body } = await ops(world).post(`/v1/transactions/${id}/resolve`).send(found).expect(202);
  assert.equal(body.status, 'failed');
  assert.equal(body.responseStatus, (await told).status);
  assert.equal(reboots(world), 1);
});
