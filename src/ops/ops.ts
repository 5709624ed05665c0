/**
 * What an operator can ask and do, put together: one read model for the API, the console and the CLI. It stands on the
 * parts that do the work and owns only what watches them.
 */
import type { Logger } from 'pino';
import type { Transaction } from '../domain/transaction.ts';
import type { Journal } from '../journal/journal.ts';
import type { Holds } from '../northbound/holds.ts';
import type { Lanes } from '../northbound/lanes.ts';
import type { Records } from '../northbound/records.ts';
import type { Waiters } from '../northbound/waiters.ts';
import type { Coordinator } from '../pair/coordinator.ts';
import { Acts } from './acts.ts';
import { Audit } from './audit.ts';
import { DeadLetters } from './dead-letters.ts';
import { Events } from './events.ts';
import { History } from './history.ts';
import type { Metrics } from './metrics.ts';
import { PairReader } from './pair-view.ts';
import { unreadiness } from './readiness.ts';
import { Transactions } from './transactions.ts';

export interface OpsOptions {
  readonly replica: string;
  readonly vip: string;
  readonly nodes: readonly string[];
  /** Sentences about what the gateway runs with although it should not. */
  readonly warnings: () => readonly string[];
  readonly journal: Journal;
  readonly records: Records;
  readonly coordinator: Coordinator;
  readonly waiters: Waiters;
  readonly holds: Holds;
  readonly lanes: Lanes & { readonly size: number };
  readonly metrics: Metrics;
  readonly lease: { readonly remainingMs: number };
  readonly log: Logger;
  /** Tells the relay that there is something to deliver. */
  readonly wake: (transaction: Transaction) => void;
  readonly onSettled: (transaction: Transaction) => void;
}

export interface Ops {
  readonly coordinator: Coordinator;
  readonly pair: PairReader;
  readonly transactions: Transactions;
  readonly acts: Acts;
  readonly deadLetters: DeadLetters;
  readonly audit: Audit;
  readonly events: Events;
  readonly history: History;
  readonly metrics: Metrics;
  /** Null: ready. Otherwise why not. */
  unreadiness(): Promise<string | null>;
  close(): void;
}

export function makeOps(options: OpsOptions): Ops {
  const { journal, coordinator, metrics } = options;
  const pair = new PairReader(options);
  const events = new Events({ journal, coordinator, pair });
  const history = new History(journal);
  void history.readBack();
  metrics.watch({ ...options, pair });
  return {
    coordinator,
    pair,
    transactions: new Transactions(journal),
    acts: new Acts(options),
    deadLetters: new DeadLetters(options),
    audit: new Audit(options.log),
    events,
    history,
    metrics,
    unreadiness: () => unreadiness(coordinator, journal),
    close: () => {
      events.close();
      history.close();
    },
  };
}
