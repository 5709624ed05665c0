/**
 * A request that meets an earlier one: by its key, or as its twin (R24, R26). It is never a second transaction: it waits
 * with the first one's client, within its own time, or gets the answer that is recorded.
 */
import type { Transaction } from '../domain/transaction.ts';
import type { Arrival } from './arrival.ts';
import type { Client } from './client.ts';
import { type Followers, toldOf } from './followers.ts';
import type { Listeners } from './listeners.ts';
import type { PendingAnswers } from './pending-answers.ts';
import type { Records } from './records.ts';
import type { Told, Waiters } from './waiters.ts';

export interface JoinOptions {
  readonly records: Records;
  readonly waiters: Waiters;
  /** Whose HTTP answer is not handed over yet: nothing is relayed for them (R23). */
  readonly pendingAnswers: PendingAnswers;
  readonly listeners: Listeners;
  readonly followers: Followers;
}

export interface Joining {
  readonly arrival: Arrival;
  /** Equal to the arrival, as it was found. */
  readonly holder: Transaction;
  readonly client: Client;
}

/** @throws GatewayError as `Listeners.add` does. */
export async function join(
  { records, waiters, pendingAnswers, listeners, followers }: JoinOptions,
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
    const known = await toldOf(records, transaction);
    if (known !== null) return { transaction, told: known.kind === 'answer' ? { ...known, isReplayed: true } : known };
    followers.follow(transaction);
    return { transaction, told: await told };
  } finally {
    asks.abort();
  }
}
