/**
 * A client's time ran out (R24). Never sent, nobody else waits, and it did not ask for less time: abandoned. Otherwise
 * the gateway goes on, and what it knows is said: the recorded answer, or a promise, which is recorded before it is given.
 */
import { promised } from '../domain/moves.ts';
import { isSettled, type Transaction } from '../domain/transaction.ts';
import { now } from '../pair/clock.ts';
import { type AbandonOptions, abandonUnsent } from './abandon.ts';
import type { Comeback } from './comeback.ts';
import { within } from './patience.ts';
import type { Patience } from './preferences.ts';
import { recordedAnswer } from './recorded-answer.ts';
import { unconfirmed } from './refusals.ts';
import type { Told } from './waiters.ts';

export interface ExpireOptions extends AbandonOptions {
  readonly comeback: Comeback;
  /** The process ends: what is held is left to the next one, so its client is promised instead. */
  readonly isEnding: () => boolean;
}

/** What there is to tell; never `expired`. @throws GatewayError `journal-unavailable` where nobody can say what becomes of it. */
export async function expire(
  options: ExpireOptions,
  transaction: Transaction,
  { by }: Pick<Patience, 'by'>,
): Promise<Exclude<Told, { kind: 'expired' | 'left' }>> {
  const { records, lanes, comeback, isEnding } = options;
  // Promised in the record from its creation: there is nothing to write.
  if (transaction.promisedAt !== null) return { kind: 'promise', transaction };
  const mayAbandon = by === 'hold' && !isEnding();
  const abandoning = mayAbandon ? await abandonUnsent(options, transaction, 'hold.timeout ran out') : 'kept';
  if (abandoning === 'abandoned') return { kind: 'abandoned', transaction };
  if (abandoning === 'unknown') throw unconfirmed(comeback.seconds('journal-unavailable'));
  lanes.keep(transaction.id);
  const changed = await within(
    records.changeSurely(transaction, (current) => {
      const isToBePromised = current.promisedAt === null && current.answer === null && !isSettled(current.state.status);
      return isToBePromised ? { transaction: promised(current, now()) } : null;
    }),
  );
  const current = changed !== null && 'transaction' in changed ? changed.transaction : transaction;
  // Lost with the journal that it was in: there is nothing to promise.
  if (changed?.word === 'missing') throw unconfirmed(comeback.seconds('journal-unavailable'));
  if (current.state.status === 'abandoned') return { kind: 'abandoned', transaction: current };
  const answer = await recordedAnswer(records, current);
  return answer === null ? { kind: 'promise', transaction: current } : { kind: 'answer', transaction: current, answer };
}
