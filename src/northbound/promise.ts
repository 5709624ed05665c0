/**
 * A 202 as it stands in the record (R24). It is recorded before it is told; only of what was sent it may be told first (R35),
 * and then it is recorded as soon as the journal takes it, with the report that it owes if the end has come meanwhile.
 */
import { takenIfIdle } from '../domain/deliveries.ts';
import { isPromisedAsCreated, promised, promisedAgain } from '../domain/moves.ts';
import { isSettled, type Transaction } from '../domain/transaction.ts';
import { now } from '../pair/clock.ts';
import { actionOfSurely, withMadeUpReport } from './made-up.ts';
import type { Changed, Move, Records } from './records.ts';
import type { Waiters } from './waiters.ts';

/** Whether a promise to who met it here would leave a trace in the record; before that it may be undone (ADR 0033). */
export const isToBeMarked = (transaction: Transaction): boolean =>
  isUnanswered(transaction) && isPromisedAsCreated(transaction) && mayBeGivenUp(transaction);

const isUnanswered = ({ answer, state }: Transaction): boolean => answer === null && !isSettled(state.status);

/** By its record alone, which may be old: whether there is still a way on which it is abandoned unsent. */
export function mayBeGivenUp({ state, attempts }: Transaction): boolean {
  if (state.status !== 'held' && state.status !== 'in-flight') return false;
  return attempts.every(
    ({ kind, outcome }) => kind === 'clean-up' || outcome === undefined || outcome === 'never-sent',
  );
}

/** To be told when the journal has it. Null: it is promised, or there is something else to tell. */
export function promiseMove(current: Transaction): Move | null {
  if (current.promisedAt === null) return isUnanswered(current) ? { transaction: promised(current, now()) } : null;
  return isToBeMarked(current) ? { transaction: promisedAgain(current, now()) } : null;
}

export interface LateOptions {
  readonly replica: string;
  readonly records: Records;
}

/** Of what may have its end by now: who is told 202 hears of that by a report. Patient, as `Records.changeSurely` is. */
export async function recordLate({ replica, records }: LateOptions, transaction: Transaction): Promise<Changed> {
  const action = await actionOfSurely(records, transaction);
  return records.changeSurely(transaction, (current) => {
    if (current.promisedAt !== null || current.state.status === 'abandoned') return null;
    const { state, answer } = current;
    if (!('settledAt' in state)) return { transaction: promised(current, now()) };
    const code = state.status === 'completed' ? 200 : Math.max(answer?.status ?? 0, failedCodeMin);
    const status = { code, message: state.reason };
    return withMadeUpReport(promised(takenIfIdle(current, replica), now()), { status, look: null, action, now: now() });
  });
}

/** A failure is never reported as a success, whatever it was answered before. */
const failedCodeMin = 400;

/** It is told now, of what was sent, and recorded when the journal is back; until then no write of this replica forgets it. */
export async function keepWord(options: LateOptions & { waiters: Waiters }, transaction: Transaction): Promise<void> {
  const { waiters } = options;
  waiters.promisedUnrecorded(transaction.id, now());
  const changed = await recordLate(options, transaction);
  if (changed.word !== 'unavailable') waiters.isRecorded(transaction.id);
}
