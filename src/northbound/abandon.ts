/** Ends a transaction that was never sent and that nobody waits for any more (R24). One move; a sent one is left alone. */
import { abandoned } from '../domain/moves.ts';
import { sentOf, type Transaction } from '../domain/transaction.ts';
import { now } from '../pair/clock.ts';
import type { Records } from './records.ts';
import type { Waiters } from './waiters.ts';

/** @returns the abandoned record; null if it was sent, promised, settled, or somebody waits for it. */
export async function abandonUnsent(
  { records, waiters }: { records: Records; waiters: Waiters },
  transaction: Transaction,
  reason: string,
): Promise<Transaction | null> {
  const changed = await records.change(transaction, (current) => {
    const isUnsent = current.state.status === 'held' && sentOf(current) === 'no' && current.promisedAt === null;
    if (!isUnsent || waiters.countOf(current.id) > 0) return null;
    return { transaction: abandoned(current, reason, now()) };
  });
  return changed.word === 'changed' ? changed.transaction : null;
}
