/**
 * Ends a transaction that was never sent and that nobody waits for any more (R24). It is taken out of its lane first,
 * so that what is said of it is true at once; the journal is told until it confirms. What another replica took up is
 * that one's to send (R32).
 */
import { abandoned } from '../domain/moves.ts';
import { sentOf, type Transaction } from '../domain/transaction.ts';
import { now } from '../pair/clock.ts';
import type { Coordinator } from '../pair/coordinator.ts';
import { within } from './patience.ts';
import type { Records } from './records.ts';
import type { Lanes } from './transact.ts';
import type { Waiters } from './waiters.ts';

export interface AbandonOptions {
  readonly replica: string;
  readonly records: Records;
  readonly waiters: Waiters;
  readonly lanes: Lanes;
  readonly coordinator: Coordinator;
}

/** @returns whether it is abandoned; false if it was sent, promised, settled, taken up, is being sent, or is waited for. */
export async function abandonUnsent(
  options: AbandonOptions,
  transaction: Transaction,
  reason: string,
): Promise<boolean> {
  const { replica, records, waiters, lanes, coordinator } = options;
  if (waiters.countOf(transaction.id) > 0 || !lanes.withdraw(transaction.id)) return false;
  const changed = await within(
    records.changeSurely(transaction, (current) => {
      const isUnsent = current.state.status === 'held' && sentOf(current) === 'no' && current.promisedAt === null;
      return isUnsent && current.owner === replica ? { transaction: abandoned(current, reason, now()) } : null;
    }),
  );
  if (changed?.word === 'declined') {
    if (changed.transaction.owner === replica) lanes.wait(changed.transaction);
    return false;
  }
  coordinator.switchovers.count('abandoned');
  return true;
}
