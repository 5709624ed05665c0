/**
 * The journal with an ear at it: how long each call took, and every record as this replica has written it. So metrics
 * and the log's line a transaction end cost no read and no call on the paths of requests.
 * Invariant: the listener changes nothing; a call answers exactly what the store answered.
 */
import type { Transaction } from '../domain/transaction.ts';
import type { Journal } from '../journal/journal.ts';

export interface JournalListener {
  /** A call ended after so long; `unavailable` if it did not succeed. */
  called(operation: string, seconds: number, isAvailable: boolean): void;
  /** A record as it stands since this replica's confirmed write. */
  written(transaction: Transaction): void;
}

export function observedJournal(journal: Journal, listener: JournalListener): Journal {
  const timed = async <T>(operation: string, call: Promise<T>): Promise<T> => {
    const beganAt = performance.now();
    const end = (isAvailable: boolean) => listener.called(operation, (performance.now() - beganAt) / 1000, isAvailable);
    try {
      const result = await call;
      end(!isUnavailable(result));
      return result;
    } catch (error) {
      end(false);
      throw error;
    }
  };
  return {
    async create(creation) {
      const created = await timed('create', journal.create(creation));
      if (created.word === 'created') listener.written(created.transaction);
      return created;
    },
    async replace(replacement) {
      const replaced = await timed('replace', journal.replace(replacement));
      if (replaced.word === 'replaced') listener.written(replaced.transaction);
      return replaced;
    },
    get: (id) => timed('get', journal.get(id)),
    body: (id, which) => timed('body', journal.body(id, which)),
    list: (query) => timed('list', journal.list(query)),
    open: (query) => timed('open', journal.open(query)),
    deadLetters: (query) => timed('dead-letters', journal.deadLetters(query)),
    counts: () => timed('counts', journal.counts()),
    epoch: () => timed('epoch', journal.epoch()),
    bumpEpoch: (expected, record) => timed('bump-epoch', journal.bumpEpoch(expected, record)),
    putSwitchover: (record) => timed('put-switchover', journal.putSwitchover(record)),
    switchovers: (limit) => timed('switchovers', journal.switchovers(limit)),
    renewLease: (replica, ttlMs) => timed('renew-lease', journal.renewLease(replica, ttlMs)),
    leases: () => timed('leases', journal.leases()),
    prune: (settledBefore, limit) => timed('prune', journal.prune(settledBefore, limit)),
    durability: () => journal.durability(),
    subscribe: (changed) => journal.subscribe(changed),
    close: () => journal.close(),
  };
}

const isUnavailable = (result: unknown): boolean =>
  typeof result === 'object' && result !== null && 'word' in result && result.word === 'unavailable';
