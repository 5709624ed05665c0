/**
 * Whether what a look did not settle may be sent again, and what becomes of it if not: an operator's order (R2), its time
 * (R3), its policy (R17), its bounds (R18). Pure; it does not ask what other transactions of the lane say.
 */
import { isTaken } from '../domain/outcome.ts';
import { type Attempt, isReplayOrdered, type Transaction } from '../domain/transaction.ts';
import { isLookedAt, longAcceptedAt } from './evidence.ts';

export type Permission =
  | { readonly do: 'send' }
  /** Over, and nothing can tell whether it was done. */
  | { readonly do: 'not-observed' }
  | { readonly do: 'operator'; readonly reason: string };

export interface Bounds {
  /** Now. */
  readonly at: number;
  /** First READY since it was unacknowledged. */
  readonly readyAt: number;
  /** `replay.deadline`. */
  readonly deadlineMs: number;
  /** `replay.maxAttempts`. */
  readonly attemptsMax: number;
}

const operator = (reason: string): Permission => ({ do: 'operator', reason });

export function permissionFor(transaction: Transaction, bounds: Bounds): Permission {
  const { policy, method } = transaction;
  // An operator has decided that it is sent once more (R2).
  if (isReplayOrdered(transaction)) return { do: 'send' };
  const at = cleanedUpAt(transaction) ?? bounds.at;
  const acceptedAt = longAcceptedAt(transaction, at);
  if (acceptedAt !== null) return afterItsTime(transaction, acceptedAt, at);
  if (policy.replay === 'never') return operator(`its policy is never to send a ${method} again`);
  if (policy.replay === 'operator') return operator(refusalOf(transaction) ?? untold(transaction));
  return withinBounds(transaction, { ...bounds, at });
}

/** When its remains were ordered away, to create it again: what was allowed to be deleted then may be created now. Null: not so. */
function cleanedUpAt({ attempts }: Transaction): number | null {
  const last = attempts.at(-1);
  return last?.kind === 'clean-up' && last.outcome !== 'never-sent' ? last.at : null;
}

/** Accepted longer ago than it may take, it is not sent again by itself (R3). */
function afterItsTime(transaction: Transaction, acceptedAt: number, at: number): Permission {
  if (isLookedAt(transaction)) {
    const taken = `ESC took it at ${new Date(acceptedAt).toISOString()}, longer ago than it may take`;
    return operator(`${taken}, and no look shows it done; after that nothing is sent again by itself (R3)`);
  }
  // A later word of ESC against it is more than its silence.
  const refusal = refusalOf(transaction);
  if (refusal !== null) return operator(refusal);
  // What an operator had sent is the operator's until its own time is over.
  const isLeftToOperator = transaction.operatorReplay !== undefined && !isLongOver(transaction, at);
  return isLeftToOperator ? operator(untold(transaction)) : { do: 'not-observed' };
}

function withinBounds({ attempts }: Transaction, { at, readyAt, deadlineMs, attemptsMax }: Bounds): Permission {
  const sends = attempts.filter((attempt) => attempt.kind === 'send' && attempt.outcome !== 'never-sent').length;
  if (sends > attemptsMax) return operator(`it was sent ${sends} times without an answer that settles it`);
  if (at > readyAt + deadlineMs) return operator('replay.deadline has passed since ESC was ready again');
  return { do: 'send' };
}

const lastSent = ({ attempts }: Transaction): Attempt | undefined =>
  attempts.findLast(({ kind, outcome }) => kind === 'send' && outcome !== 'never-sent');

/** Why nobody but a person can say; null: its last sending was not refused. */
function refusalOf(transaction: Transaction): string | null {
  const status = lastSent(transaction)?.status;
  return status === undefined || isTaken(status) ? null : `the replay was answered ${status}`;
}

const untold = ({ policy, method }: Transaction): string =>
  `nothing can be looked up that would tell whether ${policy.operation ?? method} was done, and sending it again might do it twice`;

/** ESC took its last sending, and that is longer ago than it may take. */
function isLongOver(transaction: Transaction, at: number): boolean {
  const last = lastSent(transaction);
  if (last?.status === undefined || !isTaken(last.status) || last.endedAt === undefined) return false;
  return at > last.endedAt + transaction.policy.completeWithinMs;
}
