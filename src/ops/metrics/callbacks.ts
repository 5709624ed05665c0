/** Reports of ESC as they were taken, and their deliveries to clients as they were tried. */
import type { ReportWord } from '../../domain/reports.ts';
import type { Report } from '../../domain/transaction.ts';
import type { Instruments } from './instruments.ts';

const words: readonly ReportWord[] = ['recorded', 'settled', 'look', 'duplicate'];
const tries = ['delivered', 'failed', 'dead'];
/** To a day: `callbacks.deliverFor`. */
const lagBuckets = [0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 21_600, 86_400];

export class CallbackMetrics {
  readonly #reports;
  readonly #tries;
  readonly #lag;

  constructor(instruments: Instruments) {
    this.#reports = instruments.counter({
      name: 'reports_total',
      help: 'Reports of ESC that were taken, by what they meant: recorded, settled, look (it proves nothing, the resource is asked for), duplicate.',
      labels: ['word'],
      from: words.map((word) => ({ word })),
    });
    this.#tries = instruments.counter({
      name: 'deliveries_total',
      help: 'Tries to hand a report to a client: delivered, failed (it is tried again), dead (it is not).',
      labels: ['result'],
      from: tries.map((result) => ({ result })),
    });
    this.#lag = instruments.histogram(
      { name: 'delivery_lag_seconds', help: 'From a report’s arrival to its delivery.' },
      lagBuckets,
    );
  }

  reported(word: ReportWord): void {
    this.#reports.inc({ word });
  }

  /** A try has ended and is in the record. */
  tried({ at, delivery }: Report): void {
    if (delivery.state === 'none') return;
    const result = delivery.state === 'waiting' ? 'failed' : delivery.state;
    this.#tries.inc({ result });
    if (delivery.state === 'delivered') this.#lag.observe((delivery.at - at) / 1000);
  }
}
