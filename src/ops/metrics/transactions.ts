/**
 * Transactions, their attempts, holds and replays, read off the records as this replica writes them. Gauges of the
 * journal are read when they are asked for, and left out while it does not answer.
 */
import { sentOf, statuses, type Transaction } from '../../domain/transaction.ts';
import type { Journal } from '../../journal/journal.ts';
import type { Holds } from '../../northbound/holds.ts';
import { now } from '../../pair/clock.ts';
import { verdicts, type Waited, type Waits } from '../waits.ts';
import type { Instruments } from './instruments.ts';

const attemptBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** To 30 minutes: a switchover takes two to five. */
const transactionBuckets = [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 120, 180, 240, 300, 360, 600, 1800];
const inFlightMax = 100_000;
const outcomes = ['answered', 'never-sent', 'unknown'];
const settled = ['completed', 'failed', 'abandoned'];

export interface TransactionSources {
  readonly journal: Journal;
  readonly holds: Holds;
  readonly lanes: { readonly size: number };
}

export class TransactionMetrics {
  readonly #instruments: Instruments;
  readonly #waits: Waits;
  readonly #inFlight = new Set<string>();
  readonly #attempts;
  readonly #replays;
  readonly #replayEnds;
  readonly #holdEnds;
  readonly #transactions;

  constructor(instruments: Instruments, waits: Waits) {
    this.#instruments = instruments;
    this.#waits = waits;
    this.#attempts = instruments.histogram(
      {
        name: 'attempt_seconds',
        help: 'Attempts at ESC, by outcome.',
        labels: ['outcome'],
        from: outcomes.map((outcome) => ({ outcome })),
      },
      attemptBuckets,
    );
    this.#replays = instruments.counter({
      name: 'replays_total',
      help: 'Transactions sent again after an attempt that may have reached ESC.',
    });
    this.#replayEnds = instruments.histogram(
      {
        name: 'replay_seconds',
        help: 'From the moment when nobody knew what had become of a transaction to the one when it was known, by what it came to.',
        labels: ['verdict'],
        from: verdicts.map((verdict) => ({ verdict })),
      },
      transactionBuckets,
    );
    this.#holdEnds = instruments.histogram(
      {
        name: 'hold_seconds',
        help: 'How long transactions were held, by whether they were sent then or abandoned.',
        labels: ['end'],
        from: [{ end: 'sent' }, { end: 'abandoned' }],
      },
      transactionBuckets,
    );
    this.#transactions = instruments.histogram(
      {
        name: 'transaction_seconds',
        help: 'Transactions from receipt to their end, by how they ended.',
        labels: ['status'],
        from: settled.map((status) => ({ status })),
      },
      transactionBuckets,
    );
  }

  watch({ journal, holds, lanes }: TransactionSources): void {
    const instruments = this.#instruments;
    instruments.gauge({ name: 'held_requests', help: 'Requests held by this replica.', read: () => holds.count });
    instruments.gauge({
      name: 'held_bytes',
      help: 'Bytes of bodies held by this replica.',
      read: () => holds.bytes,
    });
    instruments.gauge({
      name: 'held_requests_limit',
      help: 'So many requests are held at most; further ones are refused.',
      read: () => holds.limits.heldRequestsMax,
    });
    instruments.gauge({
      name: 'held_bytes_limit',
      help: 'So many bytes of bodies are held at most; further requests are refused.',
      read: () => holds.limits.heldBytesMax,
    });
    instruments.gauge({
      name: 'lanes_waiting',
      help: 'Transactions that wait in their lanes here.',
      read: () => lanes.size,
    });
    instruments.gauges({
      name: 'oldest_waiting_seconds',
      help: 'How long the longest of this replica’s transactions waits: held, or unacknowledged and to be replayed. 0: none does.',
      labels: ['status'],
      read: () => [
        [{ status: 'held' }, this.#age('hold')],
        [{ status: 'unacknowledged' }, this.#age('replay')],
      ],
    });
    instruments.gauges({
      name: 'transactions',
      help: 'Transactions in the journal, by status.',
      labels: ['status'],
      read: async () => {
        const counts = await journal.counts();
        return statuses.map((status) => [{ status }, counts[status]]);
      },
    });
  }

  #age(kind: Waited['kind']): number {
    const since = this.#waits.oldest(kind);
    return since === null ? 0 : Math.max(0, now() - since) / 1000;
  }

  written(transaction: Transaction, waited: Waited | null): void {
    this.#waited(waited);
    const { id, state, attempts, receivedAt } = transaction;
    if (state.status === 'in-flight') {
      this.#began(transaction);
      return;
    }
    const last = attempts.at(-1);
    if (this.#inFlight.delete(id) && last?.outcome !== undefined) {
      this.#attempts.observe({ outcome: last.outcome }, ((last.endedAt ?? last.at) - last.at) / 1000);
    }
    if ('settledAt' in state)
      this.#transactions.observe({ status: state.status }, (state.settledAt - receivedAt) / 1000);
  }

  #waited(waited: Waited | null): void {
    if (waited === null) return;
    const seconds = Math.max(0, waited.endedAt - waited.since) / 1000;
    if (waited.kind === 'replay') this.#replayEnds.observe({ verdict: waited.verdict }, seconds);
    else this.#holdEnds.observe({ end: waited.to === 'abandoned' ? 'abandoned' : 'sent' }, seconds);
  }

  /** A record may be written more than once in one flight. */
  #began({ id, attempts }: Transaction): void {
    if (this.#inFlight.has(id)) return;
    // Flights that other replicas end are never seen to end here.
    if (this.#inFlight.size >= inFlightMax) this.#inFlight.clear();
    this.#inFlight.add(id);
    if (sentOf({ attempts: attempts.slice(0, -1) }) !== 'no') this.#replays.inc();
  }
}
