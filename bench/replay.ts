/**
 * From READY to the last replayed answer, with 1,000 unacknowledged transactions on 1,000 lanes whose clients still
 * wait. All were sent and reset; then the epoch ends, and ESC comes back. A create is looked at before it is sent again,
 * a PUT is not, so the two together say what the looks cost.
 */
import { rampedConcurrency } from '../src/domain/retry.ts';
import type { EscCounts } from './esc-process.ts';
import { printTable, say, spread } from './figures.ts';
import type { Burst } from './load-process.ts';
import { sized } from './size.ts';
import { type MeasuredGateway, Stage, type Store, stores, until } from './stage.ts';

const transactionCount = sized(1000, 16);
const flatRounds = sized(2, 1);

type Pace = readonly [concurrency: number, answerMs: number];
const everyPace: readonly Pace[] = [
  [8, 50],
  [8, 5],
  [64, 50],
  [64, 5],
];
const paces = sized(everyPace, everyPace.slice(1, 2));

type Kind = readonly [method: 'POST' | 'PUT', rampUpMs: number];
const everyKind: readonly Kind[] = [
  ['PUT', 0],
  ['POST', 0],
  ['POST', 10_000],
];
const kinds = sized(everyKind, everyKind.slice(0, 1));

interface Case {
  readonly store: Store;
  readonly concurrency: number;
  readonly answerMs: number;
  readonly rampUpMs: number;
  readonly method: 'POST' | 'PUT';
}

export async function measureReplay(): Promise<void> {
  await using stage = new Stage();
  const rows: string[][] = [];
  for (const store of stores) {
    for (const [concurrency, answerMs] of paces) {
      for (const [method, rampUpMs] of kinds) {
        rows.push(await measure(stage, { store, concurrency, answerMs, rampUpMs, method }));
      }
    }
  }
  const head = ['journal', 'concurrency', 'ESC answers in', 'ramp-up', 'replayed', 'seconds', 'ideal', 'ratio'];
  printTable(`READY to the last answer of ${transactionCount} replays`, head, rows);
}

async function measure(stage: Stage, given: Case): Promise<string[]> {
  const { store, concurrency, answerMs, rampUpMs, method } = given;
  await using gateway = await stage.startGateway(store, {
    NORTHGATE_REPLAY_CONCURRENCY: String(concurrency),
    NORTHGATE_REPLAY_RAMP_UP: `${rampUpMs}ms`,
  });
  const seconds: number[] = [];
  const shares: number[] = [];
  let exchanges = 1;
  for (let round = 0; round < (rampUpMs === 0 ? flatRounds : 1); round += 1) {
    const { tookMs, counts } = await oneRound(stage, gateway, given);
    exchanges = Math.round((counts.looks + counts.transactions) / transactionCount);
    seconds.push(tookMs / 1000);
    shares.push(tookMs / idealMs(given, exchanges));
    say(`replay: ${store}, ${concurrency} at once, ${answerMs} ms, ${method}: ${tookMs} ms`);
    say(`  ESC answered in ${counts.meanAnswerMs.toFixed(1)} ms on average`);
  }
  return [
    store,
    String(concurrency),
    `${answerMs} ms`,
    `${rampUpMs / 1000} s`,
    `${method === 'PUT' ? 'update' : 'create'}: ${exchanges === 1 ? 'sent' : 'look, then sent'}`,
    spread(seconds, 2),
    (idealMs(given, exchanges) / 1000).toFixed(2),
    spread(shares, 2),
  ];
}

async function oneRound(
  stage: Stage,
  gateway: MeasuredGateway,
  { answerMs, method }: Case,
): Promise<{ tookMs: number; counts: EscCounts }> {
  const { port } = gateway;
  const { epoch } = await gateway.state();
  await stage.be({ rest: 'reset', health: 'silent', answerMs });
  await stage.load.ask('connect', { port, count: transactionCount });
  const answered = stage.load.ask<Burst>('burst', { port, method });
  const isLost = async (): Promise<boolean> => (await gateway.count('unacknowledged')) === transactionCount;
  await until(isLost, 'all are unacknowledged');
  await stage.be({ rest: 'answer', health: 'away' });
  await gateway.untilEpochAfter(epoch);
  await stage.esc.ask('counts');
  await stage.be({ health: 'ready' });
  const readyAt = await gateway.untilReady();
  const { failures, lastAnswerAt } = await answered;
  if (failures > 0) throw new Error(`${failures} of ${transactionCount} were not answered as done`);
  await stage.load.ask('disconnect', port);
  const counts = await stage.esc.ask<EscCounts>('counts');
  return { tookMs: lastAnswerAt - readyAt, counts };
}

/** (1,000 / C) × ESC's answer time for each exchange; with a ramp-up, C as it is at each instant. */
function idealMs({ concurrency, answerMs, rampUpMs }: Case, exchanges: number): number {
  const perReplayMs = answerMs * exchanges;
  let done = 0;
  let atMs = 0;
  while (done < transactionCount) {
    done += rampedConcurrency(concurrency, rampUpMs, atMs) / perReplayMs;
    atMs += 1;
  }
  return atMs;
}
