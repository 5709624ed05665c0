/**
 * What a look at the new active node says of an unacknowledged transaction, and so what is to be done (R13–R17). Pure:
 * the look, the record and the lane's history decide.
 */
import type { History } from '../domain/standing.ts';
import type { Transaction } from '../domain/transaction.ts';
import type { ResourceReading } from '../esc/resource.ts';
import {
  deletedBy,
  followerOf,
  goneFor,
  hadNoEffect,
  isOnceTaken,
  laterOf,
  type OtherUpdates,
  remadeBy,
} from './neighbours.ts';

export type Next =
  | { readonly do: 'send' }
  | { readonly do: 'settle'; readonly evidence: string }
  /** There and under way: it is accepted again, and watched (R14). */
  | { readonly do: 'watch' }
  /** Look again by and by. */
  | { readonly do: 'wait' }
  /** Delete what a dropped create left, then create again (R15, R20). */
  | { readonly do: 'clean-up' }
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
  /** ESC refused it since something is under way there, and that may come to its end. */
  readonly isBusyThere: boolean;
}

export interface Lane {
  /** Newest first. */
  readonly lane: readonly Transaction[];
  readonly others: OtherUpdates;
  readonly epoch: number;
}

/**
 * What is to be done, once it was asked who else of the lane may have made what the look shows: what another one may have
 * done settles nothing as its own work (promise 5), and nothing is sent again or cleaned up behind a later one (promise 4).
 */
export function nextInLane(transaction: Transaction, next: Next, found: Seen['found'] | null, around: Lane): Next {
  if (transaction.policy.kind === 'create') {
    const deleter = deletedBy(transaction, around.lane);
    if (deleter !== null) return ended(transaction, `the later transaction ${deleter.id} deleted it`);
  }
  if (next.do === 'settle') return settledInLane(transaction, next.evidence, around);
  if (next.do !== 'send' && next.do !== 'clean-up') return next;
  const { others, epoch, lane } = around;
  const harmless = others.later.filter((later) => found === 'done' && hadNoEffect(later, epoch));
  const later = laterOf(transaction, lane).find((each) => harmless.every(({ transaction: { id } }) => id !== each.id));
  return later === undefined ? next : nextOfOvertaken(transaction, later, found, around);
}

/** Over, and whether it was done before nobody saw; what may never have been done is left to a person. */
function ended(transaction: Transaction, why: string): Next {
  if (isOnceTaken(transaction)) return { do: 'settle', evidence: `not-observed: ${why}` };
  return { do: 'operator', reason: `nothing tells whether it was done: ${why}` };
}

/** Found done: by itself, or by another one that may have made what stands. */
function settledInLane(transaction: Transaction, evidence: string, { lane, others }: Lane): Next {
  if (transaction.policy.kind === 'update' && others.same !== null) {
    return { do: 'settle', evidence: `not-observed: ${evidence}, as ${others.same.id} asked too` };
  }
  const later = transaction.policy.kind === 'create' ? remadeBy(transaction, lane) : null;
  if (later === null) return { do: 'settle', evidence };
  return ended(transaction, `what is there may have been made by the later transaction ${later.id}`);
}

/** Sending it now, after a later one, would turn their order round (promise 4). */
function nextOfOvertaken(
  transaction: Transaction,
  later: Transaction,
  found: Seen['found'] | null,
  around: Lane,
): Next {
  const { lane, others } = around;
  const reason = `sending it again would put it after ${later.id}, which came later and was sent`;
  switch (transaction.policy.kind) {
    case 'create': {
      if (later.policy.kind !== 'delete') return { do: 'operator', reason };
      if (found === 'absent') return ended(transaction, `the later transaction ${later.id} was sent to delete it`);
      const isMoving = later.state.status === 'accepted' || later.state.status === 'in-flight';
      return isMoving ? { do: 'wait' } : { do: 'operator', reason };
    }
    case 'delete': {
      const create = goneFor(transaction, lane);
      if (create === null) return { do: 'operator', reason };
      return { do: 'settle', evidence: `ESC took the later create ${create.id}, so it was gone` };
    }
    case 'update':
    case 'action': {
      const deleter = deletedBy(transaction, lane);
      if (deleter !== null) return ended(transaction, `the later transaction ${deleter.id} deleted its resource`);
      const follower = followerOf(transaction, lane, others);
      if (follower === null) return { do: 'operator', reason };
      return ended(transaction, `ESC took the later transaction ${follower.id} in the same epoch, so it had ended`);
    }
    default:
      return { do: 'operator', reason };
  }
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
      // Asked again and again it would be refused until it may be asked no more (R18).
      if ((seen.found === 'under-way' || seen.found === 'broken') && seen.isBusyThere) return { do: 'wait' };
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
  // Its resource may show the error until ESC has undeployed it.
  if (cleanUp === 'running') return { do: 'wait' };
  if (found === 'unreadable') return { do: 'send' };
  if (history === 'unsure' && !isProvenOwn) {
    const reason = 'what an earlier create or delete of the same resource came to is not known';
    return { do: 'operator', reason: `${reason}, so nothing tells whose the resource is` };
  }
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
