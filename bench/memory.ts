/**
 * Memory of a transaction, by what became of it and with and without a body of 2 KB: in Redis and its log, in the file of
 * an embedded journal, and in a gateway that took it up from an earlier one (no client waits) or has just done it.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { printTable, say } from './figures.ts';
import { redisSettings, startKeeper } from './filled-place.ts';
import type { Usage } from './gateway-process.ts';
import type { Filling } from './keeper-process.ts';
import type { Looped } from './load-process.ts';
import { RedisFigures } from './redis-figures.ts';
import { sized } from './size.ts';
import { hasRedis, type JournalPlace, openPlace, Stage, type Store } from './stage.ts';

const count = sized(10_000, 20);
const bodyBytesAsked = sized([0, 2048], [2048]);
const kinds = sized<readonly Filling['kind'][]>(['held', 'accepted', 'settled'], ['accepted']);
const storesAsked: readonly Store[] = hasRedis ? ['sqlite', 'redis everysec'] : ['sqlite'];
const connectionCount = sized(32, 4);
const loopMs = sized(5_000, 50);
const kilobyte = 1024;

interface Case {
  readonly store: Store;
  readonly kind: Filling['kind'];
  readonly bodyBytes: number;
}

export async function measureMemory(): Promise<void> {
  const kept: string[][] = [];
  const taken: string[][] = [];
  const done: string[][] = [];
  for (const store of storesAsked) {
    const empty = await emptyUsage(store);
    for (const kind of kinds) {
      for (const bodyBytes of bodyBytesAsked) {
        say(`memory: ${store}, ${kind}, bodies of ${bodyBytes} bytes`);
        const measured = await measure({ store, kind, bodyBytes }, empty);
        kept.push(measured.kept);
        taken.push(measured.taken);
      }
    }
    done.push(await measureDone(store));
  }
  const head = ['journal', 'status', 'body, bytes'];
  const inRedis = ['of it the record', 'of it the index', 'of it keys'];
  const parts = [...inRedis.map((name) => `${name}, bytes`), 'log of it, bytes'];
  printTable(`${count} transactions in the journal`, [...head, 'in all a transaction, bytes', ...parts], kept);
  const inGateway = ['RSS, KB', 'heap, KB', 'buffers, KB'];
  printTable(`${count} transactions taken up by a gateway, each`, [...head, ...inGateway], taken);
  printTable('Just done by a gateway, each', ['journal', 'done', ...inGateway], done);
}

async function emptyUsage(store: Store): Promise<Usage> {
  await using place = await openPlace(store, redisSettings);
  return await usageAt(place);
}

/** With ESC away, so that all that was taken up stays as it is. */
async function usageAt(place: JournalPlace): Promise<Usage> {
  await using stage = new Stage();
  await stage.be({ health: 'away' });
  await using gateway = await stage.startGatewayAt(place);
  return await gateway.usage(true);
}

async function measure(given: Case, empty: Usage): Promise<{ kept: string[]; taken: string[] }> {
  const { store, kind, bodyBytes } = given;
  await using place = await openPlace(store, redisSettings);
  const names = [store, kind, String(bodyBytes)];
  const kept = [...names, ...(await filledBytes(place, { kind, bodyBytes }))];
  return { kept, taken: [...names, ...each(await usageAt(place), empty, count)] };
}

async function filledBytes(place: JournalPlace, { kind, bodyBytes }: Omit<Case, 'store'>): Promise<string[]> {
  await using keeper = await startKeeper(place);
  await using redis = place.redis === null ? null : new RedisFigures(place.redis.port);
  const [memoryBefore, logBefore] = redis === null ? [0, 0] : [await redis.usedMemory(), await redis.logBytes()];
  const now = Date.now();
  await keeper.ask('fill', { kind, count, bodyBytes, from: now, until: now } satisfies Filling);
  await keeper.ask('close');
  if (redis === null) {
    const { size } = await stat(join(place.directory, 'northgate.db'));
    return [(size / count).toFixed(0), '', '', '', ''];
  }
  const memory = await redis.usedMemory();
  const index = await redis.memoryOf(await redis.firstKey('*:index'));
  const keys = await redis.firstKey('*:keys');
  return [
    ((memory - memoryBefore) / count).toFixed(0),
    (await redis.memoryOf(await redis.firstKey('*:record:*'))).toFixed(0),
    (index / count).toFixed(0),
    ((await redis.memoryOf(keys)) / count).toFixed(0),
    (((await redis.logBytes()) - logBefore) / count).toFixed(0),
  ];
}

function each(after: Usage, before: Usage, by: number): string[] {
  const pairs = [
    [after.rssBytes, before.rssBytes],
    [after.heapBytes, before.heapBytes],
    [after.bufferBytes, before.bufferBytes],
  ] as const;
  return pairs.map(([now, then]) => ((now - then) / by / kilobyte).toFixed(2));
}

/** A gateway on Redis remembers for a minute what it was confirmed, to write it back if it must (R34). */
async function measureDone(store: Store): Promise<string[]> {
  await using stage = new Stage();
  await using gateway = await stage.startGateway(store);
  const { port } = gateway;
  const loop = (forMs: number): Promise<Looped> =>
    stage.load.ask<Looped>('closedLoop', { port, method: 'POST', forMs });
  await stage.load.ask('connect', { port, count: connectionCount });
  await loop(loopMs / 5);
  const before = await gateway.usage(true);
  const { answers } = await loop(loopMs);
  return [store, String(answers), ...each(await gateway.usage(true), before, answers)];
}
