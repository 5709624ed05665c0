/**
 * Queries of a Redis journal. Times are turned into bounds of the sequence, so that a page out of a long journal is
 * found in a few steps; the bounds are wide by what clocks of several gateways may differ, and records are compared exactly.
 * Records of a later release's format are left out, but of a lane.
 */
import { indexOf, type Transaction } from '../../domain/transaction.ts';
import type { ListQuery } from '../journal.ts';
import { knownOrNull, transactionOf } from '../record.ts';
import { entries, readMember } from './names.ts';
import { walk } from './rows.ts';
import type { Store } from './store.ts';

/** By how much the order of arrival and the order of `receivedAt` may differ. `doctor` warns of clocks long before. */
const clocksDifferMaxMs = 10 * 60 * 1000;

export async function list(store: Store, query: ListQuery): Promise<Transaction[]> {
  const { status, lane, client, receivedSince = Number.NEGATIVE_INFINITY, receivedUntil, beforeSequence } = query;
  const until = receivedUntil ?? Number.POSITIVE_INFINITY;
  const above = await sequenceBefore(store, receivedSince - clocksDifferMaxMs);
  const after = await sequenceFrom(store, until + clocksDifferMaxMs);
  const below = Math.min(beforeSequence ?? Number.POSITIVE_INFINITY, after);
  const along = { entry: entryOf(query), order: 'falling' as const, above };
  return walk(store, Number.isFinite(below) ? { ...along, below } : along, query.limit, (row) => {
    // Who asks for a lane concludes from what is not there, so that nothing of it may be left out.
    const transaction = lane === undefined ? knownOrNull(row) : transactionOf(row);
    if (transaction === null) return null;
    const found = indexOf(transaction);
    const isMeant =
      (status === undefined || found.status === status) &&
      (lane === undefined || found.lane === lane) &&
      (client === undefined || found.client === client) &&
      found.receivedAt >= receivedSince &&
      found.receivedAt < until;
    return isMeant ? transaction : null;
  });
}

export function open(
  store: Store,
  { afterSequence, limit, owner }: { afterSequence: number; limit: number; owner?: string },
): Promise<Transaction[]> {
  const entry = owner === undefined ? entries.open : entries.owner(owner);
  return walk(store, { entry, order: 'rising', above: afterSequence }, limit, (row) => {
    const transaction = knownOrNull(row);
    if (transaction === null) return null;
    const isMeant = indexOf(transaction).isOpen && (owner === undefined || transaction.owner === owner);
    return isMeant ? transaction : null;
  });
}

export function deadLetters(
  store: Store,
  { beforeSequence, limit }: { beforeSequence?: number; limit: number },
): Promise<Transaction[]> {
  return walk(store, { entry: entries.deadLetter, order: 'falling', below: beforeSequence }, limit, (row) => {
    const transaction = knownOrNull(row);
    return transaction !== null && indexOf(transaction).hasDeadLetter ? transaction : null;
  });
}

function entryOf({ status, lane, client }: ListQuery): string {
  if (status !== undefined) return entries.status(status);
  if (lane !== undefined) return entries.lane(lane);
  return client === undefined ? entries.all : entries.client(client);
}

/** The sequence of the last record received before the instant; 0 if there is none. */
async function sequenceBefore(store: Store, at: number): Promise<number> {
  if (!Number.isFinite(at) || at <= 0) return 0;
  const found = await store.redis.zrevrangebylex(
    store.keys.index,
    `(${entries.received(at)}`,
    `[${entries.received(0)}`,
    'LIMIT',
    0,
    1,
  );
  return found[0] === undefined ? 0 : readMember(found[0]).sequence;
}

/** The sequence of the first record received at the instant or later; infinite if there is none. */
async function sequenceFrom(store: Store, at: number): Promise<number> {
  if (!Number.isFinite(at)) return at;
  const end = `(${entries.receivedEnd}`;
  const found = await store.redis.zrangebylex(store.keys.index, `[${entries.received(at)}`, end, 'LIMIT', 0, 1);
  return found[0] === undefined ? Number.POSITIVE_INFINITY : readMember(found[0]).sequence;
}
