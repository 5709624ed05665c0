/**
 * Takes up what an earlier process or a dead replica left unsettled: by compare-and-set, so that one adopter wins, in
 * the order of arrival. Held ones go on waiting; what was in flight is unacknowledged from now on.
 * It also keeps this replica's own lease. An embedded journal has one gateway: there, whoever left something is dead.
 */
import type { Logger } from 'pino';
import { isToBeSent, takenUp } from '../domain/moves.ts';
import type { Transaction } from '../domain/transaction.ts';
import type { Records } from '../northbound/records.ts';
import type { Lanes } from '../northbound/transact.ts';
import { now } from '../pair/clock.ts';
import type { Watch } from './watch.ts';

export interface AdoptOptions {
  readonly replica: string;
  readonly records: Records;
  readonly lanes: Lanes;
  readonly watch: Pick<Watch, 'begin'>;
  /** Null where callbacks do not go through the gateway. */
  readonly relay: { wake(transaction: Transaction): void } | null;
  readonly log: Logger;
  readonly leaseTtlMs: number;
  /** No other process can have the journal open. */
  readonly isAlone: boolean;
}

const pageSize = 500;

export class Adopter {
  readonly #options: AdoptOptions;
  #timer: NodeJS.Timeout | null = null;
  #isBusy = false;

  constructor(options: AdoptOptions) {
    this.#options = options;
  }

  /** Adopts once, whole, before the first request is taken; then looks for orphans as often as leases are renewed. */
  async start(): Promise<void> {
    const { records, replica, leaseTtlMs } = this.#options;
    const renewed = await records.journal.renewLease(replica, leaseTtlMs);
    if (renewed !== 'renewed') throw new Error('the journal does not take the lease', { cause: renewed.cause });
    await this.#adopt();
    this.#timer = setInterval(() => void this.#tick(), leaseTtlMs / 3);
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#options.records.journal.renewLease(this.#options.replica, 1);
  }

  async #tick(): Promise<void> {
    const { records, replica, leaseTtlMs, isAlone, log } = this.#options;
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      const renewed = await records.journal.renewLease(replica, leaseTtlMs);
      if (renewed !== 'renewed') log.error({ err: renewed.cause }, 'the lease could not be renewed');
      else if (!isAlone) await this.#adopt();
    } catch (error) {
      log.error({ err: error }, 'looking for what dead replicas left failed; it is tried again');
    } finally {
      this.#isBusy = false;
    }
  }

  async #adopt(): Promise<void> {
    const { records, replica, isAlone, log } = this.#options;
    const alive = new Set(isAlone ? [] : (await this.#liveReplicas()).filter((name) => name !== replica));
    let adopted = 0;
    for (let afterSequence = 0; ; ) {
      const page = await records.journal.open({ afterSequence, limit: pageSize });
      for (const transaction of page) {
        if (transaction.owner === replica || alive.has(transaction.owner)) continue;
        if (await this.#adoptOne(transaction)) adopted += 1;
      }
      const last = page.at(-1);
      if (page.length < pageSize || last === undefined) break;
      afterSequence = last.sequence;
    }
    if (adopted > 0) log.info({ adopted }, 'transactions of an earlier or dead gateway are taken up');
  }

  async #liveReplicas(): Promise<string[]> {
    // Leases are the store's, kept by its clock.
    const at = Date.now();
    const leases = await this.#options.records.journal.leases();
    return leases.filter((lease) => lease.expiresAt > at).map((lease) => lease.replica);
  }

  async #adoptOne(transaction: Transaction): Promise<boolean> {
    const { records, replica, lanes, watch, relay } = this.#options;
    const { owner } = transaction;
    const changed = await records.change(transaction, (current) =>
      current.owner === owner ? { transaction: takenUp(current, replica, now()) } : null,
    );
    if (changed.word !== 'changed') return false;
    // What is sent, what is followed, and what the client has to hear: each finds what is its own.
    if (isToBeSent(changed.transaction)) lanes.wait(changed.transaction);
    watch.begin(changed.transaction, true);
    relay?.wake(changed.transaction);
    return true;
  }
}
