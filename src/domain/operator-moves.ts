/**
 * What an operator's acts make of a transaction's record (R1, R2): null where its status forbids the act. Through
 * `moved`, like every other move; who calls them writes the result by compare-and-set.
 */
import { type Instant, isReplayOrdered, moved, type RecordedAnswer, sentOf, type Transaction } from './transaction.ts';

export interface Act {
  /** Who did it, for the record. */
  readonly by: string;
  readonly now: Instant;
}

/** Held and never sent: it never will be. */
export function cancelled(transaction: Transaction, { by, now }: Act): Transaction | null {
  if (transaction.state.status !== 'held' || sentOf(transaction) !== 'no') return null;
  return moved(transaction, { status: 'abandoned', settledAt: now, reason: `cancelled by ${by}` });
}

/** Found out by a person. `completed` lets waiters have the operation's first 2xx (R22). */
export function resolved(
  transaction: Transaction,
  found: Act & { as: 'completed' | 'failed'; note: string },
): Transaction | null {
  const { status } = transaction.state;
  if (status !== 'accepted' && status !== 'unacknowledged' && status !== 'awaiting-operator') return null;
  const { as, note, by, now } = found;
  const answer: RecordedAnswer = { status: transaction.policy.successStatus, bodyBytes: 0, at: now, from: 'made-up' };
  const changes = as === 'completed' && transaction.answer === null ? { answer } : {};
  return moved(transaction, { status: as, settledAt: now, reason: `resolved by ${by}: ${note}` }, changes);
}

/**
 * To be sent once more, whatever its policy says. Its status stays what it is until it is marked in flight: it waits
 * in its lane, and for the gate. Ordered twice before it was sent is ordered once.
 */
export function replayOrdered(
  transaction: Transaction,
  { by, now, owner }: Act & { owner: string },
): Transaction | null {
  const { status } = transaction.state;
  if (status !== 'unacknowledged' && status !== 'awaiting-operator') return null;
  if (isReplayOrdered(transaction)) return transaction;
  // Nobody looks after what awaits an operator, so whoever takes the order takes the transaction.
  const taken = status === 'awaiting-operator' ? { owner } : {};
  return {
    ...transaction,
    ...taken,
    operatorReplay: { at: now, by, afterAttempt: transaction.attempts.at(-1)?.number ?? 0 },
  };
}
