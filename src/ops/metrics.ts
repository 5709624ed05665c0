/**
 * What monitoring sees: `northgate_…`, seconds and bytes as base units (Prometheus, "Metric and label naming").
 * Counters count this replica's own doing; gauges of the journal are read when asked, and left out while it does not
 * answer. Labels have few values: no ids, no clients, no paths. docs/metrics.md lists all of them.
 */
import type { Registry } from 'prom-client';
import type { Transaction } from '../domain/transaction.ts';
import type { SwitchoverRecord } from '../journal/journal.ts';
import { CallbackMetrics } from './metrics/callbacks.ts';
import { Instruments } from './metrics/instruments.ts';
import { JournalMetrics, type JournalSources } from './metrics/journal.ts';
import { PairMetrics, type PairSources } from './metrics/pair.ts';
import { RequestMetrics } from './metrics/requests.ts';
import { TransactionMetrics, type TransactionSources } from './metrics/transactions.ts';
import type { JournalListener } from './observed-journal.ts';
import { type Waited, Waits } from './waits.ts';

export type MetricsSources = PairSources & TransactionSources & JournalSources;

export class Metrics implements JournalListener {
  readonly requests: RequestMetrics;
  readonly callbacks: CallbackMetrics;
  readonly journal: JournalMetrics;
  readonly #instruments = new Instruments();
  readonly #waits = new Waits();
  readonly #transactions: TransactionMetrics;
  readonly #pair: PairMetrics;
  /** So many spans were handed to the collector, or dropped. */
  readonly exported: (count: number, isTaken: boolean) => void;
  /** Told of each wait that ended, with the record that ended it. */
  onWaited: (transaction: Transaction, waited: Waited) => void = () => undefined;

  constructor(version: string) {
    this.requests = new RequestMetrics(this.#instruments);
    this.callbacks = new CallbackMetrics(this.#instruments);
    this.journal = new JournalMetrics(this.#instruments);
    this.#transactions = new TransactionMetrics(this.#instruments, this.#waits);
    this.#pair = new PairMetrics(this.#instruments);
    const spans = this.#instruments.counter({
      name: 'trace_spans_total',
      help: 'Spans that the collector at tracing.endpoint has taken, and those that were dropped because it has not.',
      labels: ['result'],
      from: [{ result: 'exported' }, { result: 'failed' }],
    });
    this.exported = (count, isTaken) => spans.inc({ result: isTaken ? 'exported' : 'failed' }, count);
    this.#instruments.gauges({
      name: 'build_info',
      help: 'Always 1; its labels say what runs.',
      labels: ['version', 'node'],
      read: () => [[{ version, node: process.version }, 1]],
    });
  }

  get registry(): Registry {
    return this.#instruments.registry;
  }

  /** Once, when the parts are there. */
  watch(sources: MetricsSources): void {
    this.#pair.watch(sources);
    this.#transactions.watch(sources);
    this.journal.watch(sources);
    sources.journal.subscribe(({ id, isForeign }) => {
      if (isForeign) this.#waits.forget(id);
    });
  }

  called(operation: string, seconds: number, isAvailable: boolean): void {
    this.journal.called(operation, seconds, isAvailable);
  }

  switchover(record: SwitchoverRecord): void {
    this.#pair.switchover(record);
  }

  written(transaction: Transaction): void {
    const waited = this.#waits.written(transaction);
    this.#transactions.written(transaction, waited);
    if (waited !== null) this.onWaited(transaction, waited);
  }
}
