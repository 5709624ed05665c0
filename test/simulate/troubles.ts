/**
 * What may happen to the parts of the world, and one seed's choice of it. Each trouble is over by itself; the small ones
 * of network and journal happen all the while (`lines.ts`, `journal-link.ts`).
 */
import { type CrashPoint, crashPoints, type Injection, type Match } from '../../src/sim/faults.ts';
import { type Cause, causes } from '../../src/sim/takeover.ts';
import type { Random } from '../chaos/random.ts';
import type { LinkState } from './journal-link.ts';
import { act, gateByHand } from './operators.ts';
import { misuse } from './readers.ts';
import type { Replica } from './replica.ts';
import { leaseMs } from './times.ts';
import type { World } from './world.ts';

type Trouble = (world: World, random: Random) => Promise<void>;
type Chosen<Item> = readonly [Item, ...Item[]];

const allCauses = Object.keys(causes) as unknown as Chosen<Cause>;

const matches: Chosen<Match> = [
  { method: 'POST', path: 'tenants' },
  { method: 'POST', path: 'networks' },
  { method: 'POST', path: /\/deployments\/s/ },
  { method: 'POST', path: 'service' },
  { method: 'PUT' },
  { method: 'DELETE', path: 'tenants' },
  { method: 'DELETE', path: 'networks' },
  { method: 'DELETE', path: 'deployments' },
  { method: 'GET', path: 'tenants' },
  { method: 'GET', path: 'deployments' },
];

const injections: Chosen<Injection> = [
  { fault: 'reset', when: 'before' },
  { fault: 'reset', when: 'after' },
  { fault: 'hang', when: 'before' },
  { fault: 'hang', when: 'after' },
  { fault: 'cut' },
  { fault: 'junk' },
  { fault: 'delay', when: 'before', delayMs: 200 },
  { fault: 'delay', when: 'after', delayMs: 700 },
  { fault: 'status', status: 404, html: true },
  { fault: 'status', status: 503, html: true },
];

async function readyAgain({ pair, clock }: World): Promise<void> {
  while (pair.cluster.phase !== 'P4') await clock.pause(50);
}

const toReplica =
  (what: string, act: (replica: Replica, world: World, random: Random) => Promise<void>): Trouble =>
  async (world, random) => {
    const [first, ...rest] = world.replicas.filter(({ isBusy }) => !isBusy);
    if (first === undefined) return;
    const replica = random.pick([first, ...rest]);
    replica.isBusy = true;
    const disturbance = world.disturb(`${replica.name} ${what}`, true);
    await act(replica, world, random);
    disturbance.to = Math.floor(world.clock.now);
    replica.isBusy = false;
  };

const killed = toReplica('is killed', async (replica, { clock }, random) => {
  replica.kill();
  await clock.pause(random.between(0, 2 * leaseMs));
  replica.start();
});

const frozen = toReplica('is frozen', async ({ owner }, { clock }, random) => {
  clock.freeze(owner);
  await clock.pause(random.isLucky(0.4) ? random.between(1, 400) : leaseMs * random.between(0.3, 3));
  clock.thaw(owner);
});

const ended = toReplica('is told to end', async (replica, { clock }, random) => {
  await replica.stop();
  await clock.pause(random.between(0, 1_000));
  if (replica.owner.isDead) replica.start();
});

const cutOff = toReplica('is cut off from the journal', async (replica, { clock }, random) => {
  const { link } = replica;
  link?.become(random.pick<LinkState>(['reset', 'silent']));
  await clock.pause(leaseMs * random.between(0.1, 2.5));
  link?.become('whole');
});

const toJournal =
  (what: string, act: (world: World, random: Random) => Promise<void>): Trouble =>
  async (world, random) => {
    if (world.isJournalBusy) return;
    world.isJournalBusy = true;
    const disturbance = world.disturb(`the journal ${what}`, true);
    await act(world, random);
    world.isJournalBusy = false;
    disturbance.to = Math.floor(world.clock.now);
  };

const journalFrozen = toJournal('is frozen', async ({ server, clock }, random) => {
  server.freeze();
  await clock.pause(random.between(100, 2 * leaseMs));
  server.run();
});

const journalKilled = toJournal('is killed', async ({ server, clock }, random) => {
  server.kill();
  await clock.pause(random.between(0, leaseMs));
  server.run();
});

/** Who knows what was lost writes it back (R34): so nothing befalls any replica meanwhile. */
const journalForgets = toJournal('comes back without what it confirmed', async (world, random) => {
  const { server, clock, replicas } = world;
  if (replicas.some(({ isBusy, isListening }) => isBusy || !isListening)) return;
  for (const replica of replicas) replica.isBusy = true;
  // What one knew that has ended, nobody does.
  const isAll = replicas.every(({ starts }) => starts === 1) && random.isLucky(0.5);
  server.loss.keep();
  await clock.pause(random.between(20, 1_500));
  server.kill();
  await clock.pause(random.between(0, leaseMs));
  server.lose(isAll);
  const { mishapShare } = server;
  // Who cannot write back within a lease is waited for by nobody.
  server.mishapShare = 0;
  server.run();
  await clock.pause(3 * leaseMs);
  server.mishapShare = mishapShare;
  for (const replica of replicas) replica.isBusy = false;
});

const switchover: Trouble = async (world, random) => {
  const cause = random.pick(allCauses);
  const disturbance = world.disturb(`switchover, ${cause}`, false);
  const leftover = random.pick(['stuck', 'error'] as const);
  await world.pair.switchover(cause, { leftover });
  // One on the heels of the other, as flapping does.
  if (random.isLucky(0.15)) {
    await world.clock.pause(random.between(0, 1_500));
    await world.pair.switchover(random.pick(allCauses));
  }
  await readyAgain(world);
  disturbance.to = Math.floor(world.clock.now);
};

/** The node serves nothing meanwhile and does late what had reached it. */
const nodeFrozen: Trouble = async (world, random) => {
  const { cluster } = world.pair;
  if (cluster.phase !== 'P4') return;
  const disturbance = world.disturb('the active node is frozen', false);
  const node = cluster.active;
  cluster.freeze(node);
  await world.clock.pause(random.between(50, 2_500));
  if (cluster.active !== node) world.withoutRole.push({ node: node.address, since: Math.floor(world.clock.now) });
  if (node.life?.isFrozen === true) cluster.thaw(node);
  disturbance.to = Math.floor(world.clock.now);
};

/** What clients of the VIP sent meanwhile and did not reset arrives when it is over, or somewhat later. */
const pathCut: Trouble = async (world, random) => {
  const { lines, clock } = world;
  if (lines.isPathCut) return;
  const disturbance = world.disturb('the path to the VIP is cut', false);
  const cutMs = random.between(100, 4_000);
  lines.cutPath();
  await clock.pause(cutMs);
  lines.healPath(cutMs);
  disturbance.to = Math.floor(clock.now);
};

const maintenance: Trouble = async (world, random) => {
  const disturbance = world.disturb('ESC is in maintenance', false);
  world.pair.isInMaintenance = true;
  await world.clock.pause(random.between(200, 3_000));
  world.pair.isInMaintenance = false;
  disturbance.to = Math.floor(world.clock.now);
};

const crash: Trouble = async (world, random) => {
  const point: CrashPoint = random.pick(crashPoints as unknown as Chosen<CrashPoint>);
  const [match, cause] = [random.pick(matches), random.pick(allCauses)];
  world.disturb(`the pair is to crash (${cause}) ${point} of ${match.method} ${match.path ?? ''}`, false).to =
    Math.floor(world.clock.now);
  world.pair.faults.crashAt({ point, match, cause });
};

const fault: Trouble = async (world, random) => {
  const injection = random.pick(injections);
  const match = random.pick(matches);
  world.disturb(`a fault: ${JSON.stringify(injection)} to ${match.method} ${match.path ?? ''}`, false).to = Math.floor(
    world.clock.now,
  );
  world.pair.faults.inject({ ...injection, match });
};

/** Only of networks: what failed at the VIM and what a crash left there are then never one. */
const workFailure: Trouble = async (world) => {
  world.disturb('a network cannot be made', false).to = Math.floor(world.clock.now);
  world.pair.faults.inject({ fault: 'work-failure', match: { method: 'POST', path: 'networks' } });
};

const deafness: Trouble = async (world, random) => {
  const mode = random.pick(['refusing', 'answering-503'] as const);
  const disturbance = world.disturb(`the receiver is ${mode}`, true);
  world.receiverMode = mode;
  await world.clock.pause(random.between(300, 4_000));
  world.receiverMode = 'up';
  disturbance.to = Math.floor(world.clock.now);
};

const troubles: Chosen<readonly [weight: number, trouble: Trouble]> = [
  [3, killed],
  [4, frozen],
  [1.5, ended],
  [3, cutOff],
  [1, journalFrozen],
  [1, journalKilled],
  [1, journalForgets],
  [8, switchover],
  [4, crash],
  [5, fault],
  [1, workFailure],
  [1.5, pathCut],
  [1, nodeFrozen],
  [0.7, maintenance],
  [1, deafness],
  [4, act],
  [1, gateByHand],
  [1.5, misuse],
];

/** Makes trouble for so long; resolves when all of it is over, and none waits any more. */
export async function makeTrouble(world: World, random: Random, forMs: number): Promise<void> {
  const { clock, pair } = world;
  const untilAt = clock.now + forMs;
  // Some seeds have much of one thing and nothing of another: what hides in the mixture shows there.
  const weights = troubles.map(([weight, trouble]) => {
    const share = random.pick([0, 0, 1, 1, 4] as const);
    return weight * (trouble === switchover ? Math.max(1, share) : share);
  });
  const underWay: Promise<void>[] = [];
  while (clock.now < untilAt) {
    await clock.pause(random.between(50, 1_200));
    underWay.push(drawn(random, weights)(world, random.fork()));
  }
  await Promise.all(underWay);
  pair.faults.clear();
  await readyAgain(world);
}

function drawn(random: Random, weights: readonly number[]): Trouble {
  let left = random.next() * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [index, [, trouble]] of troubles.entries()) {
    left -= weights[index] ?? 0;
    if (left < 0) return trouble;
  }
  return switchover;
}
