/**
 * What a transaction costs when 1, 2 and 4 gateways share one Redis: CPU time of the gateways and of Redis, rate and
 * time to answer, with as many connections in all each time. Each number of gateways has a Redis of its own, so that who
 * is not measured stands still; turns alternate and rotate. On two cores it cannot show that more gateways do more.
 */
import { type Child, startChild } from './child.ts';
import { median, printTable, ratios, say, spread } from './figures.ts';
import type { Looped } from './load-process.ts';
import { RedisFigures } from './redis-figures.ts';
import { sized } from './size.ts';
import { hasRedis, type MeasuredGateway, openPlace, Stage, type Store, until } from './stage.ts';

const gatewayCounts = sized([1, 2, 4], [1, 2]);
const storesAsked = sized<readonly Store[]>(['redis always', 'redis everysec'], ['redis always']);
const connectionCount = sized(64, 4);
const warmUpMs = sized(2_000, 50);
const roundMs = sized(2_000, 100);
const rounds = sized(7, 1);
const openLoopRounds = sized(5, 1);
const openLoopPerSecond = 300;

interface Variant {
  readonly store: Store;
  readonly gateways: readonly MeasuredGateway[];
  readonly redis: RedisFigures;
  readonly gatewayMicros: number[];
  readonly redisMicros: number[];
  readonly perSecond: number[];
  readonly closedP50Ms: number[];
  readonly closedP99Ms: number[];
  readonly openP50Ms: number[];
  readonly openP99Ms: number[];
}

export async function measureScale(): Promise<void> {
  if (!hasRedis) return;
  await using stage = new Stage();
  await using started = new AsyncDisposableStack();
  const loads = Array.from({ length: Math.max(...gatewayCounts) }, () => started.use(startChild('load-process')));
  const variants: Variant[] = [];
  for (const store of storesAsked) {
    for (const count of gatewayCounts) variants.push(await startVariant(stage, started, store, count));
  }
  for (const variant of variants) await warmUp(loads, variant);
  for (let round = 0; round < rounds; round += 1) {
    say(`scale: round ${round + 1} of ${rounds}`);
    for (const variant of rotated(variants, round)) await closedRound(loads, variant);
  }
  for (let round = 0; round < openLoopRounds; round += 1) {
    say(`scale: open loop, round ${round + 1} of ${openLoopRounds}`);
    for (const variant of rotated(variants, round)) await openRound(loads, variant);
  }
  print(variants);
}

async function startVariant(
  stage: Stage,
  started: AsyncDisposableStack,
  store: Store,
  count: number,
): Promise<Variant> {
  const place = started.use(await openPlace(store));
  const gateways: MeasuredGateway[] = [];
  for (let each = 0; each < count; each += 1) gateways.push(started.use(await stage.startGatewayAt(place)));
  for (const gateway of gateways) await until(async () => (await gateway.state()).isOpen, 'the gate is open');
  const redis = started.use(new RedisFigures(place.redis?.port ?? 0));
  return {
    store,
    gateways,
    redis,
    gatewayMicros: [],
    redisMicros: [],
    perSecond: [],
    closedP50Ms: [],
    closedP99Ms: [],
    openP50Ms: [],
    openP99Ms: [],
  };
}

const rotated = <Each>(all: readonly Each[], by: number): Each[] => [
  ...all.slice(by % all.length),
  ...all.slice(0, by % all.length),
];

/** One load for each gateway; the connections are shared out among them. */
async function warmUp(loads: readonly Child[], { gateways }: Variant): Promise<void> {
  const count = connectionCount / gateways.length;
  for (const [index, { port }] of gateways.entries()) await loads[index]?.ask('connect', { port, count });
  await loop(loads, gateways, 'closedLoop', { forMs: warmUpMs });
}

async function loop(
  loads: readonly Child[],
  gateways: readonly MeasuredGateway[],
  name: 'closedLoop' | 'openLoop',
  given: object,
): Promise<Looped[]> {
  const asked = gateways.map(({ port }, index) => loads[index]?.ask<Looped>(name, { port, method: 'POST', ...given }));
  const looped = (await Promise.all(asked)).filter((each) => each !== undefined);
  const failures = looped.reduce((sum, each) => sum + each.failures, 0);
  if (failures > 0) throw new Error(`${failures} answers were no 2xx`);
  return looped;
}

async function cpuOf({ gateways, redis }: Variant): Promise<{ gateways: number; redis: number }> {
  const usages = await Promise.all(gateways.map((gateway) => gateway.usage(false)));
  return { gateways: usages.reduce((sum, { cpuMicros }) => sum + cpuMicros, 0), redis: await redis.cpuMicros() };
}

async function closedRound(loads: readonly Child[], variant: Variant): Promise<void> {
  const before = await cpuOf(variant);
  const beganAt = performance.now();
  const looped = await loop(loads, variant.gateways, 'closedLoop', { forMs: roundMs, isEachTold: true });
  const tookMs = performance.now() - beganAt;
  const after = await cpuOf(variant);
  const answers = looped.reduce((sum, each) => sum + each.answers, 0);
  variant.gatewayMicros.push((after.gateways - before.gateways) / answers);
  variant.redisMicros.push((after.redis - before.redis) / answers);
  variant.perSecond.push((answers / tookMs) * 1000);
  variant.closedP50Ms.push(quantileOf(looped, 0.5));
  variant.closedP99Ms.push(quantileOf(looped, 0.99));
}

async function openRound(loads: readonly Child[], variant: Variant): Promise<void> {
  const perSecond = openLoopPerSecond / variant.gateways.length;
  const looped = await loop(loads, variant.gateways, 'openLoop', { forMs: roundMs, perSecond, isEachTold: true });
  variant.openP50Ms.push(quantileOf(looped, 0.5));
  variant.openP99Ms.push(quantileOf(looped, 0.99));
}

function quantileOf(looped: readonly Looped[], share: number): number {
  const sorted = Float64Array.from(looped.flatMap(({ timesMs }) => timesMs)).sort();
  return sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
}

function print(variants: readonly Variant[]): void {
  const firstOf = (store: Store): Variant | undefined => variants.find((each) => each.store === store);
  const nameOf = ({ store, gateways }: Variant): string[] => [store, String(gateways.length)];
  printTable(
    `${rounds} rounds of ${roundMs / 1000} s, ${connectionCount} connections in all; median [least..most]`,
    [
      ...['journal', 'gateways', 'gateways’ CPU a transaction, us', 'to that of one', 'Redis CPU a transaction, us'],
      ...['to that of one', 'transactions a second', 'to those of one', 'p50, ms', 'p99, ms'],
    ],
    variants.map((variant) => {
      const one = firstOf(variant.store) ?? variant;
      return [
        ...nameOf(variant),
        spread(variant.gatewayMicros, 0),
        spread(ratios(variant.gatewayMicros, one.gatewayMicros), 2),
        spread(variant.redisMicros, 0),
        spread(ratios(variant.redisMicros, one.redisMicros), 2),
        spread(variant.perSecond, 0),
        spread(ratios(variant.perSecond, one.perSecond), 2),
        spread(variant.closedP50Ms, 1),
        spread(variant.closedP99Ms, 1),
      ];
    }),
  );
  printTable(
    `Open loop at ${openLoopPerSecond} a second in all, ${openLoopRounds} rounds of ${roundMs / 1000} s`,
    ['journal', 'gateways', 'p50, ms', 'p99, ms', 'p50 to that of one'],
    variants.map((variant) => [
      ...nameOf(variant),
      spread(variant.openP50Ms, 2),
      spread(variant.openP99Ms, 2),
      (median(variant.openP50Ms) / median((firstOf(variant.store) ?? variant).openP50Ms)).toFixed(2),
    ]),
  );
}
