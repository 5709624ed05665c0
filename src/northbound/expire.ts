/**
 * A client's time ran out (R24). Never sent, nobody else waits, and it did not ask for less time: abandoned. Otherwise
 * the gateway goes on, and what it knows is said: the recorded answer, or a promise, which is recorded before it is given.
 * Only of what was sent a promise is given that the journal has not confirmed (R35): that is never given up.
 */
import { isSettled, type Transaction } from '../domain/transaction.ts';
import { type AbandonOptions, abandonUnsent } from './abandon.ts';
import type { Client } from './client.ts';
import type { Comeback } from './comeback.ts';
import { within } from './patience.ts';
import { isToBeMarked, keepWord, mayBeGivenUp, promiseMove, recordLate } from './promise.ts';
import { recordedAnswer } from './recorded-answer.ts';
import { unsaid } from './refusals.ts';
import type { Told } from './waiters.ts';

export interface ExpireOptions extends AbandonOptions {
  readonly comeback: Comeback;
  /** The process ends: what is held is left to the next one, so its client is promised instead. */
  readonly isEnding: () => boolean;
  /** It is being sent from here, or what came of that is being recorded, without having waited in the lanes. */
  readonly isSending: (id: string) => boolean;
}

type ToldAtEnd = Exclude<Told, { kind: 'expired' | 'left' }>;

/** What there is to tell. @throws GatewayError `journal-unavailable` where nobody can say what becomes of it. */
export async function expire(
  options: ExpireOptions,
  transaction: Transaction,
  { patience: { by }, hasJoined }: Pick<Client, 'patience' | 'hasJoined'>,
): Promise<ToldAtEnd> {
  const { records, lanes, isEnding, isSending, comeback } = options;
  // Promised in the record, and nothing can take that back: there is nothing to write.
  if (transaction.promisedAt !== null && !(hasJoined && isToBeMarked(transaction)))
    return { kind: 'promise', transaction };
  const isOnItsWay = lanes.hasTried(transaction.id) === true || isSending(transaction.id);
  const mayAbandon = by === 'hold' && !isEnding();
  const abandoning = mayAbandon ? await abandonUnsent(options, transaction, 'hold.timeout ran out') : 'kept';
  if (abandoning === 'abandoned') return { kind: 'abandoned', transaction };
  if (abandoning === 'unknown') throw unsaid(transaction, comeback.seconds('journal-unavailable'));
  let isGivenUp = false;
  const changed = await within(
    records.changeSurely(transaction, (current) => (isGivenUp ? null : promiseMove(current))),
  );
  if (changed !== null && 'transaction' in changed) return afterRecord(options, changed.transaction);
  isGivenUp = true;
  // Lost with the journal that it was in, or nobody can tell whether another replica gives it up: nothing is promised.
  const isKept = changed?.word !== 'missing' && (isOnItsWay || !mayBeGivenUp(transaction));
  if (!isKept) throw unsaid(transaction, comeback.seconds('journal-unavailable'));
  lanes.keep(transaction.id);
  void keepWord(options, transaction);
  return { kind: 'promise', transaction };
}

/** The record is as it stands: promised, or with something else to tell. */
async function afterRecord(options: ExpireOptions, current: Transaction): Promise<ToldAtEnd> {
  const { records, lanes, comeback } = options;
  if (current.state.status === 'abandoned') return { kind: 'abandoned', transaction: current };
  const answer = await recordedAnswer(records, current);
  if (answer !== null) return { kind: 'answer', transaction: current, answer };
  lanes.keep(current.id);
  if (current.promisedAt !== null || current.answer === null) return { kind: 'promise', transaction: current };
  // ESC's answer is recorded and cannot be read just now: its end is told by a report, which the record is to hold.
  const late = await within(recordLate(options, current));
  if (late !== null && 'transaction' in late) return { kind: 'promise', transaction: late.transaction };
  if (isSettled(current.state.status)) throw unsaid(current, comeback.seconds('journal-unavailable'));
  return { kind: 'promise', transaction: current };
}
