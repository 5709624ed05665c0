/**
 * What a look at the new active node says of an unacknowledged transaction, and so what is to be done (R13–R17). Pure:
 * the look, the record and the lane's history decide.
 */
import { isSettled, sentOf, type Transaction } from '../domain/transaction.ts';
import type { ResourceReading } from '../esc/resource.ts';
import type { History } from './look.ts';

export type Next =
  | { readonly do: 'send' }
  | { readonly do: 'settle'; readonly evidence: string }
  /** There and under way: it is accepted again, and watched (R14). */
  | { readonly do: 'watch' }
  /** Look again by and by. */
  | { readonly do: 'wait' }
  /** Delete what a dropped create left, then create again (R15, R20). */
  | { readonly do: 'clean-up' }
  /** A later transaction made an end of it. */
  | { readonly do: 'fail'; readonly reason: string }
  | { readonly do: 'operator'; readonly reason: string };

export interface Seen {
  readonly found: ResourceReading;
  readonly history: History;
  /** R15: by a 2xx or a token. */
  readonly isProvenOwn: boolean;
  /** What ESC shows does not contradict the request. */
  readonly mayBeOwn: boolean;
  /** Every leaf of an update stands (R16). */
  readonly isAsAsked: boolean;
  /** It was watched and did not move for `replay.stuckAfter` (R14). */
  readonly isStuck: boolean;
  /** Its own clean-up was sent and ESC took it: in this epoch, or in an earlier one, whose end may have dropped it. */
  readonly cleanUp: 'none' | 'running' | 'dropped';
  readonly mayCleanUp: boolean;
  /** It may have been done once, so that what is wrong now is not a dropped create's remains. */
  readonly mayHaveServed: boolean;
  /** Its last attempt was sent to this very ESC, in this epoch, and not answered. */
  readonly mayBeAtWork: boolean;
}

/**
 * The newest transaction of its lane that came later and that ESC may have: what is `accepted` makes no lane busy (R8),
 * so a later one may have been sent before it is doubted. `lane`: newest first. A later one that ESC refused changed nothing.
 */
export const overtakerOf = ({ sequence }: Transaction, lane: readonly Transaction[]): Transaction | null =>
  lane.find(
    (later) =>
      later.sequence > sequence && later.state.status !== 'held' && sentOf(later) !== 'no' && !isRefused(later),
  ) ?? null;

const isRefused = ({ state, attempts }: Transaction): boolean =>
  state.status === 'failed' && attempts.every(({ status }) => status === undefined || status >= 400);

/**
 * What is found done is settled by this evidence; not a create where ESC took a later create of the same resource: what
 * stands is that one's work. This one was deleted in between, and nobody saw whether it had been done (promise 5).
 */
export function evidenceOfDone(
  { sequence, policy }: Transaction,
  lane: readonly Transaction[],
  evidence: string,
): string {
  if (policy.kind !== 'create') return evidence;
  const later = lane.find((each) => each.sequence > sequence && each.policy.kind === 'create' && isTaken(each));
  return later === undefined ? evidence : `not-observed: what is there was made by the later transaction ${later.id}`;
}

const isTaken = ({ attempts }: Transaction): boolean =>
  attempts.some(({ kind, status }) => kind === 'send' && status !== undefined && status < 400);

/** Sending it now, after a later one, would turn their order round (promise 4). */
export function nextOfOvertaken(transaction: Transaction, later: Transaction, found: Seen['found'] | null): Next {
  const { policy } = transaction;
  const { id, policy: theirs, state } = later;
  if (policy.kind === 'create' && theirs.kind === 'delete') {
    // ESC took it, and it may well have been done before it was deleted.
    const wasTaken = transaction.attempts.some(({ status }) => status !== undefined && status < 400);
    if (found === 'absent' && wasTaken)
      return { do: 'settle', evidence: `not-observed: the later transaction ${id} deleted it` };
    if (found === 'absent') return { do: 'fail', reason: `the later transaction ${id} deleted it before it completed` };
    if (!isSettled(state.status)) return { do: 'wait' };
  }
  if (policy.kind === 'delete' && theirs.kind === 'create' && isTaken(later)) {
    return { do: 'settle', evidence: `ESC took the later create ${id}, so it was gone` };
  }
  return { do: 'operator', reason: `sending it again would put it after ${id}, which came later and was sent` };
}

export function nextOf({ policy }: Transaction, seen: Seen): Next {
  switch (policy.kind) {
    case 'create':
      return nextOfCreate(seen);
    case 'delete':
      return seen.found === 'absent' ? { do: 'settle', evidence: 'the resource is gone' } : { do: 'send' };
    case 'update':
      // What is under way may be this very update: sent again as soon as that ends, it would be done twice.
      if (seen.found === 'under-way' && seen.mayBeAtWork) return { do: 'wait' };
      return seen.found === 'done' && seen.isAsAsked
        ? { do: 'settle', evidence: 'the resource is as the update asked' }
        : { do: 'send' };
    default:
      return { do: 'send' };
  }
}

function nextOfCreate(seen: Seen): Next {
  const { found, history, isProvenOwn, mayBeOwn, isStuck, cleanUp } = seen;
  if (found === 'absent') return { do: 'send' };
  if (cleanUp === 'running' && found !== 'broken') return { do: 'wait' };
  if (found === 'unreadable') return { do: 'send' };
  const isStale = found === 'under-way' && (isStuck || cleanUp === 'dropped');
  if (found === 'broken' || isStale) return nextOfBroken(seen);
  // What is there may be the end of the one before.
  if (history === 'deleting' && !isProvenOwn) return { do: 'wait' };
  const isOwn = isProvenOwn || (history !== 'created' && mayBeOwn);
  if (!isOwn) return { do: 'send' };
  return found === 'done' ? { do: 'settle', evidence: 'the resource is there' } : { do: 'watch' };
}

/** In error, or under way without moving: a dropped create's remains are cleaned up only if they are provably its own (R15). */
function nextOfBroken({ history, isProvenOwn, isStuck, mayCleanUp, mayHaveServed }: Seen): Next {
  if (!isProvenOwn && history === 'created') return { do: 'send' };
  const how = isStuck ? 'has not moved since the switchover' : 'is in error';
  if (!isProvenOwn) return { do: 'operator', reason: `the resource ${how}, and nothing proves whose it is` };
  if (mayHaveServed) return { do: 'operator', reason: `the resource ${how}, and may have been in service before` };
  return mayCleanUp ? { do: 'clean-up' } : { do: 'operator', reason: `what it created ${how} in ESC` };
}
