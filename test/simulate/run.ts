/** One seed, from its start to its verdict. The same seed gives the same story, to the byte. */
import { createHash } from 'node:crypto';
import type { Config } from '../../src/config/schema.ts';
import { audit } from '../chaos/audit.ts';
import { Orchestrator } from '../chaos/orchestrator.ts';
import type { Receiver } from '../chaos/receiver.ts';
import { storyOf } from '../chaos/story.ts';
import { runAs } from './clock.ts';
import { enter } from './edges/world.ts';
import { rule } from './globals.ts';
import { isExcused, isOfLostRole } from './limits.ts';
import { isByPerson } from './operators.ts';
import { authorizationOf, read } from './readers.ts';
import { settle } from './settling.ts';
import { makeTrouble } from './troubles.ts';
import { World } from './world.ts';

export interface Verdict {
  readonly seed: number;
  /** Empty: every promise was kept. Each is a story for people. */
  readonly violations: readonly string[];
  readonly transactions: number;
  readonly switchovers: number;
  readonly steps: number;
  readonly virtualMs: number;
  /** Of all that happened, if it was told. */
  readonly story: readonly string[];
  readonly digest: string;
}

const troubleMs = 15_000;
const quietMs = 1_500;
const clientsMax = 5;
const readers = 2;
/** How long clients follow what they began when the trouble is over. */
const clientsFollowMs = 5_000;

export interface RunOptions {
  readonly config: Config;
  readonly isTold: boolean;
  /** Ends as soon as a promise is broken. */
  readonly untilBroken: boolean;
}

export async function runSeed(seed: number, { config, isTold, untilBroken }: RunOptions): Promise<Verdict> {
  const world = new World(seed, { config, isTold });
  const { clock } = world;
  const startedAt = clock.now;
  const chance = world.random.fork();
  rule({ clock, chance: () => chance.next() });
  enter(world);
  let isOver = false;
  const onDefect = (error: unknown): void => {
    world.complain('a defect', error instanceof Error ? (error.stack ?? error.message) : String(error));
  };
  process.on('uncaughtException', onDefect);
  process.on('unhandledRejection', onDefect);
  try {
    runAs(null, () => {
      course(world).then(
        () => {
          isOver = true;
        },
        (error: unknown) => {
          onDefect(error);
          isOver = true;
        },
      );
    });
    const isBroken = (): boolean => untilBroken && world.violations.length > 0;
    await clock.run(() => isOver || isBroken(), onDefect);
    if (!isOver && !isBroken()) world.complain('the world stands still', `after ${clock.steps} steps`);
  } finally {
    process.off('uncaughtException', onDefect);
    process.off('unhandledRejection', onDefect);
    world.close();
    enter(null);
    rule(null);
  }
  const violations = world.violations.map(({ rule: broken, says, transaction }) =>
    says.startsWith('VIOLATION') ? says : `VIOLATION: ${broken}: ${says} ${transaction ?? ''}`,
  );
  return {
    seed,
    violations,
    transactions: world.server.records.size,
    switchovers: world.pair.switchovers,
    steps: clock.steps,
    virtualMs: Math.round(clock.now - startedAt),
    story: world.story,
    digest: createHash('sha256').update(world.story.join('\n')).digest('hex'),
  };
}

async function course(world: World): Promise<void> {
  const { clock, random, replicas, orders } = world;
  let isStopped = false;
  let giveUpAt = Number.POSITIVE_INFINITY;
  let clientsLeft = 0;
  for (const replica of replicas) {
    replica.start();
    await clock.pause(random.between(0, 400));
  }
  await clock.pause(quietMs);
  const receiver = {
    hasHeard: (order: string, event: string) =>
      world.heard.some((each) => each.order === order && each.event === event),
  } as Receiver;
  const clients = 2 + Math.floor(random.between(0, clientsMax - 1));
  for (let index = 0; index < clients; index += 1) {
    const authorization = authorizationOf(`c${index}`);
    const orchestrator = new Orchestrator({
      name: `c${index}`,
      random: random.fork(),
      calling: { port: 0, callbackPort: 0, authorization },
      receiver,
      orders,
      isStopped: () => isStopped,
      giveUpAt: () => giveUpAt,
    });
    clientsLeft += 1;
    void orchestrator.run().finally(() => {
      clientsLeft -= 1;
    });
  }
  for (let left = readers; left > 0; left -= 1) {
    clientsLeft += 1;
    void read(world, random.fork(), () => isStopped).finally(() => {
      clientsLeft -= 1;
    });
  }
  world.isTroubled = true;
  await makeTrouble(world, random.fork(), troubleMs);
  world.isTroubled = false;
  world.tell('the trouble is over');
  await clock.pause(random.between(0, 2_000));
  isStopped = true;
  giveUpAt = clock.now + clientsFollowMs;
  const ledgers = await settle(world, () => clientsLeft === 0);
  for (const found of audit(ledgers)) {
    const { records, loss } = world.server;
    if (isExcused(found, ledgers, records) || isByPerson(found, records) || loss.excuses(found)) continue;
    if (isOfLostRole(found, ledgers, world.withoutRole)) continue;
    world.tell('VIOLATION', found.rule, found.says, found.transaction ?? '');
    world.violations.push({ ...found, says: storyOf(found, ledgers) });
  }
}
