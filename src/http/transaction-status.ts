/**
 * A transaction as its sender reads it at `/northgate/v1/transactions/ID`: bytes and a strong entity tag of them.
 * Invariant: the bytes depend on the record alone, not on when they are asked for, so that the tag holds (RFC 9110
 * section 8.8.1); when to look again is therefore in `Retry-After` and not in the body.
 */
import { createHash } from 'node:crypto';
import { GatewayError } from '../domain/problem.ts';
import { isSettled, type State, sentOf, type Transaction } from '../domain/transaction.ts';
import { clientView } from '../ops/transaction-view.ts';

export interface Representation {
  /** JSON. */
  readonly body: string;
  /** As it stands in `ETag`, quotes included. */
  readonly tag: string;
}

const transactionPath = (id: string): string => `/northgate/v1/transactions/${id}`;

/** What ops shows of it without what is the operators' business, with a reason in words, a count and links. */
export function representationOf(transaction: Transaction): Representation {
  const { id, answer, attempts } = transaction;
  const self = transactionPath(id);
  const body = JSON.stringify({
    ...clientView(transaction),
    reason: inWords(transaction.state),
    // Early ones may not be listed any more.
    attemptCount: attempts.at(-1)?.number ?? 0,
    links: { self, response: answer === null ? null : `${self}/response` },
  });
  return { body, tag: `"${createHash('sha256').update(body).digest('base64url')}"` };
}

/** Why it stands where it stands, without a node's address or anything else of the network behind the gateway. */
function inWords(state: State): string {
  switch (state.status) {
    case 'held':
      return heldFor[state.reason];
    case 'in-flight':
      return 'it was sent, and ESC has not answered yet';
    case 'accepted':
      return 'ESC took it, and its completion is awaited';
    case 'unacknowledged':
      return 'it was sent and not answered; what became of it is found out, or it is sent again, when ESC can be asked';
    case 'awaiting-operator':
      return 'it was sent and what became of it could not be found out; an operator decides';
    case 'completed':
    case 'failed':
    case 'abandoned':
      return state.reason;
  }
}

const heldFor: Readonly<Record<Extract<State, { status: 'held' }>['reason'], string>> = {
  gate: 'ESC is away; it has not been sent and is sent when ESC is back',
  lane: 'it has not been sent; an earlier one on the same resource comes first',
  maintenance: 'ESC is in maintenance mode; it has not been sent and is sent when that ends',
};

/**
 * Whether `If-None-Match` names what the client would get, so that 304 says it all: `*` or a list of tags, compared
 * weakly (RFC 9110 section 13.1.2). What is no tag is passed over.
 */
export function isKnown(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  const named = [...ifNoneMatch.matchAll(/"[\x21\x23-\x7e\x80-\xff]*"/g)];
  return named.some(([known]) => known === tag);
}

/** Why there is no answer of ESC to read: not yet, or never. `retryAfterSeconds` counts for the first. */
export function noAnswer(transaction: Transaction, retryAfterSeconds: number): GatewayError {
  const { id, state } = transaction;
  const known = { transaction: id, sent: sentOf(transaction) };
  if (!isSettled(state.status)) {
    return new GatewayError('not-found', {
      ...known,
      detail: `There is no answer to ${id} yet: ${inWords(state)}.`,
      retryAfterSeconds,
    });
  }
  const detail =
    state.status === 'abandoned'
      ? `${id} was never sent and never will be (${inWords(state)}), so there is no answer; send the request again.`
      : `${id} is ${state.status} without an answer of ESC (${inWords(state)}); there will be none.`;
  return new GatewayError('not-found', { ...known, detail });
}
