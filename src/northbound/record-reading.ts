/**
 * Writes what came of an attempt into the record, then tells who waits. This is the one place where an answer becomes
 * a client's (R23): recorded, then told. A report that came before the answer settles with it.
 */
import * as moves from '../domain/moves.ts';
import { type Answer, isTaken } from '../domain/outcome.ts';
import { pendingVerdict, settledByReport } from '../domain/reports.ts';
import type { Transaction } from '../domain/transaction.ts';
import { escTransactionIdOf } from '../esc/headers.ts';
import { packAnswer } from '../journal/message.ts';
import { now } from '../pair/clock.ts';
import { actionOfSurely, withMadeUpReport } from './made-up.ts';
import { recordedAnswer } from './recorded-answer.ts';
import type { Move, Records } from './records.ts';
import type { Reading } from './sender.ts';
import type { Waiters } from './waiters.ts';

/**
 * @returns the record as it stands after it; null if it could not be recorded because the gateway is ending, or the
 * transaction is not this replica's any more.
 */
export async function recordReading(
  { records, waiters }: { records: Records; waiters: Waiters },
  transaction: Transaction,
  reading: Reading,
): Promise<Transaction | null> {
  const attempt = transaction.attempts.at(-1)?.number;
  const action = isRefusedAfterAnswer(transaction, reading) ? await actionOfSurely(records, transaction) : null;
  let isFirstAnswer = true;
  const record = (read: Reading) =>
    records.changeSurely(transaction, (current) => {
      const { state } = current;
      isFirstAnswer = current.answer === null;
      // Somebody else took it over, or it was recorded already.
      if (state.status !== 'in-flight' || state.attempt !== attempt || current.owner !== transaction.owner) return null;
      // Back to held it may be given up by whoever adopts it, unless the promise goes with it.
      const move = moveOf(waiters.withPromise(current), read, { action, now: now() });
      return read.kind === 'answered' ? { ...move, epoch: state.epoch } : move;
    });
  let changed = await record(reading);
  if (changed.word === 'stale-epoch' && reading.kind === 'answered') {
    // Another replica saw the epoch end: what ESC answered in it is evidence, and no more (R13).
    const { status } = reading.answer;
    changed = await record({ kind: 'unknown', evidence: `ESC answered ${status} when the epoch had ended` });
    if (changed.word === 'changed') tellAnswer({ records, waiters }, changed.transaction, null);
    return changed.word === 'changed' ? changed.transaction : null;
  }
  if (changed.word !== 'changed') return null;
  const isItsAnswer = reading.kind === 'answered' && isFirstAnswer;
  tellAnswer({ records, waiters }, changed.transaction, isItsAnswer ? reading.answer : null);
  return changed.transaction;
}

/**
 * Who waits gets the recorded answer, ESC's own or the made-up one (R22); nobody is told before there is one. `fromEsc`: the
 * recorded one, where it is at hand; ESC's own is otherwise read, as for whoever comes later.
 */
export function tellAnswer(
  { records, waiters }: { records: Records; waiters: Waiters },
  transaction: Transaction,
  fromEsc: Answer | null,
): void {
  const { id, answer } = transaction;
  if (answer === null || waiters.countOf(id) === 0) return;
  const tell = (told: Answer | null): void => {
    if (told !== null) waiters.tell(id, { kind: 'answer', transaction, answer: told });
  };
  if (fromEsc !== null) tell(fromEsc);
  else void recordedAnswer(records, transaction).then(tell);
}

/** ESC's refusal reaches a client that has its answer as a report (R18). */
const isRefusedAfterAnswer = ({ policy }: Transaction, reading: Reading): boolean =>
  policy.kind === 'action' && reading.kind === 'answered' && !isTaken(reading.answer.status);

interface Facts {
  /** As `actionOfSurely` tells it. */
  readonly action: string | null;
  readonly now: number;
}

function moveOf(current: Transaction, reading: Reading, { action, now }: Facts): Move {
  switch (reading.kind) {
    case 'answered':
      return answeredMove(current, reading.answer, { action, now });
    case 'never-sent':
      return { transaction: moves.neverSent(current, reading.evidence, now) };
    case 'unknown': {
      const pending = pendingVerdict(current);
      const unknown = moves.unacknowledged(current, reading.evidence, now);
      if (pending === null) return { transaction: unknown };
      const { escTransactionId } = current;
      return { transaction: settledByReport(unknown, pending.report, now, { escTransactionId }) };
    }
    case 'maintenance':
      return { transaction: moves.refusedForMaintenance(current, now) };
  }
}

function answeredMove(current: Transaction, answer: Answer, { action, now }: Facts): Move {
  const { status, headers, body } = answer;
  const facts = { status, bodyBytes: body.byteLength, escTransactionId: escTransactionIdOf(headers), now };
  // A client that has its answer keeps it: what a replay was answered is only in the attempt.
  const bodies = current.answer === null ? { response: packAnswer(answer) } : {};
  if (isTaken(status) && current.policy.ack !== 'answer') {
    const accepted = moves.acceptedByAnswer(current, facts);
    const pending = pendingVerdict(accepted);
    return { transaction: pending === null ? accepted : settledByReport(accepted, pending.report, now), bodies };
  }
  const settled = moves.settledByAnswer(current, facts);
  const wasTold = current.answer !== null || current.promisedAt !== null;
  if (!wasTold || (isTaken(status) && current.answer !== null)) return { transaction: settled, bodies };
  // It has a 2xx or a 202: what became of it reaches it as a report (R18, R24).
  const told = { code: isTaken(status) ? 200 : status, message: `ESC answered ${status}` };
  const move = withMadeUpReport(settled, { status: told, look: null, action, now });
  return { ...move, bodies: { ...bodies, ...move.bodies } };
}
