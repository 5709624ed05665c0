/**
 * Reading records out of Redis: by id, and page by page along an entry of the index.
 * Invariant: no reply grows with the journal; a page is filled up from the index where records moved out of it between
 * the two reads, so a short page means the end.
 */
import { withOpenQuery } from '../query.ts';
import type { Row } from '../record.ts';
import { place, readMember } from './names.ts';
import type { Store } from './store.ts';

/** Keeps a reply to a few hundred kilobytes (reference/perf.md section 6, item 5). */
const rowsPerReplyMax = 100;

/** In the order of the ids; null for one that is not there. */
export async function readRows(store: Store, ids: readonly string[]): Promise<(Row | null)[]> {
  const rows: (Row | null)[] = [];
  for (let from = 0; from < ids.length; from += rowsPerReplyMax) {
    const names = ids.slice(from, from + rowsPerReplyMax).map(store.keys.record);
    const found = (await store.read('read', names)) as string[][];
    for (const [version, sequence, head, course] of found) {
      const isThere = version !== undefined && sequence !== undefined && head !== undefined && course !== undefined;
      const row = isThere ? { version: Number(version), sequence: Number(sequence), head, course } : null;
      rows.push(row === null ? null : withOpenQuery(row, store.cipher));
    }
  }
  return rows;
}

export interface Walk {
  readonly entry: string;
  readonly order: 'rising' | 'falling';
  /** Exclusive bounds of the sequence. */
  readonly above?: number | undefined;
  readonly below?: number | undefined;
}

/** The first `limit` records along the entry that `keep` makes something of. */
export async function walk<Item>(
  store: Store,
  { entry, order, above, below }: Walk,
  limit: number,
  keep: (row: Row) => Item | null,
): Promise<Item[]> {
  const items: Item[] = [];
  let from = above;
  let to = below;
  while (items.length < limit) {
    const asked = Math.min(limit - items.length, rowsPerReplyMax);
    // The sequence that follows begins past every member of the bound's own.
    const low = `[${entry}${place((from ?? -1) + 1)}`;
    const high = to === undefined ? `(${entry}\u0001` : `(${entry}${place(to)}`;
    const members =
      order === 'rising'
        ? await store.redis.zrangebylex(store.keys.index, low, high, 'LIMIT', 0, asked)
        : await store.redis.zrevrangebylex(store.keys.index, high, low, 'LIMIT', 0, asked);
    const places = members.map(readMember);
    for (const row of await readRows(
      store,
      places.map(({ id }) => id),
    )) {
      const item = row === null ? null : keep(row);
      if (item !== null) items.push(item);
    }
    const last = places.at(-1);
    if (last === undefined || places.length < asked) break;
    if (order === 'rising') from = last.sequence;
    else to = last.sequence;
  }
  return items;
}
