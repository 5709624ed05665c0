/**
 * Ends a transaction that was never sent and that nobody waits for any more (R24). It is taken out of its lane first; the
 * journal is told until it confirms. That it is abandoned is said only when the journal has said so: until then another
 * replica, or the next process, may come to take up what is held there.
 */
import { abandoned } from '../domain/moves.ts';
import { sentOf, type Transaction } from '../domain/transaction.ts';
import { now } from '../pair/clock.ts';
import type { Coordinator } from '../pair/coordinator.ts';
import type { Lanes } from './lanes.ts';
import { within } from './patience.ts';
import type { Records } from './records.ts';
import type { Waiters } from './waiters.ts';

export interface AbandonOptions {
  readonly replica: string;
  readonly records: Records;
  readonly waiters: Waiters;
  readonly lanes: Lanes;
  readonly coordinator: Coordinator;
}

/** `kept`: it was sent, promised, settled, is being sent, or is waited for. `unknown`: the journal does not say whether it is abandoned. */
export type Abandoning = 'abandoned' | 'kept' | 'unknown';

export async function abandonUnsent(
  options: AbandonOptions,
  transaction: Transaction,
  reason: string,
): Promise<Abandoning> {
  const { replica, records, waiters, lanes, coordinator } = options;
  const isUntried = lanes.hasTried(transaction.id) === false;
  if (waiters.countOf(transaction.id) > 0 || !lanes.withdraw(transaction.id)) return 'kept';
  let isKept = false;
  const changing = records.changeSurely(transaction, (current) => {
    const isUnsent = current.state.status === 'held' && sentOf(current) === 'no' && current.promisedAt === null;
    return isUnsent && !isKept && current.owner === replica ? { transaction: abandoned(current, reason, now()) } : null;
  });
  const backInLane = changing.then((changed) => {
    // Whatever that record says, which may be older than its adoption by this replica: its turn reads it anew.
    if (changed.word === 'declined') lanes.wait(changed.transaction);
    return changed;
  });
  const changed = await within(backInLane);
  if (changed?.word === 'declined') return 'kept';
  // The record that was given may be old: what was sent meanwhile, or by another replica, may be done.
  if (changed === null && !isUntried) {
    isKept = true;
    return 'kept';
  }
  // It may come to be abandoned, or be taken up and sent: nobody is promised anything then.
  if (changed?.word !== 'changed') return 'unknown';
  coordinator.switchovers.count('abandoned');
  return 'abandoned';
}
