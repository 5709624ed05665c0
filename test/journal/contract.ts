// What both stores are held to. Each suite opens journals of its own on the place that the store's test gives.
import type { Journal } from '../../src/journal/journal.ts';
import type { JournalOptions } from '../../src/journal/options.ts';
import { housekeeping } from './contract-housekeeping.ts';
import { order } from './contract-order.ts';
import { queries } from './contract-queries.ts';
import { reportsAndDeliveries } from './contract-reports.ts';
import { restoring } from './contract-restoring.ts';
import { sealing } from './contract-sealing.ts';
import { writes } from './contract-writes.ts';

/** Somewhere a journal can be, empty at first. */
export interface Place extends AsyncDisposable {
  readonly options: JournalOptions;
  /** Opens the journal that is here; one at a time on SQLite. The place closes what is left open. */
  open(changes?: Partial<JournalOptions>): Promise<Journal>;
}

export interface Store {
  readonly skip: string | false;
  readonly place: () => Promise<Place>;
}

export function contract(store: Store): void {
  writes(store);
  order(store);
  queries(store);
  reportsAndDeliveries(store);
  sealing(store);
  housekeeping(store);
  restoring(store);
}

/** A place out of what a store's test knows. */
export function placeOf(
  options: JournalOptions,
  open: (options: JournalOptions) => Promise<Journal>,
  remove: () => Promise<void>,
): Place {
  const opened: Journal[] = [];
  return {
    options,
    async open(changes = {}) {
      const journal = await open({ ...options, ...changes });
      opened.push(journal);
      return journal;
    },
    async [Symbol.asyncDispose]() {
      for (const journal of opened) await journal.close();
      await remove();
    },
  };
}
