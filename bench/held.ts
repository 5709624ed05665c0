/**
 * Memory of the gateway with 10,000 held requests of 2 KB on 10,000 connections, and the time to release and answer
 * them. Needs as many open files: `ulimit -n 20000`. Memory is taken after a collection, resting connections apart.
 */
import { printTable, say } from './figures.ts';
import type { Burst } from './load-process.ts';
import { sized } from './size.ts';
import { Stage, type Store, stores, until } from './stage.ts';

const heldCount = sized(10_000, 20);
const kilobyte = 1024;

interface Case {
  readonly store: Store;
  readonly concurrency: number;
  readonly rampUpMs: number;
  readonly answerMs: number;
}

export async function measureHeld(): Promise<void> {
  const rows: string[][] = [];
  for (const store of stores) {
    rows.push(await measure({ store, concurrency: 8, rampUpMs: 10_000, answerMs: 5 }));
    rows.push(await measure({ store, concurrency: 64, rampUpMs: 0, answerMs: 5 }));
  }
  printTable(
    `${heldCount} held requests of 2 KB on as many connections`,
    [
      'journal',
      'concurrency, ramp-up',
      'resting connection, KB',
      'RSS a held request, KB',
      'heap a held request, KB',
      'RSS in all, MB',
      'to hold them, s',
      'READY to last answer, s',
      'answered a second',
      'gateway CPU a request, us',
    ],
    rows,
  );
}

async function measure({ store, concurrency, rampUpMs, answerMs }: Case): Promise<string[]> {
  await using stage = new Stage();
  await using gateway = await stage.startGateway(store, {
    NORTHGATE_REPLAY_CONCURRENCY: String(concurrency),
    NORTHGATE_REPLAY_RAMP_UP: `${rampUpMs}ms`,
  });
  const { port } = gateway;
  const { epoch } = await gateway.state();
  await warmUp(stage, port);
  await stage.be({ answerMs, health: 'away' });
  await gateway.untilEpochAfter(epoch);
  const before = await gateway.usage(true);
  await stage.load.ask('connect', { port, count: heldCount });
  const connected = await gateway.usage(true);
  const beganAt = Date.now();
  const answered = stage.load.ask<Burst>('burst', { port, method: 'POST' });
  await until(async () => (await gateway.count('held')) === heldCount, 'all are held');
  const heldMs = Date.now() - beganAt;
  const held = await gateway.usage(true);
  await stage.be({ health: 'ready' });
  const readyAt = await gateway.untilReady();
  const { failures, lastAnswerAt } = await answered;
  if (failures > 0) throw new Error(`${failures} of ${heldCount} were not answered as done`);
  const after = await gateway.usage(false);
  const releaseMs = lastAnswerAt - readyAt;
  say(`held: ${store}, ${concurrency} at once: released in ${releaseMs} ms`);
  const each = (now: number, then: number): string => ((now - then) / heldCount / kilobyte).toFixed(1);
  return [
    store,
    `${concurrency}, ${rampUpMs / 1000} s`,
    each(connected.rssBytes, before.rssBytes),
    each(held.rssBytes, before.rssBytes),
    each(held.heapBytes, before.heapBytes),
    (held.rssBytes / kilobyte ** 2).toFixed(0),
    (heldMs / 1000).toFixed(1),
    (releaseMs / 1000).toFixed(1),
    (heldCount / (releaseMs / 1000)).toFixed(0),
    ((after.cpuMicros - held.cpuMicros) / heldCount).toFixed(0),
  ];
}

/** Code is compiled and the heap has its working size before anything is counted. */
async function warmUp(stage: Stage, port: number): Promise<void> {
  await stage.load.ask('connect', { port, count: 64 });
  await stage.load.ask('closedLoop', { port, method: 'POST', forMs: sized(2_000, 50) });
  await stage.load.ask('disconnect', port);
}
