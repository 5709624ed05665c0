/**
 * A look: asks ESC for the resource of a transaction, to learn what an attempt of unknown outcome came to (R13, R14).
 * With the gateway's own account, or with the transaction's credentials where there is none (R27).
 */
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
import type { Found } from './evidence.ts';

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

/** Whether what ESC shows may come from this request: it says nothing that the request says otherwise (R15). */
export const mayBeFrom = (message: RequestMessage, { body }: Look): boolean =>
  compareContent(message.body, body) !== 'different';

/** Every leaf of an update stands in what ESC shows (R16). */
export const isAsAsked = (message: RequestMessage, { body }: Look): boolean =>
  compareContent(message.body, body) === 'equal';

/** What a look found before a sending, for the reading of its answer. */
export const foundBy = ({ policy }: Transaction, message: RequestMessage, seen: Look): Found => {
  if (seen.found === 'away') return null;
  const isDifferent = policy.kind === 'update' && seen.found === 'done' && !mayBeFrom(message, seen);
  return isDifferent ? 'as-it-was' : seen.found;
};
