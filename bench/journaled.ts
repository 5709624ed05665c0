/**
 * What the journal costs: a POST of 2 KB through the gateway with each journal, against the same gateway with
 * journaling off (`unjournaled.ts`), twice, so that two equal copies say what a difference is worth. A plain proxy and a
 * GET stand beside them. Variants alternate and rotate in every round; CPU a request counts first, then throughput.
 */
import { type Child, startChild } from './child.ts';
import { median, printTable, ratios, say, spread } from './figures.ts';
import type { Usage } from './gateway-process.ts';
import type { Looped, Target } from './load-process.ts';
import { sized } from './size.ts';
import { hasRedis, type MeasuredGateway, Stage, type Store } from './stage.ts';

const connectionCount = sized(64, 4);
const warmUpMs = sized(2_000, 50);
const roundMs = sized(2_000, 50);
const rounds = sized(7, 1);
const openLoopMs = sized(2_000, 50);
const openLoopRounds = sized(3, 1);
const openLoopPerSecond = 500;

interface Variant {
  readonly name: string;
  readonly target: Target;
  readonly child: Child;
  readonly cpuMicros: number[];
  readonly perSecond: number[];
  readonly p50Ms: number[];
  readonly p99Ms: number[];
}

const baseline = 'POST, journaling off';

export async function measureJournaled(): Promise<void> {
  await using stage = new Stage();
  await using gateways = new AsyncDisposableStack();
  const variants = await startVariants(stage, gateways);
  for (const { target } of variants) {
    await stage.load.ask('connect', { port: target.port, count: connectionCount });
    await stage.load.ask('closedLoop', { ...target, forMs: warmUpMs });
  }
  for (let round = 0; round < rounds; round += 1) {
    say(`journaled: round ${round + 1} of ${rounds}`);
    for (const variant of rotated(variants, round)) await closedRound(stage, variant);
  }
  for (let round = 0; round < openLoopRounds; round += 1) {
    say(`journaled: open loop, round ${round + 1} of ${openLoopRounds}`);
    for (const variant of rotated(variants, round)) await openRound(stage, variant);
  }
  print(variants);
}

async function startVariants(stage: Stage, gateways: AsyncDisposableStack): Promise<Variant[]> {
  const variantOf = (name: string, target: Target, child: Child): Variant => ({
    name,
    target,
    child,
    cpuMicros: [],
    perSecond: [],
    p50Ms: [],
    p99Ms: [],
  });
  const start = async (name: string, store: Store): Promise<[Variant, MeasuredGateway]> => {
    const gateway = gateways.use(await stage.startGateway(store));
    return [variantOf(name, { port: gateway.port, method: 'POST' }, gateway.child), gateway];
  };
  const [off, { port, child }] = await start(baseline, 'none');
  const [again] = await start(`${baseline}, again`, 'none');
  const [embedded] = await start('POST, embedded journal (fsync)', 'sqlite');
  const variants = [off, again, embedded];
  if (hasRedis) {
    variants.push((await start('POST, Redis, appendfsync always', 'redis always'))[0]);
    variants.push((await start('POST, Redis, appendfsync everysec', 'redis everysec'))[0]);
  }
  variants.push(variantOf('GET of 1 KB', { port, method: 'GET' }, child));
  const plain = gateways.use(startChild('plain-proxy-process', 'own'));
  const { rest } = await stage.esc.ask<{ rest: number }>('ports');
  const plainPort = await plain.ask<number>('start', rest);
  variants.push(variantOf('POST, plain proxy', { port: plainPort, method: 'POST' }, plain));
  variants.push(variantOf('GET of 1 KB, plain proxy', { port: plainPort, method: 'GET' }, plain));
  return variants;
}

const rotated = <Each>(all: readonly Each[], by: number): Each[] => [
  ...all.slice(by % all.length),
  ...all.slice(0, by % all.length),
];

async function closedRound(stage: Stage, { target, child, cpuMicros, perSecond }: Variant): Promise<void> {
  const before = await child.ask<Usage>('usage', false);
  const beganAt = performance.now();
  const { answers, failures } = await stage.load.ask<Looped>('closedLoop', { ...target, forMs: roundMs });
  const tookMs = performance.now() - beganAt;
  const after = await child.ask<Usage>('usage', false);
  if (failures > 0) throw new Error(`${failures} of ${answers} answers were no 2xx`);
  cpuMicros.push((after.cpuMicros - before.cpuMicros) / answers);
  perSecond.push((answers / tookMs) * 1000);
}

async function openRound(stage: Stage, { target, p50Ms, p99Ms }: Variant): Promise<void> {
  const given = { ...target, forMs: openLoopMs, perSecond: openLoopPerSecond };
  const looped = await stage.load.ask<Looped>('openLoop', given);
  p50Ms.push(looped.p50Ms);
  p99Ms.push(looped.p99Ms);
}

function print(variants: readonly Variant[]): void {
  const [off] = variants;
  if (off === undefined) return;
  printTable(
    `${rounds} rounds of ${roundMs / 1000} s, ${connectionCount} connections; median [least..most]`,
    ['', 'CPU a request, us', 'answers a second', 'rate to journaling off', 'CPU of journaling off to it'],
    variants.map(({ name, cpuMicros, perSecond }) => [
      name,
      spread(cpuMicros, 0),
      spread(perSecond, 0),
      spread(ratios(perSecond, off.perSecond), 2),
      spread(ratios(off.cpuMicros, cpuMicros), 2),
    ]),
  );
  printTable(
    `Open loop at ${openLoopPerSecond} a second, ${openLoopRounds} rounds of ${openLoopMs / 1000} s`,
    ['', 'p50, ms', 'p99, ms', 'added p50 to journaling off, ms', 'p50 to journaling off'],
    variants.map(({ name, p50Ms, p99Ms }) => [
      name,
      spread(p50Ms, 2),
      spread(p99Ms, 2),
      (median(p50Ms) - median(off.p50Ms)).toFixed(2),
      spread(ratios(p50Ms, off.p50Ms), 2),
    ]),
  );
}
