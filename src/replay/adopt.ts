/**
 * Takes up what an earlier process or a dead replica left unsettled: by compare-and-set, so that one adopter wins, in
 * the order of arrival. Held ones go on waiting; what was in flight is unacknowledged from now on.
 * An embedded journal has one gateway: there, whoever left something is dead.
 */
import type { Logger } from 'pino';
import { isToBeSent, takenUp } from '../domain/moves.ts';
import type { Transaction } from '../domain/transaction.ts';
import type { Lanes } from '../northbound/lanes.ts';
import type { Records } from '../northbound/records.ts';
import { now } from '../pair/clock.ts';
import type { Lease } from '../pair/lease.ts';
import { Strays } from './strays.ts';
import type { Watch } from './watch.ts';

export interface AdoptOptions {
  readonly replica: string;
  readonly records: Records;
  readonly lease: Lease;
  readonly lanes: Lanes;
  readonly watch: Pick<Watch, 'begin' | 'has'>;
  readonly transact: { isSending(id: string): boolean };
  /** Null where callbacks do not go through the gateway. */
  readonly relay: { wake(transaction: Transaction): void } | null;
  readonly log: Logger;
  /** False: others' leases may be missing in the journal (R34). */
  readonly mayAdopt: () => boolean;
  /** No other process can have the journal open. */
  readonly isAlone: boolean;
  /** How often what nobody here carries is looked for. */
  readonly strayPassMs?: number;
}

const pageSize = 500;
const wholeEveryMs = 60 * 1000;
const strayPassDefaultMs = 15 * 1000;

export class Adopter {
  readonly #options: AdoptOptions;
  readonly #strays: Strays;
  #isBusy = false;
  #isDue = false;
  #isClosed = false;
  #wholeAt = Number.NEGATIVE_INFINITY;
  #unsubscribe: () => void = () => undefined;

  constructor(options: AdoptOptions) {
    this.#options = options;
    this.#strays = new Strays({ ...options, passEveryMs: options.strayPassMs ?? strayPassDefaultMs });
  }

  /** Adopts once, whole, before the first request is taken; then whenever the lease is renewed or another one ends. */
  async start(): Promise<void> {
    const { lease, records, isAlone } = this.#options;
    await this.#adopt();
    // A journal in one process takes nothing late.
    if (isAlone) return;
    this.#strays.start();
    lease.onRenewed(() => void this.#tick());
    this.#unsubscribe = records.journal.subscribeLeases(() => void this.#tick());
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#unsubscribe();
    await this.#strays.close();
  }

  /** A call that comes while one is busy is not lost: a lease may have ended after that one looked. */
  async #tick(): Promise<void> {
    this.#isDue = true;
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      while (this.#isDue && !this.#isClosed) {
        this.#isDue = false;
        await this.#adopt();
      }
    } catch (error) {
      this.#options.log.error({ err: error }, 'looking for what dead replicas left failed; it is tried again');
    } finally {
      this.#isBusy = false;
    }
  }

  /** What dead replicas own; now and then all that is open, since a journal may have lost or forgotten a lease. */
  async #adopt(): Promise<void> {
    const { lease, isAlone, log } = this.#options;
    const isWhole = isAlone || now() > this.#wholeAt + wholeEveryMs;
    const beganAt = now();
    const owners = isWhole ? [undefined] : await lease.ended();
    let adopted = 0;
    for (const owner of owners) {
      const count = await this.#adoptOf(owner);
      if (count === 'must not') return;
      adopted += count;
    }
    if (isWhole) this.#wholeAt = beganAt;
    if (adopted > 0) log.info({ adopted }, 'transactions of an earlier or dead gateway are taken up');
  }

  async #adoptOf(owner: string | undefined): Promise<number | 'must not'> {
    const { records, replica, lease, isAlone } = this.#options;
    const narrowed = owner === undefined ? {} : { owner };
    let adopted = 0;
    for (let afterSequence = 0; ; ) {
      const page = await records.journal.open({ afterSequence, limit: pageSize, ...narrowed });
      // Read after the records: whoever wrote one of them had its lease by then.
      const alive = new Set(isAlone || page.length === 0 ? [] : await lease.others());
      const orphans = page.filter((each) => each.owner !== replica && !alive.has(each.owner));
      for (const orphan of orphans) {
        if (!this.#mayAdopt()) return 'must not';
        if (await this.#adoptOne(orphan)) adopted += 1;
      }
      const last = page.at(-1);
      if (page.length < pageSize || last === undefined) return adopted;
      afterSequence = last.sequence;
    }
  }

  /** Who has lost its own lease takes up nothing, nor who cannot tell yet who is dead. Alone, there is nobody to take it from. */
  #mayAdopt(): boolean {
    const { isAlone, lease, mayAdopt } = this.#options;
    return !this.#isClosed && (isAlone || (lease.holds && lease.isSteady && mayAdopt()));
  }

  async #adoptOne(transaction: Transaction): Promise<boolean> {
    const { records, replica, lanes, watch, relay } = this.#options;
    const { owner, version } = transaction;
    // Only as it was when its owner was dead: one that was written since then may be in the hands of one that woke.
    // Until it is confirmed: one that was taken up unseen would be nobody's to send.
    const changed = await records.changeSurely(transaction, (current) =>
      current.owner === owner && current.version === version ? { transaction: takenUp(current, replica, now()) } : null,
    );
    if (changed.word !== 'changed') return false;
    // What is sent, what is followed, and what the client has to hear: each finds what is its own.
    if (isToBeSent(changed.transaction)) lanes.wait(changed.transaction);
    watch.begin(changed.transaction, true);
    relay?.wake(changed.transaction);
    return true;
  }
}
