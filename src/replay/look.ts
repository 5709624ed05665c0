/**
 * A look: asks ESC for the resource of a transaction, to learn what an attempt of unknown outcome came to (R13, R14).
 * With the gateway's own account, or with the transaction's credentials where there is none (R27).
 */
import { latestStanding } from '../domain/standing.ts';
import type { Transaction } from '../domain/transaction.ts';
import { type ResourceReading, readResource } from '../esc/resource.ts';
import type { Journal } from '../journal/journal.ts';
import type { RequestMessage } from '../journal/message.ts';
import type { Sender } from '../northbound/sender.ts';
import { firstValue } from '../upstream/headers.ts';

/** `away`: the look itself was not answered; ask again later. `unreadable`: answered, and says nothing. */
export type Look = ResourceReading | 'away';

export interface LookOptions {
  readonly sender: Sender;
  readonly journal: Journal;
  /** The gateway's own account as an Authorization value; null: none. */
  readonly authorization: string | null;
}

export async function look(
  { sender, authorization }: LookOptions,
  transaction: Transaction,
  message: RequestMessage,
  epoch: number,
): Promise<Look> {
  const path = transaction.policy.look;
  if (path === null) return 'unreadable';
  const credentials = authorization ?? firstValue(message.headers, 'authorization');
  const headers = ['Accept', 'application/xml', ...(credentials === '' ? [] : ['Authorization', credentials])];
  const reading = await sender.exchange({ method: 'GET', path, headers, body: null }, epoch);
  if (reading.kind !== 'answered') return 'away';
  const { status, headers: fields, body } = reading.answer;
  // The sender has confirmed a doubtful answer by a probe, so an empty 404 is ESC's word here.
  return readResource({ httpStatus: status, contentType: firstValue(fields, 'content-type'), body }, true);
}

/** How far back the lane is read for an earlier create that still stands. */
const laneHistoryMax = 200;

/** What the journal knows of a resource that is there, besides this transaction's own create (R15). */
export type History =
  /** Nothing: it may be this transaction's doing. */
  | 'none'
  /** An earlier create of it stands. */
  | 'created'
  /** An earlier delete of it was accepted, and may still be running. */
  | 'deleted';

export async function historyOf(journal: Journal, transaction: Transaction): Promise<History> {
  const { lane } = transaction.place;
  const earlier = await journal.list({ lane, beforeSequence: transaction.sequence, limit: laneHistoryMax });
  if (latestStanding(earlier) !== null) return 'created';
  return earlier.some(({ state, policy }) => state.status === 'completed' && policy.kind === 'delete')
    ? 'deleted'
    : 'none';
}
