/** What a switchover does to transactions: nothing lost, nothing doubled, in order, one answer each. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { causes } from '../../src/sim/takeover.ts';
import { until } from '../support/until.ts';
import { deploymentXml, networkXml, startWorld, tenantXml, type World } from '../support/world.ts';

const createdOnVim = (world: World, id: string): number =>
  world.pair.ledger.filter((effect) => effect.id === id && effect.kind === 'created').length;

const executed = (world: World, path: string): number =>
  world.pair.requests.filter((request) => request.path.endsWith(path) && request.method !== 'GET').length;

for (const point of ['before-commit', 'after-commit'] as const) {
  test(`an answer lost ${point} is made good on the new node, and the effect is there once`, async () => {
    await using world = await startWorld();
    world.pair.crashAt(point, { method: 'POST' });

    const told = await world.createTenant('alpha');

    assert.ok(told.status >= 200 && told.status < 300, `${told.status} ${told.body}`);
    assert.equal(told.headers['northgate-attempts'], point === 'before-commit' ? '2' : '1');
    assert.ok(world.pair.resources().some((resource) => resource.id === 'alpha'));
    assert.ok(createdOnVim(world, 'alpha') <= 1);
    assert.equal(
      executed(world, '/tenants/alpha'),
      1,
      'the attempt that was dropped before it was stored does not count',
    );
  });
}

for (const cause of Object.keys(causes) as (keyof typeof causes)[]) {
  test(`a switchover by ${cause}: requests sent before, during and after it are answered once each`, async () => {
    await using world = await startWorld({ pair: { answerDelayMs: 30 } });
    const ids = Array.from({ length: 12 }, (_, index) => `${cause}-${index}`);
    const before = ids.slice(0, 4).map((id) => world.createTenant(id));
    await until(() => world.gateway.coordinator.isOpen && world.pair.activeNode !== '', 'requests are on their way');
    await world.pair.switchover(cause);
    const during = ids.slice(4, 8).map((id) => world.createTenant(id));
    await world.pair.ready();
    await world.open();
    const after = ids.slice(8).map((id) => world.createTenant(id));

    const told = await Promise.all([...before, ...during, ...after]);

    assert.deepEqual(
      told.map(({ status }) => Math.floor(status / 100)),
      ids.map(() => 2),
      JSON.stringify(told.filter(({ status }) => status >= 300)),
    );
    for (const id of ids) {
      assert.ok(
        world.pair.resources().some((resource) => resource.id === id),
        `${id} is there`,
      );
      assert.ok(createdOnVim(world, id) <= 1, `${id} at most once`);
    }
  });
}

test('a request that was never sent is sent when the pair is ready again, and answered', async () => {
  await using world = await startWorld();
  await world.pair.switchover('planned');
  await until(() => !world.gateway.coordinator.isOpen, 'the gate is shut');

  const told = await world.createTenant('held');

  assert.equal(told.status, 200);
  assert.equal(told.headers['northgate-attempts'], '1');
  assert.equal(executed(world, '/tenants/held'), 1);
});

test('R8 order in a lane is kept through a switchover', async () => {
  await using world = await startWorld();
  await world.createTenant('lane');
  await world.pair.switchover('dead-vm', { stopAt: 'P1' });
  await until(() => !world.gateway.coordinator.isOpen, 'the gate is shut');
  const path = '/ESCManager/v0/tenants/lane';
  const answered: string[] = [];
  const sent = ['DELETE', 'POST', 'DELETE', 'POST', 'DELETE', 'POST'];
  const sends = sent.map(async (method, index) => {
    // Received one after the other; all of them wait.
    await until(async () => (await world.gateway.journal.counts()).held === index, `${index} are held`);
    await world.send(method, `${path}?n=${index}`, method === 'POST' ? tenantXml('lane') : undefined);
    answered.push(`${method} ${index}`);
  });
  await until(async () => (await world.gateway.journal.counts()).held === sent.length, 'all are held');
  await world.pair.proceed();
  await Promise.all(sends);
  const arrived = world.pair.requests
    .filter((request) => request.path.startsWith(`${path}?`))
    .map((request) => `${request.method} ${request.path.at(-1)}`);
  const expected = sent.map((method, index) => `${method} ${index}`);
  assert.deepEqual(arrived, expected);
  assert.deepEqual(answered, expected);
});

test("R9 a network's create waits for its tenant's, and a deployment's for both", async () => {
  await using world = await startWorld({ pair: { answerDelayMs: 20 } });
  world.pair.inject({ fault: 'hang', when: 'before', match: { method: 'POST', path: '/tenants/acme' } });
  const tenant = world.createTenant('acme');
  await until(() => world.pair.faultsWaiting === 0, 'ESC has it');
  await world.pair.switchover('dead-vm', { stopAt: 'P1' });
  await until(() => !world.gateway.coordinator.isOpen, 'the gate is shut');
  const network = world.send('POST', '/ESCManager/v0/acme/networks/lan', networkXml('lan'));
  await until(async () => (await world.gateway.journal.counts()).held === 1, 'the network is held');
  const deployment = world.send('POST', '/ESCManager/v0/acme/deployments/web', deploymentXml('web', 'lan'));
  await until(async () => (await world.gateway.journal.counts()).held === 2, 'the deployment is held too');
  await world.pair.proceed();

  const told = await Promise.all([tenant, network, deployment]);

  assert.deepEqual(
    told.map(({ status }) => status),
    [200, 200, 200],
    JSON.stringify(told),
  );
});

test('R12 a 503 or 404 of a starting container never reaches a client', async () => {
  await using world = await startWorld({ pair: { phases: { P2: 60_000 } } });
  await world.pair.switchover('application', { stopAt: 'P2' });
  await until(() => world.pair.phase === 'P2', 'the container is up');
  const write = world.createTenant('early');
  const read = world.send('GET', '/ESCManager/v0/tenants');
  await until(async () => {
    const { held, unacknowledged } = await world.gateway.journal.counts();
    return held + unacknowledged === 1;
  }, 'it waits');
  await world.pair.proceed();

  assert.equal((await write).status, 200);
  assert.equal((await read).status, 200);
});

test('R12 a 503 under READY is maintenance: the transaction is held, no epoch ends, and it is sent when it is over', async () => {
  await using world = await startWorld({ internals: { maintenanceTrialMs: 50 } });
  const { epoch } = world.gateway.coordinator;
  world.pair.maintenance(true);
  const told = world.createTenant('patient');
  await until(() => world.gateway.coordinator.gate().reason === 'maintenance', 'the gate holds for maintenance');
  world.pair.maintenance(false);

  assert.equal((await told).status, 200);
  assert.equal(world.gateway.coordinator.epoch, epoch);
  assert.equal(executed(world, '/tenants/patient'), 1);
});

test('R7 a POST that the gateway gave up on while the path was dead is not executed when the path comes back', async () => {
  await using world = await startWorld({ settings: { NORTHGATE_ESC_TIMEOUTS_RESPONSE: '1500ms' } });
  await world.createTenant('first');
  world.pair.cutPath();
  const told = world.createTenant('given-up');
  await until(
    async () => (await world.gateway.journal.list({ status: 'unacknowledged', limit: 10 })).length === 1,
    'the attempt is given up',
  );
  world.pair.healPath();
  assert.equal((await told).status, 200);
  // Once: by the replay. The first attempt was reset and never arrived.
  assert.equal(executed(world, '/tenants/given-up'), 1);
  assert.equal(createdOnVim(world, 'given-up') <= 1, true);
});

test('a safe request that comes during a switchover is held and answered after it', async () => {
  await using world = await startWorld();
  await world.createTenant('seen');
  await world.pair.switchover('power');
  await until(() => !world.gateway.coordinator.isOpen, 'the gate is shut');
  const told = await world.send('GET', '/ESCManager/v0/tenants/seen');
  assert.equal(told.status, 200);
  assert.match(told.body, /seen/);
});

test('R5 a flap from A to B with no failed probe at the VIP ends the epoch', async () => {
  await using world = await startWorld();
  const { epoch } = world.gateway.coordinator;
  await world.pair.switchover('planned', { phases: { P0: 0, P1: 0, P2: 0, P3: 0 } });
  await until(() => world.gateway.coordinator.epoch > epoch, 'the epoch ended');
  await world.open();
  await until(() => world.gateway.coordinator.activeNode === world.pair.activeNode, 'the new active node is known');
});

test('R17 a reboot whose answer was lost is not sent again but left to the operator', async () => {
  await using world = await startWorld({ settings: { NORTHGATE_HOLD_TIMEOUT: '3s' } });
  await world.createTenant('shop');
  await world.send('POST', '/ESCManager/v0/shop/deployments/db', deploymentXml('db'));
  await until(() => world.pair.resources().some(({ id, state }) => id === 'db' && state.is === 'active'), 'db is up');
  world.pair.crashAt('after-commit', { method: 'POST', path: 'service/db' });

  const told = await world.send(
    'POST',
    '/ESCManager/v0/shop/deployments/service/db',
    '<service_operation><operation>REBOOT</operation></service_operation>',
    { Callback: 'http://127.0.0.1:9/' },
  );

  assert.equal(told.status, 202);
  const awaiting = () => world.gateway.journal.list({ status: 'awaiting-operator', limit: 1 });
  await until(async () => (await awaiting()).length === 1, 'it awaits an operator');
  const [left] = await awaiting();
  assert.equal(left?.path, '/ESCManager/v0/shop/deployments/service/db');
  assert.equal(executed(world, 'service/db'), 1);
});

test('R19 a replayed create answered 409 is a reason to look, not a failure', async () => {
  await using world = await startWorld({
    settings: { NORTHGATE_ESC_USERNAME: 'nobody', NORTHGATE_ESC_PASSWORD: 'any' },
  });
  world.pair.crashAt('after-commit', { method: 'POST', path: '/tenants/twice' });
  const told = await world.createTenant('twice');
  assert.equal(Math.floor(told.status / 100), 2);
});
