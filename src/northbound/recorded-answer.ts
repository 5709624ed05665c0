/** The answer that the journal keeps of a transaction, as its clients get it however late they ask (R22, R24). */
import type { Answer } from '../domain/outcome.ts';
import type { Transaction } from '../domain/transaction.ts';
import { unpackAnswer } from '../journal/message.ts';
import type { Records } from './records.ts';

/** Null: there is none yet, or the journal does not answer now. */
export async function recordedAnswer(records: Records, transaction: Transaction): Promise<Answer | null> {
  if (transaction.answer === null) return null;
  if (transaction.answer.from === 'made-up') return madeUpAnswer(transaction);
  const packed = await records.readBody(transaction.id, 'response');
  return packed === null ? null : unpackAnswer(packed);
}

/** The operation's first 2xx, with ESC's id if a report told it (R22); only of a transaction with such an answer. */
export function madeUpAnswer({ answer, escTransactionId }: Transaction): Answer {
  return {
    status: answer?.status ?? 0,
    headers: escTransactionId === null ? [] : ['esc-transaction-id', escTransactionId],
    body: new Uint8Array(),
  };
}
