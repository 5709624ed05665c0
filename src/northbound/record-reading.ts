/**
 * Writes what came of an attempt into the record, then tells who waits. This is the one place where an answer becomes
 * a client's (R23): recorded, then told.
 */
import * as moves from '../domain/moves.ts';
import type { Transaction } from '../domain/transaction.ts';
import { escTransactionIdOf } from '../esc/headers.ts';
import { packAnswer } from '../journal/message.ts';
import { now } from '../pair/clock.ts';
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
  const changed = await records.changeSurely(transaction, (current) => {
    const { state } = current;
    // Somebody else took it over, or it was recorded already.
    if (state.status !== 'in-flight' || state.attempt !== attempt || current.owner !== transaction.owner) return null;
    return moveOf(current, reading, now());
  });
  if (changed.word !== 'changed') return null;
  if (reading.kind === 'answered') {
    waiters.tell(transaction.id, { kind: 'answer', transaction: changed.transaction, answer: reading.answer });
  }
  return changed.transaction;
}

function moveOf(current: Transaction, reading: Reading, now: number): Move {
  switch (reading.kind) {
    case 'answered': {
      const { status, headers, body } = reading.answer;
      const escTransactionId = escTransactionIdOf(headers);
      const facts = { status, bodyBytes: body.byteLength, escTransactionId, now };
      return {
        transaction: moves.settledByAnswer(current, facts),
        bodies: { response: packAnswer(reading.answer) },
      };
    }
    case 'never-sent':
      return { transaction: moves.neverSent(current, reading.evidence, now) };
    case 'unknown':
      return { transaction: moves.unacknowledged(current, reading.evidence, now) };
    case 'maintenance':
      return { transaction: moves.refusedForMaintenance(current, now) };
  }
}
