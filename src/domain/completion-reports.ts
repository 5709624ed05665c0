/**
 * The list of a transaction's reports, and the one of them that ends its operation: the completion. It goes to the
 * client's Callback URL, and once to each further one that a joining request named (R26). Pure.
 * Invariant: of one completion each URL has one delivery.
 */

import { waiting, withDelivery } from './deliveries.ts';
import { isTaken } from './outcome.ts';
import type { Delivery, Instant, Report, Transaction } from './transaction.ts';

/** A record keeps so many reports; past it those that need nothing any more are dropped from the front. */
export const reportsKeptMax = 500;

/** Further Callback URLs of one transaction; a request that names one more is refused. */
export const joinedUrlsMax = 100;

export const none = (why: string) => ({ state: 'none', why }) as const satisfies Delivery;
export const noUrl = none('the client gave no URL for it');

/**
 * Whether the report that ends the operation is queued, delivered or dead: the client gets one, not two (R28).
 * `except`: number of a report that is not meant, since it is about to become the completion.
 */
export const hasCompletion = ({ reports }: Transaction, except?: number): boolean =>
  reports.some(
    ({ channel, verdict, delivery, number }) =>
      channel === 'callback' && verdict !== undefined && delivery.state !== 'none' && number !== except,
  );

export const nextNumber = ({ reports }: Transaction): number => (reports.at(-1)?.number ?? 0) + 1;

/** Dropped first is what needs nothing any more, then dead letters, then what waits: a record is never longer. */
export function withReport(transaction: Transaction, report: Report): Transaction {
  const reports = [...transaction.reports, report];
  if (reports.length <= reportsKeptMax) return { ...transaction, reports };
  const isOver = ({ delivery }: Report): boolean => delivery.state === 'delivered' || delivery.state === 'none';
  // What is still to go to another URL has no bytes of its own.
  const needed = new Set(reports.filter((each) => !isOver(each)).map(({ copyOf }) => copyOf));
  const isDone = (each: Report): boolean => isOver(each) && !needed.has(each.number);
  const isDead = ({ delivery }: Report): boolean => delivery.state === 'dead';
  const dropped = reports.find(isDone) ?? reports.find(isDead) ?? reports[0];
  return { ...transaction, reports: reports.filter((each) => each !== dropped) };
}

/** The completion, kept under this number, is for the client from now on, and for all who joined. */
export function queuedCompletion(transaction: Transaction, number: number, now: Instant): Transaction {
  const isWanted = transaction.wants.includes('callback');
  const queued = isWanted ? withDelivery(transaction, number, () => waiting(now)) : transaction;
  let copied = queued;
  for (let joined = 1; joined <= transaction.joined; joined += 1) copied = withCopy(copied, number, { joined, now });
  return copied;
}

function withCopy(
  transaction: Transaction,
  number: number,
  { joined, now }: { joined: number; now: Instant },
): Transaction {
  const original = transaction.reports.find((report) => report.number === number);
  if (original === undefined) throw new Error(`defect: ${transaction.id} has no report ${number}`);
  const copy: Report = {
    ...original,
    number: nextNumber(transaction),
    copyOf: number,
    joined,
    digest: `${original.digest}/${joined}`,
    delivery: waiting(now),
  };
  return withReport(transaction, copy);
}

/**
 * One more URL wants the completion. `isToBeMadeUp`: it is settled, and there is no report that could be copied for it,
 * so one has to be made up.
 */
export function joinedByUrl(
  transaction: Transaction,
  now: Instant,
): { transaction: Transaction; isToBeMadeUp: boolean } {
  const joined = { ...transaction, joined: transaction.joined + 1 };
  const { state, answer, policy } = transaction;
  if (state.status !== 'completed' && state.status !== 'failed') return { transaction: joined, isToBeMadeUp: false };
  const verdict = state.status === 'completed' ? 'success' : 'failure';
  const completion = transaction.reports.find(
    (report) =>
      report.channel === 'callback' &&
      report.verdict === verdict &&
      report.copyOf === undefined &&
      (report.delivery.state !== 'none' || report.delivery.why === noUrl.why),
  );
  if (completion === undefined) {
    // What ESC answered at once is the answer; who joined has got that.
    const wasAccepted = policy.ack !== 'answer' && (answer === null || isTaken(answer.status));
    return { transaction: joined, isToBeMadeUp: wasAccepted };
  }
  return { transaction: withCopy(joined, completion.number, { joined: joined.joined, now }), isToBeMadeUp: false };
}
