/**
 * A request that meets an earlier one: by its key, or as its twin (R24, R26). It is never a second transaction: it waits
 * with the first one's client, within its own time, or gets the answer that is recorded.
 */
import { isSettled, type Transaction } from '../domain/transaction.ts';
import type { Arrival } from './arrival.ts';
import { recordedAnswer } from './recorded-answer.ts';
import type { Records } from './records.ts';
import type { Client, TransactOptions } from './transact.ts';
import type { Told } from './waiters.ts';

export interface Joining {
  readonly arrival: Arrival;
  /** Equal to the arrival, as it was found. */
  readonly holder: Transaction;
  readonly client: Client;
}

/** @throws GatewayError as `Listeners.add` does. */
export async function join(
  { records, waiters, pendingAnswers, listeners }: TransactOptions,
  { arrival, holder, client: { response, caller, patience } }: Joining,
): Promise<{ readonly transaction: Transaction; readonly told: Told }> {
  // Also where the first client wants no reports, and this one does.
  pendingAnswers.add({ id: holder.id, wants: [...holder.wants, ...arrival.wants] }, response);
  // It waits before it reads: what is recorded after that, it is told.
  const asks = new AbortController();
  const told = waiters.wait(holder.id, patience.until, AbortSignal.any([caller.hasLeft, asks.signal]));
  try {
    await listeners.add(holder, arrival);
    const read = await records.read(holder.id);
    const transaction = read === null || read === 'unavailable' ? holder : read;
    const known = await recorded(records, transaction);
    return { transaction, told: known ?? (await told) };
  } finally {
    asks.abort();
  }
}

/** What there is to tell already; null: it is to be waited for. */
async function recorded(records: Records, transaction: Transaction): Promise<Told | null> {
  const answer = await recordedAnswer(records, transaction);
  if (answer !== null) return { kind: 'answer', transaction, answer, isReplayed: true };
  if (transaction.state.status === 'abandoned') return { kind: 'abandoned', transaction };
  // Its end is told where its status is; an answer that cannot be read now is there too.
  const isOver = isSettled(transaction.state.status) || transaction.answer !== null;
  return isOver ? { kind: 'promise', transaction } : null;
}
