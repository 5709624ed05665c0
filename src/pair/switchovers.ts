/**
 * What is told of the switchover under way and written to the journal for people: when it was noticed, when the pair
 * was ready, when everything it interrupted was settled, and how many of what.
 * It decides nothing; a record that cannot be written is only missing from the list.
 */
import type { Cause } from '../domain/switchover.ts';
import type { Instant } from '../domain/transaction.ts';
import type { Journal, SwitchoverRecord } from '../journal/journal.ts';

export type Counted = 'held' | 'replayed' | 'reconciled' | 'completed' | 'abandoned';

export class Switchovers {
  readonly #journal: Journal;
  #current: SwitchoverRecord | null = null;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** The record that goes into the journal with the bump itself. */
  static began(epoch: number, detectedAt: Instant, from: string | null): SwitchoverRecord {
    const counts = { held: 0, replayed: 0, reconciled: 0, completed: 0, abandoned: 0 };
    return { epoch, cause: 'unknown', detectedAt, readyAt: null, recoveredAt: null, from, to: null, ...counts };
  }

  /** The switchover of this replica that has not recovered yet, or the last one that has. */
  get current(): SwitchoverRecord | null {
    return this.#current;
  }

  begin(record: SwitchoverRecord): void {
    this.#current = record;
  }

  ready(epoch: number, at: Instant, found: { to: string | null; cause: Cause }): void {
    if (this.#current === null || this.#current.epoch !== epoch || this.#current.readyAt !== null) return;
    this.#write({ ...this.#current, readyAt: at, ...found });
  }

  /** Late findings: which node it was and why are often known only after READY. */
  found(found: { to: string | null; cause: Cause }): void {
    const { current } = this;
    if (current === null || current.readyAt === null) return;
    const to = current.to ?? found.to;
    const cause = current.cause === 'unknown' ? found.cause : current.cause;
    if (to !== current.to || cause !== current.cause) this.#write({ ...current, to, cause });
  }

  count(what: Counted): void {
    if (this.#current === null || this.#current.recoveredAt !== null) return;
    this.#current = { ...this.#current, [what]: this.#current[what] + 1 };
  }

  /** Everything that the switchover interrupted or made wait is on its way or settled. */
  recovered(at: Instant): void {
    if (this.#current === null || this.#current.readyAt === null || this.#current.recoveredAt !== null) return;
    this.#write({ ...this.#current, recoveredAt: at });
  }

  #write(record: SwitchoverRecord): void {
    this.#current = record;
    this.#journal.putSwitchover(record).catch(() => undefined);
  }
}
