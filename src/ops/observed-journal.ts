/**
 * The journal with an ear at it: how long each call took, and every record as this replica has written it. So metrics
 * and the log's line a transaction end cost no read and no call on the paths of requests.
 * Invariant: the listener changes nothing; a call answers exactly what the store answered.
 */
import type { Transaction } from '../domain/transaction.ts';
import type { Journal, SwitchoverRecord } from '../journal/journal.ts';

export interface JournalListener {
  /** A call ended after so long, with success or not; a write of a record tells which one. */
  called(operation: string, seconds: number, isAvailable: boolean, transaction?: Transaction): void;
  /**
   * A record as it stands since this replica's confirmed write, from its creation to the write that settles it, which is
   * told once; what happens to a settled record (deliveries, mostly) is not.
   */
  written(transaction: Transaction): void;
  /** A switchover's record, when this replica writes it. */
  switchover(record: SwitchoverRecord): void;
}

const unsettledMax = 100_000;

export function observedJournal(journal: Journal, listener: JournalListener): Journal {
  const timed = async <T>(operation: string, call: Promise<T>, of?: Transaction): Promise<T> => {
    const beganAt = performance.now();
    const end = (isAvailable: boolean) =>
      listener.called(operation, (performance.now() - beganAt) / 1000, isAvailable, of);
    try {
      const result = await call;
      end(!isUnavailable(result));
      return result;
    } catch (error) {
      end(false);
      throw error;
    }
  };
  const unsettled = new Unsettled();
  return {
    digests: journal.digests,
    async create(creation) {
      const created = await timed('create', journal.create(creation), creation.transaction);
      if ('transaction' in created) unsettled.see(created.transaction);
      if (created.word === 'created') listener.written(created.transaction);
      return created;
    },
    async replace(replacement) {
      const replaced = await timed('replace', journal.replace(replacement), replacement.transaction);
      if (replaced.word !== 'replaced') return replaced;
      if (unsettled.was(replacement.transaction)) listener.written(replaced.transaction);
      unsettled.replaced(replaced.transaction);
      return replaced;
    },
    async holder(transaction) {
      const holder = await timed('holder', journal.holder(transaction));
      if (holder !== null) unsettled.see(holder);
      return holder;
    },
    release: (transaction) => timed('release', journal.release(transaction)),
    restore: (restoration) => timed('restore', journal.restore(restoration)),
    async get(id) {
      const transaction = await timed('get', journal.get(id));
      if (transaction !== null) unsettled.see(transaction);
      return transaction;
    },
    body: (id, which) => timed('body', journal.body(id, which)),
    list: (query) => timed('list', journal.list(query)),
    async open(query) {
      const page = await timed('open', journal.open(query));
      for (const transaction of page) unsettled.see(transaction);
      return page;
    },
    deadLetters: (query) => timed('dead-letters', journal.deadLetters(query)),
    counts: () => timed('counts', journal.counts()),
    epoch: () => timed('epoch', journal.epoch()),
    bumpEpoch: (expected, record) => timed('bump-epoch', journal.bumpEpoch(expected, record)),
    raiseEpoch: (known) => timed('raise-epoch', journal.raiseEpoch(known)),
    putSwitchover: (record) => {
      listener.switchover(record);
      return timed('put-switchover', journal.putSwitchover(record));
    },
    switchovers: (limit) => timed('switchovers', journal.switchovers(limit)),
    renewLease: (replica, ttlMs) => timed('renew-lease', journal.renewLease(replica, ttlMs)),
    endLease: (replica) => timed('end-lease', journal.endLease(replica)),
    leases: () => timed('leases', journal.leases()),
    prune: (settledBefore, limit) => timed('prune', journal.prune(settledBefore, limit)),
    durability: () => journal.durability(),
    subscribe: (changed) => journal.subscribe(changed),
    subscribeLeases: (ended) => journal.subscribeLeases(ended),
    subscribeServer: (changed) => journal.subscribeServer(changed),
    isTrusted: () => journal.isTrusted(),
    trust: () => journal.trust(),
    close: () => journal.close(),
  };
}

/**
 * The newest version of each record that was seen unsettled. A replacement bears the version that it replaces, so it
 * tells whether it was an unsettled one, however late a read comes in between.
 */
class Unsettled {
  readonly #versions = new Map<string, number>();

  /** Settled ones stay: who wrote the end of one may still wait for its confirmation. */
  see({ id, version, state }: Transaction): void {
    if ('settledAt' in state || version <= (this.#versions.get(id) ?? 0)) return;
    // Again at the end, so that the ones that nobody touches any more are the first to go.
    this.#versions.delete(id);
    this.#versions.set(id, version);
    const [oldest] = this.#versions.size > unsettledMax ? this.#versions.keys() : [];
    if (oldest !== undefined) this.#versions.delete(oldest);
  }

  replaced(transaction: Transaction): void {
    if ('settledAt' in transaction.state) this.#versions.delete(transaction.id);
    else this.see(transaction);
  }

  was({ id, version }: Transaction): boolean {
    return this.#versions.get(id) === version;
  }
}

const isUnavailable = (result: unknown): boolean =>
  typeof result === 'object' && result !== null && 'word' in result && result.word === 'unavailable';
