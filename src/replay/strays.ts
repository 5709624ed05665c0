/**
 * Finds what this replica owns and nobody here carries: a creation that reached the journal after its client was told
 * otherwise, or whatever lost its place by a way that nobody thought of. It would block its lane for as long as its owner lives.
 * Invariant: only what is the same in two passes, and carried in neither, is touched.
 */
import type { Logger } from 'pino';
import { isToBeSent, takenUp } from '../domain/moves.ts';
import type { Transaction } from '../domain/transaction.ts';
import type { Lanes } from '../northbound/lanes.ts';
import type { Records } from '../northbound/records.ts';
import { now } from '../pair/clock.ts';
import type { Watch } from './watch.ts';

export interface StraysOptions {
  readonly replica: string;
  readonly records: Records;
  readonly lanes: Lanes;
  readonly watch: Pick<Watch, 'begin' | 'has'>;
  /** What is sent without having waited in the lanes. */
  readonly transact: { isSending(id: string): boolean };
  /** False: a journal that came back on another server is being made whole (R34). */
  readonly mayAdopt: () => boolean;
  readonly log: Logger;
  readonly passEveryMs: number;
}

const pageSize = 500;

export class Strays {
  readonly #options: StraysOptions;
  /** Versions of those that nobody carried in the last pass. */
  #seen = new Map<string, number>();
  #timer: NodeJS.Timeout | null = null;
  #passing: Promise<void> | null = null;
  #isClosed = false;

  constructor(options: StraysOptions) {
    this.#options = options;
  }

  start(): void {
    const { log, passEveryMs } = this.#options;
    this.#timer = setInterval(() => {
      this.#passing ??= this.#pass()
        .catch((error: unknown) => log.error({ err: error }, 'what nobody carries cannot be looked for'))
        .finally(() => {
          this.#passing = null;
        });
    }, passEveryMs);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#passing;
  }

  async #pass(): Promise<void> {
    const { records, replica, mayAdopt } = this.#options;
    const seen = new Map<string, number>();
    for (let afterSequence = 0; !this.#isClosed && mayAdopt(); ) {
      const page = await records.journal.open({ afterSequence, limit: pageSize, owner: replica });
      for (const transaction of page.filter((each) => this.#isStray(each))) {
        const { id, version } = transaction;
        if (this.#seen.get(id) === version) await this.#takeUp(transaction);
        else seen.set(id, version);
      }
      const last = page.at(-1);
      if (page.length < pageSize || last === undefined) break;
      afterSequence = last.sequence;
    }
    this.#seen = seen;
  }

  #isStray(transaction: Transaction): boolean {
    const { lanes, watch, records, transact } = this.#options;
    const { id, state } = transaction;
    const isToBeCarried = isToBeSent(transaction) || state.status === 'in-flight' || state.status === 'accepted';
    return (
      isToBeCarried &&
      lanes.hasTried(id) === null &&
      !watch.has(id) &&
      !transact.isSending(id) &&
      !records.isUndoing(id)
    );
  }

  /** What its client was told that it is not sent is given up; everything else goes on where it stands. */
  async #takeUp(transaction: Transaction): Promise<void> {
    const { records, replica, lanes, watch, log } = this.#options;
    log.warn({ transaction: transaction.id }, 'nobody carried this transaction; it is taken up');
    if (records.isDenied(transaction.id)) return records.withdraw(transaction, replica, now);
    const { version } = transaction;
    const taken = await records.changeSurely(transaction, (current) =>
      current.version === version && current.owner === replica && current.state.status === 'in-flight'
        ? { transaction: takenUp(current, replica, now()) }
        : null,
    );
    if (!('transaction' in taken) || taken.transaction.owner !== replica) return;
    if (isToBeSent(taken.transaction)) lanes.wait(taken.transaction);
    watch.begin(taken.transaction, true);
  }
}
