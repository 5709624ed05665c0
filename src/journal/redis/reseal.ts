/** Re-encrypting a Redis journal: a record at a time, each value by compare-and-set, beside gateways that write. */
import type { KeptName, SealedBody } from '../credentials.ts';
import type { Resealed } from '../journal.ts';
import { withOpenQuery } from '../query.ts';
import { transactionOf } from '../record.ts';
import { resealed } from '../resealing.ts';
import { entries, place, readMember } from './names.ts';
import type { Argument } from './scripts.ts';
import type { Store } from './store.ts';

/** Of a record's hash, beside its bodies. */
const columns: ReadonlySet<string> = new Set(['version', 'sequence', 'write', 'head', 'course', 'entries']);

/** @throws what Redis or ioredis says. */
export async function reseal(store: Store, afterSequence: number, limit: number): Promise<Resealed> {
  const { redis, keys } = store;
  const range = [`[${entries.all}${place(afterSequence + 1)}`, `(${entries.all}\u0001`] as const;
  const members = (await redis.zrangebylex(keys.index, ...range, 'LIMIT', 0, limit)).map(readMember);
  const sums = { values: 0, unopened: 0 };
  for (const { id } of members) {
    const done = await resealOne(store, id);
    sums.values += done.values;
    sums.unopened += done.unopened;
  }
  const earlierUntil = Number((await redis.hget(keys.journal, 'earlier-until')) ?? 0);
  return { records: members.length, ...sums, last: members.at(-1)?.sequence ?? null, earlierUntil };
}

async function resealOne(store: Store, id: string): Promise<{ values: number; unopened: number }> {
  const { redis, keys, cipher } = store;
  const fields = await redis.hgetallBuffer(keys.record(id));
  const said = (name: string): string => fields[name]?.toString() ?? '';
  // Pruned meanwhile.
  if (said('version') === '') return { values: 0, unopened: 0 };
  const row = {
    version: Number(said('version')),
    sequence: Number(said('sequence')),
    head: said('head'),
    course: said('course'),
  };
  const transaction = transactionOf(withOpenQuery(row, cipher));
  const bodies = Object.entries(fields)
    .filter(([name]) => !columns.has(name))
    .map(([name, bytes]): SealedBody => [name as KeptName, bytes]);
  const { changes, unopened } = resealed({ transaction, row, bodies }, cipher);
  if (changes.length === 0) return { values: 0, unopened };
  const values: Argument[] = [transaction.receivedAt];
  for (const { name, old, fresh } of changes) values.push(name, argumentOf(old), argumentOf(fresh));
  const written = await store.write('reseal', [keys.journal, keys.record(id)], values);
  return { values: Number(written), unopened };
}

const argumentOf = (value: Uint8Array | string): Argument =>
  typeof value === 'string' ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
