/**
 * A gateway dies with transactions in every state, and another one finishes them, each once: it takes them up when the
 * lease is over, looks before it sends, and goes on with the deliveries. Real processes on one Redis.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallbackServer } from '../callbacks/relaying.ts';
import { freePort } from '../support/free-port.ts';
import { redisSkip } from '../support/redis.ts';
import { nameOf, startReplicas } from '../support/replicas.ts';
import { until } from '../support/until.ts';
import { deploymentXml } from '../support/world.ts';

const options = { skip: redisSkip };

test(
  'R32 what was in flight or accepted at a gateway that died is finished by another one, each once',
  options,
  async () => {
    await using site = await startReplicas({ pair: { workMs: { deployment: 500_000 } } });
    const [first, second] = await Promise.all([site.gateway(), site.gateway()]);
    const [dead, heir] = [await nameOf(first), await nameOf(second)];
    await site.createTenant(first, 'shop');
    const deployment = '/ESCManager/v0/shop/deployments/web';
    assert.equal((await site.send(first, 'POST', deployment, { body: deploymentXml('web') })).status, 200);
    site.pair.inject({ fault: 'hang', when: 'before', match: { method: 'POST', path: '/unstored' } });
    site.pair.inject({ fault: 'hang', when: 'after', match: { method: 'POST', path: '/stored' } });
    const told = [site.createTenant(first, 'unstored'), site.createTenant(first, 'stored')];
    const isStored = (): boolean => site.pair.resources().some(({ id }) => id === 'stored');
    await until(() => site.pair.faultsWaiting === 0 && isStored(), 'ESC has both');
    for (const path of ['/web', '/unstored', '/stored']) assert.equal((await site.record(path)).owner, dead, path);
    const epoch = await site.journal.epoch();

    await first.kill();

    for (const { status } of await Promise.all(told)) assert.equal(status, 0, 'its clients got no answer');
    await site.settled();
    for (const path of ['/web', '/unstored', '/stored']) {
      const { owner, state } = await site.record(path);
      assert.deepEqual([owner, state.status], [heir, 'completed'], path);
    }
    for (const id of ['unstored', 'stored']) {
      assert.deepEqual([site.created(id), site.executed('POST', `/${id}`)], [1, 1], id);
    }
    assert.equal(site.executed('POST', '/web'), 1);
    assert.equal(await site.journal.epoch(), epoch, 'the pair was watched all the time, so no epoch ended');
  },
);

test(
  'what was held at a gateway that died is sent by another one, in order, and its client may go there',
  options,
  async () => {
    await using site = await startReplicas();
    const [first, second] = await Promise.all([site.gateway(), site.gateway()]);
    const heir = await nameOf(second);
    await site.shut(first, second);
    const headers = { 'Idempotency-Key': '"first"' };
    const lost = site.createTenant(first, 'lane', headers);
    await site.counted('held', 1);
    const { id } = await site.record('/lane');
    const deleted = site.send(second, 'DELETE', '/ESCManager/v0/tenants/lane');
    await site.counted('held', 2);

    await first.kill();
    assert.equal((await lost).status, 0);
    await until(async () => (await site.journal.get(id))?.owner === heir, 'it was taken up');
    const again = site.createTenant(second, 'lane', headers);
    await site.pair.proceed();

    assert.equal((await again).status, 200);
    assert.equal((await again).headers['northgate-transaction'], id);
    assert.equal((await deleted).status, 200);
    await site.settled();
    const sent = site.pair.requests.filter(({ path, method }) => path.endsWith('/lane') && method !== 'GET');
    assert.deepEqual(
      sent.map(({ method }) => method),
      ['POST', 'DELETE'],
    );
  },
);

test('R30 a delivery that waits at a gateway that died is made by another one', options, async () => {
  const port = await freePort();
  await using client = new AsyncDisposableStack();
  const listener = new CallbackServer();
  client.defer(() => listener.close());
  await listener.listen();
  listener.answering = () => 503;
  await using site = await startReplicas({
    settings: {
      NORTHGATE_CALLBACKS_PUBLIC_URL: `http://127.0.0.1:${port}`,
      NORTHGATE_CALLBACKS_ALLOW: '127.0.0.1',
      NORTHGATE_COMPLETION_ASK_AFTER: '30s',
    },
  });
  const [first, second] = await Promise.all([
    site.gateway(),
    site.gateway({ settings: { NORTHGATE_NORTHBOUND_PORT: String(port) } }),
  ]);
  const [dead, heir] = [await nameOf(first), await nameOf(second)];
  const headers = { Callback: `http://127.0.0.1:${listener.port}/cb` };
  await site.createTenant(first, 'shop');
  const deployment = '/ESCManager/v0/shop/deployments/web';
  const told = await site.send(first, 'POST', deployment, { body: deploymentXml('web'), headers });
  assert.equal(told.status, 200);
  const states = async (): Promise<string[]> =>
    (await site.record('/web')).reports.map(({ delivery }) => delivery.state);
  const isSettled = async (): Promise<boolean> => (await site.record('/web')).state.status === 'completed';
  await until(async () => (await isSettled()) && listener.heard.length > 0, 'it is done, and its client takes nothing');
  assert.equal((await site.record('/web')).owner, dead);
  assert.ok((await states()).includes('waiting'));

  await first.kill();
  listener.answering = () => 200;
  const triedBefore = listener.heard.length;

  await until(async () => !(await states()).includes('waiting'), 'it is delivered');
  assert.deepEqual([(await site.record('/web')).owner, (await states()).includes('delivered')], [heir, true]);
  const taken = listener.heard.slice(triedBefore).map(({ delivery }) => delivery);
  assert.deepEqual(taken, [...new Set(taken)], 'each once');
});

test(
  'R5 a start ends the epoch if no lease covered the time before it, and once if several start',
  options,
  async () => {
    await using site = await startReplicas();
    const first = await site.gateway({ isOpen: false });
    const epoch = await site.journal.epoch();
    const second = await site.gateway();
    assert.equal(await site.journal.epoch(), epoch, 'another lease held');
    await Promise.all([first.kill(), second.kill()]);
    await site.leased(0);
    await Promise.all([site.gateway(), site.gateway(), site.gateway()]);
    assert.equal(await site.journal.epoch(), epoch + 1);
    assert.deepEqual(await site.journal.switchovers(9), [], 'a start is no switchover');
  },
);
