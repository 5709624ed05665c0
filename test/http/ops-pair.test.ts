/** What operators see of the pair and the gate, and do to the gate, while a real pair switches over. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { counted, ops, shut } from '../support/ops.ts';
import { until } from '../support/until.ts';
import { startWorld } from '../support/world.ts';

test('the pair is shown with its gate, epoch, both nodes and the count of transactions', async () => {
  await using world = await startWorld();
  await world.createTenant('alpha');
  await counted(world, 'completed');
  await until(() => world.gateway.coordinator.activeNode !== null, 'the active node is known');
  const { body } = await ops(world).get('/v1/pair').expect(200);

  assert.equal(body.vip, world.pair.vip);
  assert.equal(body.gate, 'open');
  assert.equal(body.reason, 'none');
  assert.equal(body.epoch, world.gateway.coordinator.epoch);
  assert.equal(body.activeNode, world.pair.activeNode);
  assert.equal(body.vipHealth.health, 'ready');
  assert.equal(body.transactions.completed, 1);
  const roles = new Map(body.nodes.map((node: { address: string; role: string }) => [node.address, node.role]));
  assert.deepEqual([...roles.keys()], world.pair.nodes);
  assert.equal(roles.get(world.pair.activeNode), 'active');
});

test('a switchover is listed with its cause and times, newest first, and is the last one of the pair', async () => {
  await using world = await startWorld();
  await world.createTenant('alpha');
  world.pair.crashAt('before-commit', { method: 'POST' });
  assert.equal((await world.createTenant('beta')).status, 200);
  await until(async () => {
    const { body } = await ops(world).get('/v1/switchovers');
    return body[0]?.recoveredAt != null;
  }, 'the switchover has recovered');
  const { body } = await ops(world).get('/v1/switchovers').expect(200);

  const [newest] = body;
  assert.equal(newest.epoch, world.gateway.coordinator.epoch);
  assert.ok(Date.parse(newest.detectedAt) <= Date.parse(newest.readyAt));
  assert.ok(newest.replayed + newest.reconciled >= 1, JSON.stringify(newest));
  const pair = await ops(world).get('/v1/pair').expect(200);
  assert.equal(pair.body.lastSwitchover.epoch, newest.epoch);
});

test('the gate held by hand lets requests wait, and opened again lets them through', async () => {
  await using world = await startWorld();
  const held = await ops(world).put('/v1/gate').send({ mode: 'holding' }).expect(200);
  assert.equal(held.body.gate, 'holding');
  assert.equal(held.body.reason, 'operator');
  const told = world.createTenant('patient');
  await until(async () => (await world.gateway.journal.counts()).held === 1, 'the request is held');
  const { epoch } = world.gateway.coordinator;
  await ops(world).put('/v1/gate').send({ mode: 'open' }).expect(200);

  assert.equal((await told).status, 200);
  assert.equal(world.gateway.coordinator.epoch, epoch);
});

test('a gateway that drains refuses new requests, is alive and not ready', async () => {
  await using world = await startWorld();
  await ops(world).get('/readyz').expect(200);
  await ops(world).put('/v1/gate').send({ mode: 'draining' }).expect(200);

  assert.equal((await world.createTenant('late')).status, 503);
  const { body } = await ops(world).get('/readyz').expect(503);
  assert.match(body.reason, /draining/);
  await ops(world).get('/livez').expect(200);
});

test('a switchover does not make a gateway unready: holding requests is what it is for', async () => {
  await using world = await startWorld();
  await shut(world);
  await ops(world).get('/readyz').expect(200);
});

test('a keepalived notify script’s word makes all probes ask at once', async () => {
  await using world = await startWorld({
    settings: { NORTHGATE_ESC_HEALTH_INTERVAL: '1h', NORTHGATE_ESC_HEALTH_RISE: '1' },
  });
  const before = world.gateway.coordinator.state.provenAt ?? 0;
  await ops(world).post('/v1/observations').send({ node: world.pair.nodes[1], role: 'active' }).expect(202);
  await until(() => (world.gateway.coordinator.state.provenAt ?? 0) > before, 'the VIP was asked again');
});
