/**
 * The journal as the parts use it: a store that several gateways share is guarded by what this one remembers of it (R34), and
 * whatever is written is counted, traced and logged. It opens and closes nothing.
 */
import type { Logger } from 'pino';
import { guardedJournal, type Trust } from './journal/guarded-journal.ts';
import type { Journal } from './journal/journal.ts';
import { Recent } from './journal/recent.ts';
import type { Metrics } from './ops/metrics.ts';
import { observedJournal } from './ops/observed-journal.ts';
import { logEnd } from './ops/transaction-log.ts';
import type { Tracing } from './tracing/tracing.ts';

export interface JournalInUseOptions {
  readonly replica: string;
  /** Nobody else can have the store: an embedded one. */
  readonly isAlone: boolean;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly tracing: Tracing | null;
}

export interface JournalInUse {
  readonly journal: Journal;
  readonly trust: Trust;
  readonly recent: Recent;
}

export function journalInUse(store: Journal, options: JournalInUseOptions): JournalInUse {
  const { replica, isAlone, log, metrics, tracing } = options;
  const trust: Trust = { stage: 'whole', changes: 0 };
  const recent = new Recent({ replica });
  const guarded = isAlone ? store : guardedJournal(store, { replica, trust, recent });
  const journal = observedJournal(guarded, {
    called: (operation, seconds, isAvailable, of) => {
      metrics.called(operation, seconds, isAvailable);
      if (of !== undefined) tracing?.journaled(of, { operation, seconds, isAvailable });
    },
    written: (transaction) => {
      metrics.written(transaction);
      tracing?.written(transaction);
      logEnd(log, transaction);
    },
    switchover: (record) => metrics.switchover(record),
  });
  return { journal, trust, recent };
}
