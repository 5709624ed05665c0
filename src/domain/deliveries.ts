/**
 * What becomes of the reports on their way to the client (R30): each is a delivery within its transaction's record.
 * Pure. Deliveries of one transaction go out in the order of their numbers; a dead letter holds nothing up.
 */
import { type Delivery, type Instant, isSettled, type Report, type Transaction } from './transaction.ts';

type Waiting = Extract<Delivery, { state: 'waiting' }>;

export const waiting = (now: Instant): Waiting => ({
  state: 'waiting',
  since: now,
  dueAt: now,
  tries: 0,
  lastError: null,
});

interface Next {
  readonly report: Report;
  readonly delivery: Waiting;
}

/**
 * What is to be delivered next to each URL: those for the client go out in the order of numbers (R30), and the URLs of
 * those who joined (R26) do not wait for it, nor it for them.
 */
export function nextDeliveries({ reports }: Transaction): Next[] {
  const next = new Map<number, Next>();
  for (const report of reports) {
    const { delivery, joined = 0 } = report;
    if (delivery.state === 'waiting' && !next.has(joined)) next.set(joined, { report, delivery });
  }
  return [...next.values()];
}

/** The one of them that is due first. */
export function nextDelivery(transaction: Transaction): Next | null {
  let first: Next | null = null;
  for (const next of nextDeliveries(transaction)) {
    if (first === null || next.delivery.dueAt < first.delivery.dueAt) first = next;
  }
  return first;
}

/** What nobody looks after, settled and with nothing to deliver, is from now on this replica's (R30). */
export function takenIfIdle(transaction: Transaction, replica: string): Transaction {
  const isLookedAfter = !isSettled(transaction.state.status) || nextDelivery(transaction) !== null;
  return isLookedAfter ? transaction : { ...transaction, owner: replica };
}

/** The client took it. Null: it waits no more, and nothing changes; so it is for the next two. */
export const delivered = (transaction: Transaction, number: number, now: Instant): Transaction | null =>
  changedWaiting(transaction, number, ({ tries }) => ({ state: 'delivered', at: now, tries: tries + 1 }));

/** The client did not take it, and it is tried again at `dueAt`. */
export const failedTry = (
  transaction: Transaction,
  number: number,
  { error, dueAt }: { error: string; dueAt: Instant },
): Transaction | null =>
  changedWaiting(transaction, number, (before) => ({ ...before, dueAt, tries: before.tries + 1, lastError: error }));

/** The client will not take it: left to operators, and the next one goes on. */
export const deadLettered = (
  transaction: Transaction,
  number: number,
  { error, now }: { error: string; now: Instant },
): Transaction | null =>
  changedWaiting(transaction, number, ({ tries }) => ({ state: 'dead', at: now, tries: tries + 1, lastError: error }));

/** An operator has a dead letter sent again, with all its time before it. Null: it is none. */
export function resent(
  transaction: Transaction,
  number: number,
  { now, replica }: { now: Instant; replica: string },
): Transaction | null {
  const report = transaction.reports.find((each) => each.number === number);
  if (report?.delivery.state !== 'dead') return null;
  const { tries, lastError } = report.delivery;
  return withDelivery(takenIfIdle(transaction, replica), number, () => ({ ...waiting(now), tries, lastError }));
}

function changedWaiting(
  transaction: Transaction,
  number: number,
  change: (before: Waiting) => Delivery,
): Transaction | null {
  const { delivery } = transaction.reports.find((each) => each.number === number) ?? {};
  if (delivery?.state !== 'waiting') return null;
  return withDelivery(transaction, number, () => change(delivery));
}

export function withDelivery(transaction: Transaction, number: number, make: () => Delivery): Transaction {
  const reports = transaction.reports.map((each) => (each.number === number ? { ...each, delivery: make() } : each));
  return { ...transaction, reports };
}

const backoffBaseMs = 500;
const backoffMaxMs = 5 * 60_000;

/** Pause before the next try after `tries` failed ones (1 or more), half of it by chance; `random` is in [0, 1). */
export function deliveryBackoffMs(tries: number, random: number): number {
  const ceiling = Math.min(backoffMaxMs, backoffBaseMs * 2 ** Math.min(tries - 1, 16));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}
