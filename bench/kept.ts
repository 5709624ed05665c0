/**
 * How costs grow with the number of settled transactions that are kept: journals of 10^3 to 10^6 beside each other, with a
 * gateway each, measured in turns that rotate. After each turn a journal is pruned to what it had, oldest first.
 */
import { printTable, say } from './figures.ts';
import { bodyBytes, type FilledPlace, keptFor, largestKept, openFilled, settledSpan } from './filled-place.ts';
import { KeptFigures } from './kept-figures.ts';
import { pageTimes } from './kept-pages.ts';
import type { Looped } from './load-process.ts';
import { sized } from './size.ts';
import { hasRedis, type MeasuredGateway, Stage, type Store, until } from './stage.ts';

const sizes = sized([1_000, 10_000, 100_000, largestKept], [largestKept]);
const storesAsked: readonly Store[] = hasRedis ? ['sqlite', 'redis everysec'] : ['sqlite'];
const openCount = sized(1_000, 10);
const startRounds = sized(3, 1);
const connectionCount = sized(32, 4);
const warmUpMs = sized(1_000, 50);
const roundMs = sized(1_000, 50);
const rounds = sized(7, 1);
const pageRounds = sized(5, 1);

interface Measured extends FilledPlace {
  readonly figures: KeptFigures;
}

export async function measureKept(): Promise<void> {
  for (const store of storesAsked) {
    await using filled = new AsyncDisposableStack();
    const all: Measured[] = [];
    for (const settled of sizes) {
      const one = await openFilled(store, { settled, held: openCount, span: settledSpan() });
      filled.use(one.place);
      if (one.redis !== null) filled.use(one.redis);
      all.push({ ...one, figures: new KeptFigures() });
    }
    await using stage = new Stage();
    await stage.be({ health: 'away' });
    await measureStarts(stage, all, `start, ${openCount} open to take up, ms`);
    await measureRunning(stage, all);
    await stage.be({ health: 'away' });
    await measureStarts(stage, all, 'start, nothing open, ms');
    print(store, all);
  }
}

const rotated = <Each>(all: readonly Each[], by: number): Each[] => [
  ...all.slice(by % all.length),
  ...all.slice(0, by % all.length),
];

/** ESC is away, so what is open is taken up and stays; each start finds it again. */
async function measureStarts(stage: Stage, all: readonly Measured[], name: string): Promise<void> {
  for (let round = 0; round < startRounds; round += 1) {
    for (const { place, figures } of rotated(all, round)) {
      await using gateway = await stage.startGatewayAt(place, keptFor);
      figures.add(name, gateway.startedMs);
    }
  }
  say(`kept: ${name}: measured`);
}

async function measureRunning(stage: Stage, all: readonly Measured[]): Promise<void> {
  await using running = new AsyncDisposableStack();
  await stage.be({ health: 'ready' });
  const gateways = new Map<Measured, MeasuredGateway>();
  for (const each of all) {
    const gateway = running.use(await stage.startGatewayAt(each.place, keptFor));
    gateways.set(each, gateway);
    await until(async () => (await gateway.state()).isOpen && (await gateway.count('held')) === 0, 'nothing is held');
  }
  await measurePages([...gateways]);
  for (const [each, gateway] of gateways) {
    await stage.load.ask('connect', { port: gateway.port, count: connectionCount });
    await stage.load.ask('closedLoop', { port: gateway.port, method: 'POST', forMs: warmUpMs });
    await pruneToSize(each, gateway);
  }
  for (let round = 0; round < rounds; round += 1) {
    say(`kept: round ${round + 1} of ${rounds}`);
    for (const [each, gateway] of rotated([...gateways], round)) {
      await loadRound(stage, each, gateway);
      const { removed, tookMs } = await pruneToSize(each, gateway);
      each.figures.add('prune, ms a thousand', (tookMs * 1000) / removed);
    }
  }
}

/** Before there is any load, which turns out what was filled in; the first round is to get warm. */
async function measurePages(all: readonly (readonly [Measured, MeasuredGateway])[]): Promise<void> {
  for (let round = 0; round <= pageRounds; round += 1) {
    for (const [{ figures }, gateway] of rotated(all, round)) {
      const times = await pageTimes(await gateway.child.ask<number>('opsPort'));
      if (round > 0) for (const [name, ms] of times) figures.add(name, ms);
    }
  }
}

async function loadRound(stage: Stage, { redis, figures }: Measured, { port, usage }: MeasuredGateway): Promise<void> {
  const redisMicros = async (): Promise<number> => (await redis?.cpuMicros()) ?? 0;
  const [before, redisBefore] = [await usage(false), await redisMicros()];
  const beganAt = performance.now();
  const looped = await stage.load.ask<Looped>('closedLoop', { port, method: 'POST', forMs: roundMs });
  const tookMs = performance.now() - beganAt;
  const [after, redisAfter] = [await usage(false), await redisMicros()];
  const { answers, failures, p50Ms, p99Ms } = looped;
  if (failures > 0) throw new Error(`${failures} of ${answers} answers were no 2xx`);
  figures.add('transactions a second', (answers / tookMs) * 1000);
  figures.add('gateway CPU a transaction, us', (after.cpuMicros - before.cpuMicros) / answers);
  if (redis !== null) figures.add('Redis CPU a transaction, us', (redisAfter - redisBefore) / answers);
  figures.add('p50, ms', p50Ms);
  figures.add('p99, ms', p99Ms);
}

async function pruneToSize(
  { settled }: FilledPlace,
  { child }: MeasuredGateway,
): Promise<{ removed: number; tookMs: number }> {
  const counts = await child.ask<Record<string, number>>('counts');
  const kept = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const beganAt = performance.now();
  const removed = await child.ask<number>('prune', Math.max(1, kept - settled));
  return { removed, tookMs: performance.now() - beganAt };
}

function print(store: Store, all: readonly Measured[]): void {
  const names = [...(all[0]?.figures.names() ?? [])];
  const [smallest, largest] = [all[0], all.at(-1)];
  printTable(
    `${store}: with so many settled transactions of ${bodyBytes / 1024} KB kept; median [least..most]`,
    ['', ...all.map(({ settled }) => settled.toLocaleString('en')), 'most to least'],
    names.map((name) => [
      name,
      ...all.map(({ figures }) => figures.spread(name)),
      largest === undefined || smallest === undefined ? '' : largest.figures.ratioTo(smallest.figures, name),
    ]),
  );
}
