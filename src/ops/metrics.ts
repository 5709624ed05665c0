/**
 * What monitoring sees: `northgate_…`, seconds and bytes as base units (Prometheus, "Metric and label naming").
 * Counters count this replica's own writes; gauges of transactions are read from the journal when asked, and left out
 * while it does not answer. Labels have few values: no ids, no clients, no paths.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { sentOf, statuses, type Transaction } from '../domain/transaction.ts';
import type { Journal } from '../journal/journal.ts';
import type { Holds } from '../northbound/holds.ts';
import type { Coordinator } from '../pair/coordinator.ts';
import type { JournalListener } from './observed-journal.ts';

export interface MetricsSources {
  readonly coordinator: Coordinator;
  readonly journal: Journal;
  readonly holds: Holds;
  readonly lanes: { readonly size: number };
}

const journalBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];
const attemptBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** To 30 minutes: a switchover takes two to five. */
const transactionBuckets = [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 120, 180, 240, 300, 360, 600, 1800];
const inFlightMax = 100_000;

export class Metrics implements JournalListener {
  readonly registry = new Registry();
  readonly #inFlight = new Set<string>();
  readonly #attempts;
  readonly #replays;
  readonly #transactions;
  readonly #journalCalls;
  readonly #mended;

  constructor() {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    this.#attempts = new Histogram({
      name: 'northgate_attempt_seconds',
      help: 'Attempts at ESC, by outcome.',
      labelNames: ['outcome'] as const,
      buckets: attemptBuckets,
      registers,
    });
    this.#replays = new Counter({
      name: 'northgate_replays_total',
      help: 'Transactions sent again after an attempt that may have reached ESC.',
      registers,
    });
    this.#transactions = new Histogram({
      name: 'northgate_transaction_seconds',
      help: 'Transactions from receipt to their end, by how they ended.',
      labelNames: ['status'] as const,
      buckets: transactionBuckets,
      registers,
    });
    this.#journalCalls = new Histogram({
      name: 'northgate_journal_call_seconds',
      help: 'Calls of the journal, by operation and whether it answered.',
      labelNames: ['operation', 'result'] as const,
      buckets: journalBuckets,
      registers,
    });
    this.#mended = new Counter({
      name: 'northgate_journal_restored_total',
      help: 'Transactions that the journal lacked on another server, by what became of them: restored, key-taken, overtaken, lost.',
      labelNames: ['result'] as const,
      registers,
    });
  }

  /** What this replica knew and the journal lacked when it came back on another server (R34). */
  mended(result: 'restored' | 'key-taken' | 'overtaken' | 'lost' | 'there'): void {
    this.#mended.inc({ result });
  }

  /** Once, when the parts are there. */
  watch({ coordinator, journal, holds, lanes }: MetricsSources): void {
    const switchovers = this.#counter('northgate_switchovers_total', 'Ends of an epoch that this replica has seen.');
    coordinator.listen({ epochEnded: () => switchovers.inc() });
    this.#gauge('northgate_epoch', 'The current epoch.', () => coordinator.epoch);
    this.#gauge('northgate_gate_open', '1 if the gate is open, else 0.', () => (coordinator.isOpen ? 1 : 0));
    this.#gauge('northgate_held_requests', 'Requests held by this replica.', () => holds.count);
    this.#gauge('northgate_held_bytes', 'Bytes of bodies held by this replica.', () => holds.bytes);
    this.#gauge('northgate_lanes_waiting', 'Transactions that wait in their lanes here.', () => lanes.size);
    const { registry } = this;
    new Gauge({
      name: 'northgate_transactions',
      help: 'Transactions in the journal, by status.',
      labelNames: ['status'] as const,
      registers: [registry],
      async collect() {
        const counts = await journal.counts().catch(() => null);
        this.reset();
        for (const status of counts === null ? [] : statuses) this.set({ status }, counts?.[status] ?? 0);
      },
    });
  }

  called(operation: string, seconds: number, isAvailable: boolean): void {
    this.#journalCalls.observe({ operation, result: isAvailable ? 'answered' : 'unavailable' }, seconds);
  }

  written(transaction: Transaction): void {
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

  /** A record may be written more than once in one flight. */
  #began({ id, attempts }: Transaction): void {
    if (this.#inFlight.has(id)) return;
    // Flights that other replicas end are never seen to end here.
    if (this.#inFlight.size >= inFlightMax) this.#inFlight.clear();
    this.#inFlight.add(id);
    if (sentOf({ attempts: attempts.slice(0, -1) }) !== 'no') this.#replays.inc();
  }

  #counter(name: string, help: string): Counter {
    return new Counter({ name, help, registers: [this.registry] });
  }

  #gauge(name: string, help: string, read: () => number): Gauge {
    return new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }
}
