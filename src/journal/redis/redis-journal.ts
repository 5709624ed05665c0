/**
 * The store on Redis, shared by several gateways. Record writes go by the writer, a turn at a time in one script.
 * Invariant: whatever Redis or ioredis throws comes out as `unavailable` from writes and as `JournalUnavailable` from reads.
 */
import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { type Status, statuses, type Transaction } from '../../domain/transaction.ts';
import { Changes } from '../changes.ts';
import type { Cipher } from '../cipher.ts';
import { openedBody } from '../credentials.ts';
import type { Digests } from '../digests.ts';
import { newestRead, tooNew } from '../formats.ts';
import {
  type Durability,
  type Journal,
  JournalUnavailable,
  type StoredJournal,
  type SwitchoverRecord,
} from '../journal.ts';
import { keyHashOf, transactionOf } from '../record.ts';
import { restoreWriteOf } from '../restoration.ts';
import { unavailable } from '../turn.ts';
import { Writer, writeIdOf } from '../writer.ts';
import { Announcements } from './announcements.ts';
import { deadLetters, list, open } from './listing.ts';
import { entries, place } from './names.ts';
import { prune } from './prune.ts';
import { commit } from './records.ts';
import { reseal } from './reseal.ts';
import { restore } from './restore.ts';
import { readRows } from './rows.ts';
import type { Argument } from './scripts.ts';
import type { Store } from './store.ts';
import { isTrusted } from './trust.ts';

const switchoversMax = 1000;
const endedLeaseKeptMs = 24 * 60 * 60 * 1000;

/** Takes both connections over, the subscriber not connected yet; `close` ends them. */
export function redisJournal(
  store: Store,
  subscriber: Redis,
  { cipher, digests }: { readonly cipher: Cipher; readonly digests: Digests },
  readDurability: () => Promise<Durability>,
): StoredJournal {
  const { redis, server, keys } = store;
  const changes = new Changes();
  const origin = randomBytes(9).toString('base64url');
  const announcements = new Announcements(redis, subscriber, keys.changes, origin);
  const tell = announcements.announce.bind(announcements);
  const writer = new Writer((writes) => commit(store, writes, tell), cipher, changes);
  const leaseListeners = new Set<(replica: string) => void>();
  announcements.start({
    changed: (change) => changes.tell(change),
    leaseEnded: (replica) => {
      for (const listener of [...leaseListeners]) listener(replica);
    },
  });
  server.subscribe(() => announcements.follow());

  const reading = async <Result>(read: () => Promise<Result>): Promise<Result> => {
    try {
      return await read();
    } catch (cause) {
      throw new JournalUnavailable(`the journal cannot be read: ${(cause as Error).message}`, { cause });
    }
  };
  const recordOf = async (id: string): Promise<Transaction | null> => {
    const [row] = await readRows(store, [id]);
    return row ? transactionOf(row) : null;
  };
  const write = async (
    script: 'epoch' | 'epochFloor' | 'switchover' | 'lease' | 'trust',
    names: string[],
    values: Argument[],
  ) => {
    try {
      return await store.write(script, names, values);
    } catch (cause) {
      return unavailable(cause);
    }
  };

  return {
    digests,
    create: (creation) => writer.create(creation),
    replace: (replacement) => writer.replace(replacement),
    async holder(transaction) {
      const keyHash = keyHashOf(transaction);
      const id = keyHash === null ? null : await reading(() => redis.hget(keys.keys, keyHash));
      if (id === null) return null;
      if (transaction.idempotencyKey !== null) return reading(() => recordOf(id));
      const [newest] = await reading(() => list(store, { lane: transaction.place.lane, limit: 1 }));
      return newest?.id === id ? newest : null;
    },

    release: (transaction) => writer.release(transaction),
    async restore(restoration) {
      try {
        return { word: await restore(store, restoreWriteOf(restoration, cipher), tell) };
      } catch (cause) {
        return unavailable(cause);
      }
    },

    get: (id) => reading(() => recordOf(id)),

    async body(id, which) {
      const names = which === 'request' ? [which, 'credentials'] : [which];
      const [sealed = null, credentials = null] = await reading(() => redis.hmgetBuffer(keys.record(id), ...names));
      return sealed === null ? null : openedBody(cipher, { id, which }, { sealed, credentials });
    },

    list: (query) => reading(() => list(store, query)),
    open: (query) => reading(() => open(store, query)),
    deadLetters: (query) => reading(() => deadLetters(store, query)),

    async counts() {
      const count = async (status: Status): Promise<[Status, number]> => {
        const entry = entries.status(status);
        return [status, await redis.zlexcount(keys.index, `[${entry}${place(0)}`, `(${entry}\u0001`)];
      };
      return Object.fromEntries(await reading(() => Promise.all(statuses.map(count)))) as Record<Status, number>;
    },

    epoch: async () => Number(await reading(() => redis.hget(keys.journal, 'epoch'))),

    async bumpEpoch(expected, record) {
      const [own, kept] = record === null ? ['', ''] : [writeIdOf(record), JSON.stringify(record)];
      const values = [expected, expected + 1, own, kept, switchoversMax];
      const said = await write('epoch', [keys.journal, keys.switchovers], values);
      if (!Array.isArray(said)) return said as ReturnType<typeof unavailable>;
      return { word: said[0] as 'bumped' | 'stale', epoch: Number(said[1]) };
    },

    async raiseEpoch(known) {
      const said = await write('epochFloor', [keys.journal], [known]);
      return typeof said === 'string'
        ? { word: 'raised', epoch: Number(said) }
        : (said as ReturnType<typeof unavailable>);
    },

    async putSwitchover(record) {
      const values = [record.epoch, JSON.stringify(record), switchoversMax];
      return (await write('switchover', [keys.switchovers], values)) as 'written';
    },

    async switchovers(limit) {
      const found = await reading(() => redis.zrevrange(keys.switchovers, 0, limit - 1));
      return found.map((record) => JSON.parse(record) as SwitchoverRecord);
    },

    async renewLease(replica, ttlMs) {
      // An account that may not ask is not told; a server that does not answer will not take the lease either.
      const info = await redis.info('replication').catch(() => '');
      server.replicates(info);
      const values = [replica, ttlMs, endedLeaseKeptMs, newestRead];
      const said = await write('lease', [keys.leases, keys.journal], values);
      // A gateway of a later release has begun to write what this one cannot read.
      if (Array.isArray(said)) return unavailable(new Error(`the journal ${tooNew(String(said[1]))}`));
      return said as 'renewed';
    },

    async endLease(replica) {
      const said = await write('lease', [keys.leases, keys.journal], [replica, 0, endedLeaseKeptMs, newestRead]);
      if (said !== 'renewed') return said as ReturnType<typeof unavailable>;
      await announcements.leaseEnded(replica);
      return 'ended';
    },

    async leases() {
      const [found, [seconds, micros]] = await reading(() => Promise.all([redis.hgetall(keys.leases), redis.time()]));
      const now = Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
      const leases = Object.entries(found).map(([replica, said]) => {
        const [expiresAt = 0, since = 0] = said.split(' ').map(Number);
        return { replica, expiresAt, since, isLive: expiresAt > now };
      });
      return leases
        .filter(({ expiresAt }) => expiresAt >= now - endedLeaseKeptMs)
        .sort((a, b) => (a.replica < b.replica ? -1 : 1));
    },

    subscribe: (listener) => changes.subscribe(listener),
    subscribeLeases(listener) {
      leaseListeners.add(listener);
      return () => leaseListeners.delete(listener);
    },
    subscribeServer: (listener) => server.subscribe(listener),
    isTrusted: () => reading(() => isTrusted(store)),
    trust: () => write('trust', [keys.journal], [server.runId ?? '']) as ReturnType<Journal['trust']>,
    prune: (doneBefore, limit) => reading(() => prune(store, doneBefore, limit)),
    reseal: (afterSequence, limit) => reading(() => reseal(store, afterSequence, limit)),
    durability: () => reading(readDurability),

    async close() {
      await writer.close();
      changes.clear();
      server.close();
      announcements.close();
      redis.disconnect();
    },
  };
}
