/** The journal as this replica finds it: how long calls take and whether they are answered, leases, what was mended (R34). */
import type { Journal } from '../../journal/journal.ts';
import type { Instruments } from './instruments.ts';

const callBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];
const mendings = ['restored', 'key-taken', 'overtaken', 'lost'] as const;
const operations = ['create', 'replace', 'get'];

export interface JournalSources {
  readonly journal: Journal;
  readonly lease: { readonly remainingMs: number };
}

export class JournalMetrics {
  readonly #instruments: Instruments;
  readonly #calls;
  readonly #mended;

  constructor(instruments: Instruments) {
    this.#instruments = instruments;
    this.#calls = instruments.histogram(
      {
        name: 'journal_call_seconds',
        help: 'Calls of the journal, by operation and whether it answered.',
        labels: ['operation', 'result'],
        from: operations.flatMap((operation) => ['answered', 'unavailable'].map((result) => ({ operation, result }))),
      },
      callBuckets,
    );
    this.#mended = instruments.counter({
      name: 'journal_restored_total',
      help: 'Transactions that the journal lacked on another server, by what became of them: restored, key-taken, overtaken, lost.',
      labels: ['result'],
      from: mendings.map((result) => ({ result })),
    });
  }

  watch({ journal, lease }: JournalSources): void {
    this.#instruments.gauge({
      name: 'lease_remaining_seconds',
      help: 'How long this replica’s lease holds without another renewal; 0: it is over, and nothing is sent.',
      read: () => lease.remainingMs / 1000,
    });
    this.#instruments.gauges({
      name: 'replicas',
      help: 'Gateways on this journal, by whether their lease holds; ended ones are remembered for a day.',
      labels: ['lease'],
      read: async () => {
        const leases = await journal.leases();
        const held = leases.filter(({ isLive }) => isLive).length;
        return [
          [{ lease: 'held' }, held],
          [{ lease: 'ended' }, leases.length - held],
        ];
      },
    });
  }

  called(operation: string, seconds: number, isAvailable: boolean): void {
    this.#calls.observe({ operation, result: isAvailable ? 'answered' : 'unavailable' }, seconds);
  }

  /** What this replica knew and the journal lacked when it came back on another server (R34). */
  mended(result: (typeof mendings)[number] | 'there'): void {
    this.#mended.inc({ result });
  }
}
