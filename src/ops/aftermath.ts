/**
 * What became of each transaction that a switchover touched. Which ones it touched is read from their attempts: sent in
 * an epoch that ended and not settled then, or received while the gate was shut. Pure but for the bounded walk.
 */
import { type Instant, sentOf, type Transaction } from '../domain/transaction.ts';
import type { Journal, SwitchoverRecord } from '../journal/journal.ts';
import { now } from '../pair/clock.ts';
import { type TransactionView, transactionView } from './transaction-view.ts';

/** In the order in which an operator wants to see them. */
export const fates = ['needs-you', 'on-its-way', 'sent-again', 'found-done', 'held-then-sent', 'never-sent'] as const;
export type Fate = (typeof fates)[number];

interface Touched {
  readonly fate: Fate;
  readonly transaction: TransactionView;
}

export interface Aftermath {
  readonly touched: readonly Touched[];
  /** False: more records lie in that time than are read for one page. */
  readonly isAll: boolean;
}

const readRecordsMax = 5000;
const readAtOnce = 500;
/** Nothing that was sent longer ago can have been under way. */
const lookBackMs = 60 * 60 * 1000;

/** Newest first. Rejects with JournalUnavailable. */
export async function aftermathOf(journal: Journal, switchover: SwitchoverRecord): Promise<Aftermath> {
  const touched: Touched[] = [];
  const receivedSince = switchover.detectedAt - lookBackMs;
  const receivedUntil = (switchover.readyAt ?? now()) + 1;
  let beforeSequence = Number.MAX_SAFE_INTEGER;
  for (let read = 0; read < readRecordsMax; read += readAtOnce) {
    const page = await journal.list({ receivedSince, receivedUntil, beforeSequence, limit: readAtOnce });
    for (const transaction of page) {
      const fate = fateOf(transaction, switchover);
      if (fate !== null) touched.push({ fate, transaction: transactionView(transaction) });
    }
    if (page.length < readAtOnce) return { touched, isAll: true };
    beforeSequence = page.at(-1)?.sequence ?? 0;
  }
  return { touched, isAll: false };
}

/** Null: it was not touched. */
export function fateOf(transaction: Transaction, { epoch, detectedAt, readyAt }: SwitchoverRecord): Fate | null {
  const { state, receivedAt, attempts } = transaction;
  const sends = attempts.filter(({ kind }) => kind === 'send');
  const settledAt: Instant | null = 'settledAt' in state ? state.settledAt : null;
  const wasSentBefore = sends.some((attempt) => attempt.epoch < epoch && attempt.outcome !== 'never-sent');
  const wasOpenThen = receivedAt <= detectedAt && (settledAt === null || settledAt >= detectedAt);
  const cameWhileShut = receivedAt > detectedAt && receivedAt < (readyAt ?? Number.POSITIVE_INFINITY);
  if (!(wasOpenThen && wasSentBefore) && !cameWhileShut && !(wasOpenThen && sends.length === 0)) return null;
  if (state.status === 'awaiting-operator') return 'needs-you';
  if (settledAt === null) return 'on-its-way';
  if (sentOf(transaction) === 'no') return 'never-sent';
  if (!wasSentBefore) return 'held-then-sent';
  return sends.some((attempt) => attempt.epoch >= epoch) ? 'sent-again' : 'found-done';
}
