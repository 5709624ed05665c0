/**
 * What a look says of a transaction that ESC accepted in the epoch that still stands, and so what is to be done: the sister of
 * `nextOf` in `reconcile.ts`, which is of the unacknowledged. Pure. Whoever is doubted goes there.
 */
import type { Transaction } from '../domain/transaction.ts';
import type { ResourceReading } from '../esc/resource.ts';
import { isLookedAt } from './evidence.ts';
import { followerOf, goneFor, noOtherUpdates, overtakerOf } from './neighbours.ts';

export type NextOfAccepted =
  /** What it asked for stands; whose work that is has to be asked (`nextInLane`). */
  | { readonly do: 'done' }
  | { readonly do: 'settle'; readonly evidence: string }
  /** ESC's own word that it failed. */
  | { readonly do: 'fail'; readonly reason: string }
  /** `isDistrusted`: it tells of a switchover that nobody saw (R5). */
  | { readonly do: 'doubt'; readonly reason: string; readonly isDistrusted?: boolean }
  | { readonly do: 'wait' };

export interface SeenOfAccepted {
  readonly found: ResourceReading;
  /** All that it asked for is there. */
  readonly isDone: boolean;
  /** Found under way after a switchover, and without a sign of movement for `replay.stuckAfter` (R14). */
  readonly isStuck: boolean;
  /** How long it has been accepted, in terms of the time that it may take (R3). */
  readonly age: 'within' | 'past' | 'past-twice';
  /** Newest first; not needed while it moves, but for a delete. */
  readonly lane: readonly Transaction[];
}

/** Why a watched transaction came back: what is under way there counts as broken (R14). */
export const stuckReason = 'under way without a sign of movement for replay.stuckAfter (R14)';

const wait: NextOfAccepted = { do: 'wait' };
const doubt = (reason: string): NextOfAccepted => ({ do: 'doubt', reason });

export function nextOfAccepted(transaction: Transaction, seen: SeenOfAccepted): NextOfAccepted {
  const { found, isDone, isStuck, age, lane } = seen;
  const { kind } = transaction.policy;
  if (isDone) return { do: 'done' };
  if (kind === 'delete' && goneFor(transaction, lane) !== null)
    return doubt('it is there, and ESC took a later create of it');
  if (kind === 'create' && found === 'absent') return nextOfVanished(transaction, lane);
  if (kind === 'create' && found === 'broken') return nextOfBroken(transaction, lane);
  if (isStuck) return doubt(stuckReason);
  return age === 'within' ? wait : nextOfPast(transaction, found, age);
}

/** Accepted, and gone in its own epoch: a switchover that nobody saw (R5), unless a later delete explains it. */
function nextOfVanished(transaction: Transaction, lane: readonly Transaction[]): NextOfAccepted {
  const { state, attempts } = transaction;
  // What has gone before is the resource's own trouble, and no reason to stop everybody again.
  const isFirstTime = state.status === 'accepted' && attempts.every(({ epoch }) => epoch === state.epoch);
  const isDistrusted = isFirstTime && overtakerOf(transaction, lane) === null;
  return { do: 'doubt', reason: 'a look found nothing of it', isDistrusted };
}

/** A create in error: ESC's word, unless a switchover or a later one may have made it so. */
function nextOfBroken(transaction: Transaction, lane: readonly Transaction[]): NextOfAccepted {
  const { state } = transaction;
  // What the dropped work left (R14).
  if (state.status === 'accepted' && state.isWatched) return doubt('a look found it in error after the switchover');
  const overtaker = overtakerOf(transaction, lane);
  // Its report was lost or could not reach us.
  if (overtaker === null) return { do: 'fail', reason: 'a look found it in error' };
  const follower = followerOf(transaction, lane, noOtherUpdates);
  if (follower === null || follower.policy.kind === 'delete')
    return doubt(`a look found in error what ${overtaker.id} may have made`);
  const evidence = `not-observed: ESC took the later transaction ${follower.id}, so it had ended, and what is in error may be the later one's`;
  return { do: 'settle', evidence };
}

/** Its time is over (R3), and a look does not show it done: it is not sent again by itself, so what is doubted goes to a person. */
function nextOfPast(transaction: Transaction, found: ResourceReading, age: 'past' | 'past-twice'): NextOfAccepted {
  const { kind } = transaction.policy;
  if (kind === 'delete') return doubt('it is still there after its time');
  // What an update made of its resource may look otherwise than it asked (R16); of an action a look says nothing.
  if (!isLookedAt(transaction) || (kind === 'update' && found === 'done'))
    return { do: 'settle', evidence: 'not-observed' };
  const isMoving = found === 'under-way' || found === 'unreadable';
  if (isMoving) return age === 'past' ? wait : doubt('it did not come to its end in twice its time');
  return doubt(`its resource is ${found === 'absent' ? 'gone' : 'in error'} after its time`);
}
