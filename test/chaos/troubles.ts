/**
 * What may happen to the parts, and one seed's choice of it: replicas killed, frozen and ended, Redis killed and frozen,
 * switchovers of all six causes, crash points and faults of the pair, receivers that are down. Each is over by itself.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type CrashPoint, crashPoints, type Injection, type Match } from '../../src/sim/faults.ts';
import { type Cause, causes } from '../../src/sim/takeover.ts';
import type { Random } from './random.ts';
import type { ReceiverMode } from './receiver.ts';
import type { LinkState } from './redis-link.ts';
import type { Replica } from './replica.ts';
import { leaseMs, type Stage } from './stage.ts';

type Trouble = (stage: Stage, random: Random) => Promise<void>;
type Chosen<Item> = [Item, ...Item[]];

const allCauses = Object.keys(causes) as Chosen<Cause>;

const matches: Chosen<Match> = [
  { method: 'POST', path: 'tenants' },
  { method: 'POST', path: 'networks' },
  { method: 'POST', path: /\/deployments\/s/ },
  { method: 'POST', path: 'service' },
  { method: 'PUT' },
  { method: 'DELETE', path: 'networks' },
  { method: 'DELETE', path: 'deployments' },
];

const injections: Chosen<Injection> = [
  { fault: 'reset', when: 'before' },
  { fault: 'reset', when: 'after' },
  { fault: 'close', when: 'before' },
  { fault: 'close', when: 'after' },
  { fault: 'hang', when: 'before' },
  { fault: 'hang', when: 'after' },
  { fault: 'cut' },
  { fault: 'junk' },
  { fault: 'delay', when: 'before', delayMs: 100 },
  { fault: 'delay', when: 'after', delayMs: 300 },
  { fault: 'status', status: 404, html: true },
];

/** One that nothing is being done to. Null: all are busy. */
function idle({ replicas }: Stage, random: Random): Replica | null {
  const [first, ...rest] = replicas.filter(({ isBusy }) => !isBusy);
  return first === undefined ? null : random.pick([first, ...rest]);
}

const toReplica =
  (what: string, act: (replica: Replica, random: Random) => Promise<void>): Trouble =>
  async (stage, random) => {
    const replica = idle(stage, random);
    if (replica === null) return;
    replica.isBusy = true;
    const disturbance = stage.disturb(`${replica.options.name} ${what}`, true);
    await act(replica, random);
    disturbance.to = Date.now();
    replica.isBusy = false;
  };

const killed = toReplica('is killed', async (replica, random) => {
  await replica.kill();
  await pause(random.between(0, 2_500));
  replica.start();
});

const frozen = toReplica('is frozen', async (replica, random) => {
  replica.freeze();
  await pause(leaseMs * random.between(0.5, 3));
  replica.thaw();
});

const ended = toReplica('is told to end', async (replica, random) => {
  await replica.terminate();
  await pause(random.between(0, 1_000));
  replica.start();
});

const cutOff = toReplica('is cut off from Redis', async ({ options: { link } }, random) => {
  link.become(random.pick<LinkState>(['reset', 'silent']));
  await pause(leaseMs * random.between(0.2, 2.5));
  link.become('whole');
});

let isRedisBusy = false;

const toRedis =
  (what: string, act: (stage: Stage, random: Random) => Promise<void>): Trouble =>
  async (stage, random) => {
    if (isRedisBusy) return;
    isRedisBusy = true;
    const disturbance = stage.disturb(`Redis ${what}`, true);
    await act(stage, random);
    disturbance.to = Date.now();
    isRedisBusy = false;
  };

const redisFrozen = toRedis('is frozen', async ({ redis }, random) => {
  redis.stop();
  await pause(random.between(300, 4_000));
  redis.cont();
});

const redisKilled = toRedis('is killed', async ({ redis }, random) => {
  await redis.kill9();
  await pause(random.between(0, 2_000));
  await redis.restart();
});

const switchover: Trouble = async (stage, random) => {
  const cause = random.pick(allCauses);
  const disturbance = stage.disturb(`switchover, ${cause}`, false);
  await stage.pair.switchover(cause);
  await stage.pair.ready();
  disturbance.to = Date.now();
};

/** What clients of the VIP sent meanwhile and did not reset arrives when it is over. */
const pathCut: Trouble = async (stage, random) => {
  const disturbance = stage.disturb('the path to the VIP is cut', false);
  stage.pair.cutPath();
  await pause(random.between(200, 3_000));
  stage.pair.healPath();
  disturbance.to = Date.now();
};

const maintenance: Trouble = async (stage, random) => {
  const disturbance = stage.disturb('ESC is in maintenance', false);
  stage.pair.maintenance(true);
  await pause(random.between(200, 2_000));
  stage.pair.maintenance(false);
  disturbance.to = Date.now();
};

const crash: Trouble = async (stage, random) => {
  const point: CrashPoint = random.pick(crashPoints as Chosen<CrashPoint>);
  const [match, cause] = [random.pick(matches), random.pick(allCauses)];
  stage.disturb(`the pair is to crash (${cause}) ${point} of ${match.method} ${match.path ?? ''}`, false).to =
    Date.now();
  stage.pair.crashAt(point, match, { cause });
};

const fault: Trouble = async (stage, random) => {
  const [injection, match] = [random.pick(injections), random.pick(matches)];
  stage.disturb(`a fault: ${JSON.stringify(injection)} to ${match.method} ${match.path ?? ''}`, false).to = Date.now();
  stage.pair.inject({ ...injection, match });
};

/** Only of networks: what failed at the VIM and what a crash left there are then never one. */
const workFailure: Trouble = async (stage) => {
  stage.disturb('a network cannot be made', false).to = Date.now();
  stage.pair.inject({ fault: 'work-failure', match: { method: 'POST', path: 'networks' } });
};

const deafness: Trouble = async (stage, random) => {
  const mode = random.pick<ReceiverMode>(['refusing', 'answering-503']);
  const disturbance = stage.disturb(`the receiver is ${mode}`, true);
  await stage.load.receive(mode);
  await pause(random.between(500, 4_000));
  await stage.load.receive('up');
  disturbance.to = Date.now();
};

const troubles: Chosen<readonly [weight: number, trouble: Trouble]> = [
  [3, killed],
  [3, frozen],
  [2, ended],
  [3, cutOff],
  [1.5, redisFrozen],
  [1.5, redisKilled],
  [4, switchover],
  [4, crash],
  [6, fault],
  [1, workFailure],
  [1, pathCut],
  [0.7, maintenance],
  [1.5, deafness],
];

/** Makes trouble until `untilAt`; resolves when all of it is over, and none waits any more. */
export async function makeTrouble(stage: Stage, random: Random, untilAt: number): Promise<void> {
  const underWay = new Set<Promise<void>>();
  while (Date.now() < untilAt) {
    await pause(random.between(100, 1_500));
    const trouble = drawn(random)(stage, random.fork());
    underWay.add(trouble);
    // A trouble that cannot be made is the runner's own failure, told at the end.
    trouble.then(
      () => underWay.delete(trouble),
      () => undefined,
    );
  }
  await Promise.all(underWay);
  stage.pair.clearFaults();
  await stage.pair.ready();
}

function drawn(random: Random): Trouble {
  let left = random.next() * troubles.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, trouble] of troubles) {
    left -= weight;
    if (left < 0) return trouble;
  }
  return switchover;
}
