/**
 * A gateway that is frozen for longer than its lease (SIGSTOP) and wakes: it starts no send with a mark of before, settles
 * nothing that another one took up, learns the epoch, tells its clients what became of it, and serves on.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leaseTtlMs } from '../support/gateway-process.ts';
import { redisSkip } from '../support/redis.ts';
import { nameOf, pairSeenBy, startReplicas } from '../support/replicas.ts';
import { until } from '../support/until.ts';
import { deploymentXml } from '../support/world.ts';

const options = { skip: redisSkip };
/** Of a gateway to ESC. */
const connectionsMax = 64;

test(
  'R32 what was marked and not yet sent when a gateway froze is sent by another one, and not by it',
  options,
  async () => {
    await using site = await startReplicas();
    const [frozen, other] = await Promise.all([
      site.gateway({ cut: 'before-send', signal: 'SIGSTOP', leaseTtlMs: 3_000 }),
      site.gateway(),
    ]);
    const [sleeper, heir] = [await nameOf(frozen), await nameOf(other)];
    const told = site.createTenant(frozen, 'marked');
    await until(async () => (await site.record('/marked')).owner === heir, 'it was taken up');
    await site.settled();
    frozen.process.kill('SIGCONT');

    const answer = await told;
    assert.equal(answer.status, 200, `its client is told: ${answer.body}`);
    await until(async () => (await site.live()).includes(sleeper), 'it has its lease again');
    assert.equal((await site.createTenant(frozen, 'after')).status, 200);
    assert.equal(site.executed('POST', '/marked'), 1);
    assert.equal(site.created('marked'), 1);
  },
);

test(
  'R32 a gateway wakes with transactions in every state: it touches none that another one took up',
  options,
  async () => {
    await using site = await startReplicas({
      pair: { workMs: { deployment: 750_000 }, answerDelayMs: 0 },
      settings: { NORTHGATE_ESC_TIMEOUTS_RESPONSE: '20s' },
    });
    const [frozen, other] = await Promise.all([site.gateway({ leaseTtlMs: 3_000 }), site.gateway()]);
    const [sleeper, heir] = [await nameOf(frozen), await nameOf(other)];
    await site.createTenant(frozen, 'shop');
    const deployment = '/ESCManager/v0/shop/deployments/web';
    assert.equal((await site.send(frozen, 'POST', deployment, { body: deploymentXml('web') })).status, 200);
    site.pair.inject({ fault: 'hang', when: 'before', match: { method: 'POST', path: '/unstored' } });
    site.pair.inject({ fault: 'hang', when: 'after', match: { method: 'POST', path: '/stored' } });
    site.pair.inject({ fault: 'delay', when: 'after', delayMs: 500, match: { method: 'POST', path: '/answered' } });
    const ids = ['unstored', 'stored', 'answered'];
    const told = ids.map((id) => site.createTenant(frozen, id));
    const isStored = (): boolean => site.pair.resources().some(({ id }) => id === 'answered');
    await until(() => site.pair.faultsWaiting === 0 && isStored(), 'ESC has them');

    await site.freeze(frozen, sleeper);
    for (const path of ['/web', ...ids.map((id) => `/${id}`)]) {
      await until(async () => (await site.record(path)).owner === heir, `${path} was taken up`);
    }
    await site.settled();
    const before = await Promise.all(ids.map((id) => site.record(`/${id}`)));
    frozen.process.kill('SIGCONT');

    for (const [index, { status, body }] of (await Promise.all(told)).entries()) {
      assert.equal(Math.floor(status / 100), 2, `${ids[index]}: ${status} ${body}`);
    }
    assert.equal((await site.createTenant(frozen, 'after')).status, 200);
    await until(async () => (await site.live()).includes(sleeper), 'it has its lease again');
    for (const [index, id] of ids.entries()) {
      assert.deepEqual(await site.record(`/${id}`), before[index], 'its record is as the other one left it');
      assert.deepEqual([site.created(id), site.executed('POST', `/${id}`)], [1, 1], id);
    }
  },
);

test('R32 what waited for a socket when a gateway froze is not sent by it when it wakes', options, async () => {
  await using site = await startReplicas();
  const [frozen, other] = await Promise.all([site.gateway(), site.gateway()]);
  const [sleeper, heir] = [await nameOf(frozen), await nameOf(other)];
  const reads = { method: 'GET', path: '/images' };
  site.pair.inject({ fault: 'delay', when: 'before', delayMs: 10_000, times: connectionsMax, match: reads });
  const busy = Array.from({ length: connectionsMax }, () => site.send(frozen, 'GET', '/ESCManager/v0/images'));
  await until(() => site.pair.faultsWaiting === 0, 'every connection to ESC is busy');
  const told = site.createTenant(frozen, 'queued');
  assert.equal((await site.record('/queued')).state.status, 'in-flight');

  await site.freeze(frozen, sleeper);
  await until(async () => (await site.record('/queued')).owner === heir, 'it was taken up');
  await site.settled();
  frozen.process.kill('SIGCONT');

  for (const { status } of await Promise.all(busy)) assert.notEqual(status, 0);
  assert.equal(Math.floor((await told).status / 100), 2);
  assert.equal((await site.createTenant(frozen, 'after')).status, 200);
  assert.equal(site.executed('POST', '/queued'), 1);
});

test(
  'R24 R32 what was held when a gateway froze is not abandoned by it when it wakes too late for its client',
  options,
  async () => {
    await using site = await startReplicas({ settings: { NORTHGATE_HOLD_TIMEOUT: '4s' } });
    const [frozen, other] = await Promise.all([
      site.gateway(),
      site.gateway({ settings: { NORTHGATE_HOLD_TIMEOUT: '5m' } }),
    ]);
    const [sleeper, heir] = [await nameOf(frozen), await nameOf(other)];
    await site.shut(frozen, other);
    const receivedAt = Date.now();
    const told = site.createTenant(frozen, 'patient');
    await site.counted('held', 1);
    await site.freeze(frozen, sleeper);
    await until(async () => (await site.record('/patient')).owner === heir, 'it was taken up');
    await until(() => Date.now() > receivedAt + 4_000, 'the time of its client has run out');
    frozen.process.kill('SIGCONT');

    const answer = await told;
    assert.equal(answer.status, 202, `it may still be done: ${answer.body}`);
    await site.pair.proceed();
    await site.settled();
    assert.equal((await site.record('/patient')).state.status, 'completed');
  },
);

test('R5 a gateway that slept through a switchover learns its epoch and serves in it', options, async () => {
  await using site = await startReplicas({ pair: { workMs: { deployment: 750_000 } } });
  const [frozen, other] = await Promise.all([site.gateway(), site.gateway()]);
  const [sleeper, epoch] = [await nameOf(frozen), await site.journal.epoch()];
  await site.freeze(frozen, sleeper);
  await site.pair.switchover('planned');
  await until(async () => (await pairSeenBy(other)).epoch > epoch, 'the one that is awake ended the epoch');
  await site.pair.ready();
  await until(async () => (await pairSeenBy(other)).gate === 'open', 'its gate is open');
  frozen.process.kill('SIGCONT');

  assert.equal((await site.createTenant(frozen, 'after')).status, 200);
  assert.equal((await pairSeenBy(frozen)).epoch, epoch + 1);
  assert.equal(await site.journal.epoch(), epoch + 1, 'one switchover, one epoch more');
  assert.equal((await site.journal.switchovers(9)).length, 1);
});

test('R5 all gateways frozen at once and woken: the epoch ends once', options, async () => {
  await using site = await startReplicas();
  const gateways = await Promise.all([site.gateway(), site.gateway(), site.gateway()]);
  const epoch = await site.journal.epoch();
  const frozenAt = Date.now();
  for (const { process } of gateways) process.kill('SIGSTOP');
  await site.leased(0);
  await site.pair.switchover('planned', { phases: { P0: 0, P1: 0, P2: 0, P3: 0 } });
  await site.pair.failback();
  await site.pair.ready();
  await until(() => Date.now() > frozenAt + 2 * leaseTtlMs, 'they were frozen for longer than a lease');
  for (const { process } of gateways) process.kill('SIGCONT');

  for (const gateway of gateways) {
    await until(async () => (await pairSeenBy(gateway)).epoch > epoch, 'it knows that its epoch ended');
    await until(async () => (await pairSeenBy(gateway)).gate === 'open', 'it serves again');
  }
  assert.equal(await site.journal.epoch(), epoch + 1);
  assert.equal((await site.journal.switchovers(9)).length, 1);
});
