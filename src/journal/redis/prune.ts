/**
 * Removes what was done long ago, some records a step, so that the server never stands still for it.
 * Invariants: what is removed was read as done and not written since; a late report opens a record again. At least half
 * of the time is the server's for others.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { indexOf, type Transaction } from '../../domain/transaction.ts';
import { keyHashOf, knownOrNull } from '../record.ts';
import { entries, entriesForEver, readMember } from './names.ts';
import { readRows } from './rows.ts';
import type { Store } from './store.ts';

/** About a millisecond of the server with a million records in the index: the longest that anybody else waits for a step. */
const recordsPerStepMax = 20;

/** Removes up to `limit` transactions that were done before the instant; returns how many. */
export async function prune(store: Store, doneBefore: number, limit: number): Promise<number> {
  const { redis, keys } = store;
  const isDone = (record: Transaction): boolean => (indexOf(record).doneAt ?? doneBefore) < doneBefore;
  let removed = 0;
  while (removed < limit) {
    const beganAt = performance.now();
    const asked = Math.min(recordsPerStepMax, limit - removed);
    const range = [`[${entries.done(0)}`, `(${entries.done(doneBefore)}`] as const;
    const members = await redis.zrangebylex(keys.index, ...range, 'LIMIT', 0, asked);
    const ids = members.map((member) => readMember(member).id);
    const rows = await readRows(store, ids);
    const known = rows.map((row) => (row === null ? null : knownOrNull(row))).filter((record) => record !== null);
    const records = known.filter(isDone);
    if (records.length === 0) break;
    const values = records.flatMap((record) => [
      record.id,
      record.version,
      keyHashOf(record) ?? '',
      entriesForEver({ client: record.client, lane: record.place.lane, receivedAt: record.receivedAt }),
    ]);
    const names = [keys.index, keys.keys, ...records.map(({ id }) => keys.record(id))];
    const words = (await store.write('prune', names, values)) as string[];
    removed += words.filter((word) => word === 'removed').length;
    if (members.length < asked) break;
    // The next step follows only as long after this one as it took: a server that is busy is asked less.
    await pause(performance.now() - beganAt);
  }
  return removed;
}
