/** When clients are told to come back (contract section 3): held against what really followed, in real seconds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { counted, shut } from '../support/ops.ts';
import { until } from '../support/until.ts';
import { startWorld, type Told, tenantXml, uniqueId, type World } from '../support/world.ts';

const retryAfter = (told: Told): number => {
  assert.match(String(told.headers['retry-after']), /^\d+$/);
  return Number(told.headers['retry-after']);
};

/** A promise of what is held: 202, with the time to ask again. */
async function promise(world: World, id: string): Promise<number> {
  const told = await world.send('POST', `/ESCManager/v0/tenants/${id}`, tenantXml(id), { prefer: 'respond-async' });
  assert.equal(told.status, 202);
  return retryAfter(told);
}

const isShut = (world: World) => until(() => !world.gateway.coordinator.isOpen, 'the gate is shut');

/** A past switchover of so many seconds, as the journal keeps them; `held` were then sent, two a second. */
async function remember(world: World, seconds: number, held = 0): Promise<void> {
  const detectedAt = Date.now() - 3_600_000;
  const readyAt = detectedAt + seconds * 1000;
  const counts = { held, replayed: 0, reconciled: 0, completed: 0, abandoned: 0 };
  const record = { epoch: 0, cause: 'failover', from: null, to: null, ...counts } as const;
  await world.gateway.journal.putSwitchover({ ...record, detectedAt, readyAt, recoveredAt: readyAt + held * 500 });
}

const refused = async (world: World): Promise<number> => retryAfter(await world.createTenant(uniqueId('refused')));

test('the first switchover is expected to take the HA chapter’s minutes, the next one what the last one took', async () => {
  const phases = { P0: 0, P1: 3000, P2: 100, P3: 400 };
  await using world = await startWorld({ pair: { timeScale: 1, phases, peerReturnMs: 0 } });
  await world.pair.switchover('planned', { stopAt: 'P1' });
  await isShut(world);
  const first = await promise(world, 'first');
  assert.ok(first >= 120 && first <= 300, `two to five minutes: ${first} s`);
  await world.pair.proceed();
  await world.open();
  await counted(world, 'completed');

  await world.pair.bringPeerBack();
  await world.pair.switchover('planned');
  await isShut(world);
  let [askedAt, told] = [0, 0];
  await until(async () => {
    askedAt = Date.now();
    told = await promise(world, uniqueId('next'));
    return told < 120;
  }, 'it is known what the last one took');
  await world.open();
  const seconds = (Date.now() - askedAt) / 1000;
  assert.ok(told >= 1 && told <= seconds * 3 + 3, `told ${told} s, it took ${seconds} s`);
});

test('the longer ESC has been away, the sooner is a client asked back', async () => {
  await using world = await startWorld({ settings: { NORTHGATE_HOLD_MAX_REQUESTS: '0' } });
  await remember(world, 24);
  await shut(world);
  let told = 0;
  await until(async () => {
    told = await refused(world);
    return told <= 30;
  }, 'it is known what past ones took');
  assert.ok(told >= 10, `24 s and a quarter by chance, less what has passed: ${told} s`);
  await until(async () => (await refused(world)) < 20, 'it is less, by more than chance');
});

test('a client is asked back sooner when ESC is seen to start', async () => {
  const pair = { timeScale: 1, phases: { P0: 0, P1: 0, P2: 0, P3: 120_000 } };
  await using world = await startWorld({ pair, settings: { NORTHGATE_HOLD_MAX_REQUESTS: '0' } });
  await remember(world, 100);
  await shut(world);
  const before = await refused(world);
  assert.ok(before >= 60, `${before} s`);
  await world.pair.proceed();
  await until(async () => (await refused(world)) <= 32, 'with INIT it is a quarter of the whole at most');
});

test('clients refused in the same instant are not asked back in the same second', async () => {
  await using world = await startWorld({ settings: { NORTHGATE_HOLD_MAX_REQUESTS: '0' } });
  await shut(world);
  const seconds = await Promise.all(Array.from({ length: 40 }, () => refused(world)));
  assert.ok(new Set(seconds).size >= 5, seconds.join(' '));
});

test('a status resource is asked again soon while ESC works, and more seldom while it is away', async () => {
  await using world = await startWorld({ pair: { workMs: { tenant: 1_000_000 } } });
  const told = await world.createTenant('slow');
  const path = `/northgate/v1/transactions/${told.headers['northgate-transaction']}`;
  const working = retryAfter(await world.send('GET', path));
  assert.ok(working >= 1 && working <= 4, `${working} s`);
  await shut(world);
  const away = retryAfter(await world.send('GET', path));
  assert.ok(away >= 30 && away <= 75, `${away} s`);
});

test('an operator’s hold and a drain have their own times', async () => {
  await using world = await startWorld();
  world.gateway.coordinator.byHand('holding');
  const held = await promise(world, 'by-hand');
  assert.ok(held >= 60 && held <= 75, `a person’s time: ${held} s`);
  world.gateway.coordinator.byHand('draining');
  const drained = await world.createTenant('elsewhere');
  assert.equal(drained.status, 503);
  assert.ok(retryAfter(drained) <= 3, 'another replica takes it at once');
});

test('what waits already is counted in, at the pace of past replays', async () => {
  await using world = await startWorld({ settings: { NORTHGATE_HOLD_MAX_REQUESTS: '40' } });
  await remember(world, 100, 20);
  const { coordinator } = world.gateway;
  for (const mode of ['holding', 'open', 'holding'] as const) coordinator.byHand(mode);
  for (let each = 0; each < 40; each += 1) await promise(world, `held-${each}`);
  await until(async () => (await refused(world)) >= 80, 'a person’s time and forty at half a second');
});
