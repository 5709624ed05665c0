/**
 * What changes, for those who watch: transactions as the journal tells of them, the pair as the coordinator does.
 * Transactions are read one after another and only while somebody watches; a burst that cannot be followed is told as
 * a number of missed ones, so nothing here grows and nothing slows the gateway down.
 */
import type { Journal } from '../journal/journal.ts';
import type { Coordinator } from '../pair/coordinator.ts';
import type { PairReader, PairView, SwitchoverView } from './pair-view.ts';
import { type TransactionView, transactionView } from './transaction-view.ts';

export type OpsEvent =
  | { readonly name: 'transaction'; readonly data: TransactionView }
  | { readonly name: 'pair'; readonly data: PairView }
  | { readonly name: 'switchover'; readonly data: SwitchoverView }
  /** So many changes of transactions were not told: list them again. */
  | { readonly name: 'missed'; readonly data: { readonly transactions: number } };

const changesWaitingMax = 1000;

export class Events {
  readonly #journal: Journal;
  readonly #pair: PairReader;
  readonly #listeners = new Set<(event: OpsEvent) => void>();
  readonly #noticers = new Set<() => void>();
  /** Changed and not read yet, in order of change. */
  readonly #changed = new Set<string>();
  readonly #unsubscribe: () => void;
  #missed = 0;
  #isReading = false;
  #pairTold = '';
  #switchoverTold = '';

  constructor({ journal, coordinator, pair }: { journal: Journal; coordinator: Coordinator; pair: PairReader }) {
    this.#journal = journal;
    this.#pair = pair;
    this.#unsubscribe = journal.subscribe(({ id }) => this.#transactionChanged(id));
    coordinator.listen({ changed: () => this.#pairChanged() });
  }

  /** Begins with the pair as it is. Returns the end of it. */
  watch(listener: (event: OpsEvent) => void): () => void {
    listener({ name: 'pair', data: this.#pair.view() });
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** That something changed, not what: costs no read, and may be called often. Returns the end of it. */
  notice(noticer: () => void): () => void {
    this.#noticers.add(noticer);
    return () => this.#noticers.delete(noticer);
  }

  close(): void {
    this.#unsubscribe();
    this.#listeners.clear();
    this.#noticers.clear();
    this.#changed.clear();
  }

  #tell(event: OpsEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }

  #notice(): void {
    for (const noticer of [...this.#noticers]) noticer();
  }

  #transactionChanged(id: string): void {
    this.#notice();
    if (this.#listeners.size === 0) return;
    if (this.#changed.size >= changesWaitingMax) this.#missed += 1;
    else this.#changed.add(id);
    if (!this.#isReading) void this.#read();
  }

  async #read(): Promise<void> {
    this.#isReading = true;
    for (const id of this.#changed) {
      this.#changed.delete(id);
      const transaction = await this.#journal.get(id).catch(() => null);
      if (transaction !== null) this.#tell({ name: 'transaction', data: transactionView(transaction) });
      else this.#missed += 1;
    }
    this.#isReading = false;
    if (this.#missed > 0) this.#tell({ name: 'missed', data: { transactions: this.#missed } });
    this.#missed = 0;
  }

  /** The coordinator calls at every probe; told is only what differs from the last time. */
  #pairChanged(): void {
    if (this.#listeners.size === 0 && this.#noticers.size === 0) return;
    const data = this.#pair.view();
    const { lastSwitchover, ...rest } = data;
    const pair = JSON.stringify(rest);
    const switchover = JSON.stringify(lastSwitchover);
    if (pair !== this.#pairTold || switchover !== this.#switchoverTold) this.#notice();
    if (pair !== this.#pairTold) this.#tell({ name: 'pair', data });
    this.#pairTold = pair;
    if (lastSwitchover !== null && switchover !== this.#switchoverTold) {
      this.#tell({ name: 'switchover', data: lastSwitchover });
    }
    this.#switchoverTold = switchover;
  }
}
