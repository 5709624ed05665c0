/**
 * A look: asks ESC for the resource of a transaction, to learn what an attempt of unknown outcome came to (R13, R14).
 * With the gateway's own account, or with the transaction's credentials where there is none (R27).
 */
import { latestStanding } from '../domain/standing.ts';
import type { Transaction } from '../domain/transaction.ts';
import { compareContent } from '../esc/content.ts';
import {
  applicationPath,
  isOfApplication,
  isVagueAbsence,
  type LookAnswer,
  type ResourceReading,
  readResource,
} from '../esc/resource.ts';
import type { Journal } from '../journal/journal.ts';
import type { RequestMessage } from '../journal/message.ts';
import type { Sender } from '../northbound/sender.ts';
import { now } from '../pair/clock.ts';
import type { Coordinator } from '../pair/coordinator.ts';
import { firstValue } from '../upstream/headers.ts';

export interface Look {
  /**
   * `away`: the look itself was not answered, or by a container that may still be starting; ask again later.
   * `unreadable`: answered, and says nothing.
   */
  readonly found: ResourceReading | 'away';
  readonly contentType: string;
  readonly body: Uint8Array;
}

export interface LookOptions {
  readonly sender: Sender;
  readonly journal: Journal;
  readonly coordinator: Coordinator;
  /** The gateway's own account as an Authorization value; null: none. */
  readonly authorization: string | null;
}

const nothing = { contentType: '', body: new Uint8Array() };

export async function look(
  options: LookOptions,
  transaction: Transaction,
  message: RequestMessage,
  epoch: number,
): Promise<Look> {
  const path = transaction.policy.look;
  if (path === null) return { found: 'unreadable', ...nothing };
  const headers = ['Accept', 'application/xml', ...credentialsOf(options, message)];
  const ask = async (asked: string): Promise<LookAnswer | null> => {
    const reading = await options.sender.look(transaction, { method: 'GET', path: asked, headers, body: null }, epoch);
    if (reading.kind !== 'answered') return null;
    const { status, headers: fields, body } = reading.answer;
    return { httpStatus: status, contentType: firstValue(fields, 'content-type'), body };
  };
  const first = await ask(path);
  if (first === null) return { found: 'away', ...nothing };
  if (!isVagueAbsence(first)) return { found: readResource(first), ...first };
  // Health may say READY before the application serves: it is asked for something that it has, and then for this once
  // more, since it may have begun to serve in between.
  const proof = await ask(applicationPath);
  if (proof === null) return { found: 'away', ...nothing };
  if (!isOfApplication(proof) && !isLongReady(options)) return { found: 'away', ...nothing };
  const second = await ask(path);
  return second === null ? { found: 'away', ...nothing } : { found: readResource(second, true), ...second };
}

/** READY comes 15 to 30 s before all of ESC serves (esc.md section 10, item 22). */
const startingMaxMs = 60_000;

/** Who answers with a page now is no container that starts, even where nothing proves the application. */
function isLongReady({ coordinator }: LookOptions): boolean {
  const { readyAt } = coordinator.state;
  return readyAt !== null && now() > readyAt + startingMaxMs;
}

/** The gateway's own account, else what the client sent (R27). */
export function credentialsOf(
  { authorization }: Pick<LookOptions, 'authorization'>,
  message: RequestMessage,
): string[] {
  const credentials = authorization ?? firstValue(message.headers, 'authorization');
  return credentials === '' ? [] : ['Authorization', credentials];
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
  | 'deleting';

export async function historyOf(journal: Journal, transaction: Transaction): Promise<History> {
  const { lane } = transaction.place;
  const earlier = await journal.list({ lane, beforeSequence: transaction.sequence, limit: laneHistoryMax });
  const isDeleting = earlier.some(
    ({ state, policy }) =>
      policy.kind === 'delete' &&
      (state.status === 'accepted' || (state.status === 'completed' && policy.ack === 'answer')),
  );
  if (isDeleting) return 'deleting';
  return latestStanding(earlier) === null ? 'none' : 'created';
}

/** Newest first, as far back as is read: what came later on the lane stands before the transaction itself. */
export const laneOf = (journal: Journal, { place }: Transaction): Promise<Transaction[]> =>
  journal.list({ lane: place.lane, limit: laneHistoryMax });

/** One of its own creates got a 2xx, or a report bore its token (R15): what is there is its own. */
export const isProvenOwn = ({ attempts, reports }: Transaction): boolean =>
  attempts.some(({ kind, status }) => kind === 'send' && status !== undefined && status < 400) ||
  reports.some(
    ({ from, attempt, verdict }) =>
      verdict !== 'failure' && from === 'esc' && attempts.find(({ number }) => number === attempt)?.kind === 'send',
  );

/** Whether what ESC shows may come from this request: it says nothing that the request says otherwise (R15). */
export const mayBeFrom = (message: RequestMessage, { body }: Look): boolean =>
  compareContent(message.body, body) !== 'different';

/** Every leaf of an update stands in what ESC shows (R16). */
export const isAsAsked = (message: RequestMessage, { body }: Look): boolean =>
  compareContent(message.body, body) === 'equal';
