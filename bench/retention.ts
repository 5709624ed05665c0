/**
 * Whether pruning holds Redis up: of 10^6 expired transactions many are removed as fast as one process does it, while a
 * gateway does transactions at a fixed rate and a client asks PING each millisecond. The same without pruning stands
 * before each; the rewriting of the log, which forks the server, stands at the end.
 */
import { type Child, startChild } from './child.ts';
import { median, printTable, say } from './figures.ts';
import { keptFor, largestKept, openFilled, startKeeper } from './filled-place.ts';
import type { Pruning } from './keeper-process.ts';
import type { Looped } from './load-process.ts';
import { longMs, type Pinged } from './ping-process.ts';
import type { RedisFigures } from './redis-figures.ts';
import { sized } from './size.ts';
import { hasRedis, Stage, until } from './stage.ts';

const dayMs = 24 * 60 * 60 * 1000;
const perSecond = 300;
const connectionCount = sized(32, 4);
const sliceMs = sized(1_000, 50);
const calmSlices = sized(15, 1);
const prunedCount = largestKept / 5;
const slowerThanMicros = 1000;
const slowLogMax = 100_000;

interface Place {
  readonly stage: Stage;
  readonly redis: RedisFigures;
  readonly pinger: Child;
  readonly gatewayPort: number;
  readonly rows: string[][];
}

export async function measureRetention(): Promise<void> {
  if (!hasRedis) return;
  await using all = new AsyncDisposableStack();
  const now = Date.now();
  const span = { from: now - 60 * dayMs, until: now - 30 * dayMs };
  const { place, redis } = await openFilled('redis everysec', { settled: largestKept, held: 0, span });
  all.use(place);
  if (place.redis === null || redis === null) return;
  all.use(redis);
  const stage = all.use(new Stage());
  const gateway = all.use(await stage.startGatewayAt(place, keptFor));
  await until(async () => (await gateway.state()).isOpen, 'the gate is open');
  const keeper = all.use(await startKeeper(place));
  const pinger = all.use(startChild('ping-process', 'own'));
  await stage.load.ask('connect', { port: gateway.port, count: connectionCount });
  await redis.set('slowlog-log-slower-than', String(slowerThanMicros));
  await redis.set('slowlog-max-len', String(slowLogMax));
  await redis.set('latency-monitor-threshold', '1');
  await pinger.ask('begin', place.redis.port);
  const here: Place = { stage, redis, pinger, gatewayPort: gateway.port, rows: [] };
  const prune = (limit: number): Promise<number> =>
    keeper.ask('prune', { doneBefore: now - dayMs, limit } satisfies Pruning);
  await window(here, 'warm-up', null);
  here.rows.length = 0;
  for (const appendfsync of ['everysec', 'always']) {
    await redis.set('appendfsync', appendfsync);
    await window(here, `${appendfsync}: no pruning`, null);
    await window(here, `${appendfsync}: ${prunedCount} are pruned`, () => prune(prunedCount));
  }
  await redis.set('appendfsync', 'everysec');
  await redis.beginRewrite();
  const rewritten = until(async () => !(await redis.isRewriting()), 'the log is rewritten');
  await window(here, 'everysec: the log is rewritten', () => rewritten);
  printRows(here.rows, await redis.forkMs());
}

/** From the beginning of `work` to its end, in whole slices of load; without work, some slices of nothing but load. */
async function window(here: Place, name: string, work: (() => Promise<unknown>) | null): Promise<void> {
  const { stage, redis, pinger, gatewayPort, rows } = here;
  await pinger.ask('pinged');
  await redis.slowCommands();
  await redis.latencies();
  const beganAt = performance.now();
  let isDone = false;
  const worked = work?.().then((removed) => {
    isDone = true;
    return removed;
  });
  const slices: Looped[] = [];
  do {
    const given = { port: gatewayPort, method: 'POST', forMs: sliceMs, perSecond, isEachTold: true };
    slices.push(await stage.load.ask<Looped>('openLoop', given));
  } while (work === null ? slices.length < calmSlices : !isDone);
  const pinged = await pinger.ask<Pinged>('pinged');
  const removed = await worked;
  const tookS = (performance.now() - beganAt) / 1000;
  say(`retention: ${name}: ${tookS.toFixed(1)} s${typeof removed === 'number' ? `, ${removed} removed` : ''}`);
  rows.push([name, tookS.toFixed(1), ...pingCells(pinged), ...loadCells(slices), ...(await slowCells(redis))]);
}

const pingCells = ({ count, p50Ms, p99Ms, longestMs, long }: Pinged): string[] => [
  String(count),
  `${p50Ms.toFixed(2)}, ${p99Ms.toFixed(2)}, ${longestMs.toFixed(1)}`,
  String(long),
];

function loadCells(slices: readonly Looped[]): string[] {
  const failures = slices.reduce((sum, each) => sum + each.failures, 0);
  const sorted = Float64Array.from(slices.flatMap(({ timesMs }) => timesMs)).sort();
  const quantile = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(1);
  return [`${quantile(0.5)}, ${quantile(0.99)}, ${quantile(1)}`, `${failures} of ${sorted.length}`];
}

async function slowCells(redis: RedisFigures): Promise<string[]> {
  const slow = await redis.slowCommands();
  const longest = slow.reduce((most, { ms }) => Math.max(most, ms), 0);
  const steps = slow.filter(({ command }) => command === 'prune.lua').map(({ ms }) => ms);
  const commands = new Map<string, number[]>();
  for (const { command, ms } of slow) {
    commands.set(command, [...(commands.get(command) ?? []), ms]);
  }
  const told = [...commands].map(([name, ms]) => `${name} ${ms.length} × up to ${Math.max(...ms).toFixed(1)}`);
  say(`  slower than ${slowerThanMicros / 1000} ms: ${told.join('; ')}; LATENCY: ${await redis.latencies()}`);
  return [String(slow.length), longest.toFixed(1), steps.length === 0 ? '' : median(steps).toFixed(1)];
}

function printRows(rows: readonly string[][], forkMs: number): void {
  printTable(
    `${perSecond} transactions a second and a PING each millisecond; the fork for the log took ${forkMs.toFixed(0)} ms`,
    [
      ...['', 'seconds', 'PINGs', 'p50, p99, longest, ms', `longer than ${longMs} ms`],
      ...[
        'transaction p50, p99, longest, ms',
        'not 2xx',
        `commands over ${slowerThanMicros / 1000} ms`,
        'longest, ms',
        'median of those of pruning, ms',
      ],
    ],
    rows,
  );
}
