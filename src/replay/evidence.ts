/**
 * What a transaction's own attempts and reports say for its replay: whether it may be cleaned up, whether a clean-up is
 * running, whether it is too long ago. Pure, but for the clock that `cleanUpEnd` reads.
 */
import type * as moves from '../domain/moves.ts';
import { isTaken } from '../domain/outcome.ts';
import type { OperationKind, Transaction } from '../domain/transaction.ts';
import type { ResourceReading } from '../esc/resource.ts';
import type { Reading } from '../northbound/sender.ts';
import { now } from '../pair/clock.ts';

/**
 * Whether what is there may have come to its end and served since: ESC reported it, or took it longer ago than it may
 * take. Whatever is wrong with it now, it is not the remains of a dropped create, and nobody but a person deletes it.
 */
export function mayHaveServed(transaction: Transaction, at: number): boolean {
  if (longAcceptedAt(transaction, at) !== null) return true;
  return transaction.reports.some(({ from, verdict }) => from === 'esc' && verdict === 'success');
}

/** Kinds of operation whose resource tells what they came to; an action's does not (R17). */
const lookedAt: readonly OperationKind[] = ['create', 'delete', 'update'];

/** Whether a look at its resource can tell what it came to. */
export const isLookedAt = ({ policy }: Transaction): boolean => policy.look !== null && lookedAt.includes(policy.kind);

/** One of its own creates got a 2xx, or a report bore its token (R15): what is there is its own. */
export const isProvenOwn = ({ attempts, reports }: Transaction): boolean =>
  attempts.some(({ kind, status }) => kind === 'send' && isTaken(status)) ||
  reports.some(
    ({ from, attempt, verdict }) =>
      verdict !== 'failure' && from === 'esc' && attempts.find(({ number }) => number === attempt)?.kind === 'send',
  );

/**
 * Why an attempt before the last one may have been done: ESC took it or did not answer it, and the look before the last one
 * did not show that it was not. A refusal of the last one then says nothing of the transaction (promise 5). Null: none.
 */
export function doubtOf({ attempts, policy }: Transaction, found: Found): string | null {
  if (undoneIf[policy.kind]?.includes(found) === true) return null;
  const earlier = attempts.slice(0, -1).filter(({ kind }) => kind === 'send');
  if (earlier.some(({ outcome }) => outcome === 'unknown'))
    return 'an earlier attempt was not answered and may have been done';
  return earlier.some(({ status }) => isTaken(status)) ? 'ESC took an earlier attempt, which may have been done' : null;
}

/** What a look found before a sending; null: nothing could be looked at. `as-it-was`: at rest, and not as an update asked. */
export type Found = ResourceReading | 'as-it-was' | null;

/** What shows, per kind, that nothing was done of it, or that it is undone. */
const undoneIf: Partial<Record<OperationKind, readonly Found[]>> = {
  create: ['absent'],
  update: ['as-it-was', 'absent'],
  delete: ['done', 'broken'],
};

/**
 * Whether ESC refused it because something is under way on its resource, and that may still come to its end: it is looked
 * at until then, and not asked again and again. `stuckAfterMs` counts from the first refusal of the epoch (R14, R18).
 */
export function isBusyThere({ attempts }: Transaction, { epoch, at, stuckAfterMs }: Busy): boolean {
  const refused = attempts.find((each) => each.kind === 'send' && each.epoch === epoch && each.status === 409);
  return refused?.endedAt !== undefined && at <= refused.endedAt + stuckAfterMs;
}

export interface Busy {
  readonly epoch: number;
  readonly at: number;
  readonly stuckAfterMs: number;
}

/** As long as R14 gives what is under way: past it, a request that ESC never answered did not reach it, or is stuck. */
const silenceMaxMs = 60_000;

/** Whether ESC may be working on its last attempt still, which nobody answered: an end of the epoch would have dropped it. */
export function mayBeAtWork({ attempts }: Transaction, epoch: number, at: number): boolean {
  const last = attempts.at(-1);
  if (last?.kind !== 'send' || last.outcome !== 'unknown' || last.epoch !== epoch) return false;
  return at <= (last.endedAt ?? last.at) + silenceMaxMs;
}

/** When ESC took it first, if that is longer ago than it may take: it is never sent again by itself then (R3). Null: not so. */
export function longAcceptedAt({ attempts, policy }: Transaction, at: number): number | null {
  const accepted = attempts.find(({ kind, status }) => kind === 'send' && isTaken(status));
  const { endedAt } = accepted ?? {};
  return endedAt !== undefined && at > endedAt + policy.completeWithinMs ? endedAt : null;
}

/**
 * What became of its last attempt, if that is a clean-up. Taken, it runs until ESC reports that it failed, or as long as a
 * creation may take: until then what stands may go on showing its error, and a second DELETE would say nothing new (R20).
 */
export function cleanUpOf(transaction: Transaction, epoch: number, at: number): 'none' | 'running' | 'dropped' {
  const { attempts, reports, policy } = transaction;
  const last = attempts.at(-1);
  if (last?.kind !== 'clean-up' || last.outcome === 'never-sent') return 'none';
  if (last.status !== undefined && !isTaken(last.status)) return 'none';
  if (reports.some(({ attempt, status }) => attempt === last.number && status === 'failure')) return 'dropped';
  const runsForMs = last.outcome === 'unknown' ? silenceMaxMs : policy.completeWithinMs;
  const isUnheard = at > (last.endedAt ?? last.at) + runsForMs;
  if (isUnheard) return 'dropped';
  return last.epoch === epoch ? 'running' : 'dropped';
}

export function cleanUpEnd(reading: Reading): Parameters<typeof moves.cleanUpEnded>[1] {
  if (reading.kind === 'answered') {
    const { status } = reading.answer;
    // What is gone already needs no clean-up: the next look tells.
    return { outcome: 'answered', status, evidence: `the clean-up was answered ${status}`, now: now() };
  }
  if (reading.kind === 'maintenance')
    return { outcome: 'never-sent', evidence: 'ESC is in maintenance mode', now: now() };
  return { outcome: reading.kind, evidence: reading.evidence, now: now() };
}

/** R18: what says "not now" or "there is something" rather than "no". */
export const isRefusal = (status: number): boolean => status === 409 || status >= 500;
