/** A journal with so many settled transactions in it, filled by the journal's own writes, which is said. */
import { type Child, startChild } from './child.ts';
import { say } from './figures.ts';
import type { Filled, Filling } from './keeper-process.ts';
import { RedisFigures } from './redis-figures.ts';
import { sized } from './size.ts';
import { type JournalPlace, openPlace, type Store } from './stage.ts';

export const bodyBytes = 2048;
const dayMs = 24 * 60 * 60 * 1000;

/** Of a server that is to hold gigabytes: its log is not rewritten on its own while something is measured. */
export const redisSettings = { 'auto-aof-rewrite-percentage': '0' };

/** Received in the last six days, with a retention of a year: nothing expires while it is measured. */
export const keptFor = { NORTHGATE_JOURNAL_RETENTION: '365d' };
export const settledSpan = (): Pick<Filling, 'from' | 'until'> => {
  const now = Date.now();
  return { from: now - 6 * dayMs, until: now - dayMs };
};

export interface FilledPlace {
  readonly place: JournalPlace;
  readonly redis: RedisFigures | null;
  readonly settled: number;
}

/** Starts a keeper on the place's journal; no gateway may have an embedded one open meanwhile. */
export async function startKeeper(place: JournalPlace): Promise<Child> {
  const keeper = startChild('keeper-process', 'own');
  await keeper.ask('open', { ...place.settings, NORTHGATE_ESC_VIP: '127.0.0.1' });
  return keeper;
}

/** Settled ones from `span`, then `held` ones that were received now and promised to their clients. */
export async function openFilled(
  store: Store,
  { settled, held, span }: { settled: number; held: number; span: Pick<Filling, 'from' | 'until'> },
): Promise<FilledPlace> {
  const place = await openPlace(store, redisSettings);
  await using keeper = await startKeeper(place);
  const beganAt = performance.now();
  const filling: Filling = { kind: 'settled', count: settled, bodyBytes, ...span };
  const filled = await keeper.ask<Filled>('fill', filling);
  const now = Date.now();
  const waiting: Filling = { kind: 'held', count: held, bodyBytes, from: now, until: now };
  if (held > 0) await keeper.ask('fill', waiting);
  await keeper.ask('close');
  const tookS = (performance.now() - beganAt) / 1000;
  const [first = '', last = ''] = [filled[0], filled.at(-1)].map((ms = 0) => ((ms * 10_000) / settled).toFixed(0));
  say(`${store}: ${settled} settled are kept, after ${tookS.toFixed(0)} s`);
  say(`  the first tenth in ${first} us each, the last in ${last} us each`);
  return { place, redis: place.redis === null ? null : new RedisFigures(place.redis.port), settled };
}

export const largestKept = sized(1_000_000, 100);
