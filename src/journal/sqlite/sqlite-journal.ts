/**
 * The embedded store: one file, one gateway. Reads are direct; record writes go by `Records`, a turn at a time.
 * Invariant: whatever SQLite throws comes out as `unavailable` from writes and as `JournalUnavailable` from reads.
 */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { setImmediate as immediate } from 'node:timers/promises';
import type { Transaction } from '../../domain/transaction.ts';
import { Changes } from '../changes.ts';
import type { Cipher } from '../cipher.ts';
import { type KeptName, openedBody } from '../credentials.ts';
import type { Digests } from '../digests.ts';
import { JournalUnavailable, type StoredJournal, type SwitchoverRecord } from '../journal.ts';
import { withOpenQuery } from '../query.ts';
import { keyHashOf, type Row, transactionOf } from '../record.ts';
import { restoreWriteOf } from '../restoration.ts';
import { unavailable } from '../turn.ts';
import { Writer, writeIdOf } from '../writer.ts';
import { pageOf } from './listing.ts';
import { Records } from './records.ts';
import { reseal } from './reseal.ts';

const switchoversMax = 1000;
/** With a million kept a record takes up to 0.3 ms, and a step holds up the whole process. */
const prunedPerStepMax = 50;
const endedLeaseKeptMs = 24 * 60 * 60 * 1000;
const columns = 'version, sequence, head, course';

/** Takes the database over; `close` closes it. `clock` gives milliseconds since the epoch of Unix. */
export function sqliteJournal(
  database: DatabaseSync,
  cipher: Cipher,
  digests: Digests,
  clock: () => number,
): StoredJournal {
  const records = new Records(database);
  const changes = new Changes();
  const writer = new Writer((writes) => records.commit(writes), cipher, changes);

  const known = (row: Row): Transaction => transactionOf(withOpenQuery(row, cipher));
  const reading = <Result>(read: () => Result): Result => {
    try {
      return read();
    } catch (cause) {
      throw new JournalUnavailable(`the journal cannot be read: ${(cause as Error).message}`, { cause });
    }
  };
  const rows = (sql: string, ...values: SQLInputValue[]): Record<string, unknown>[] =>
    reading(() => database.prepare(sql).all(...values));
  const transactions = (sql: string, ...values: SQLInputValue[]): Transaction[] =>
    rows(sql, ...values).map((row) => known(row as unknown as Row));
  const write = <Result>(work: () => Result) => {
    try {
      return records.atomic(work);
    } catch (cause) {
      return unavailable(cause);
    }
  };
  const putSwitchover = (record: SwitchoverRecord): void => {
    database.prepare('INSERT OR REPLACE INTO switchovers VALUES (?, ?)').run(record.epoch, JSON.stringify(record));
    database.prepare('DELETE FROM switchovers WHERE epoch <= ?').run(record.epoch - switchoversMax);
  };
  /** One that had ended begins anew. */
  const putLease = (replica: string, expiresAt: number, now: number): void => {
    const sql = `INSERT INTO leases (replica, expires_at, since) VALUES (?, ?, ?) ON CONFLICT (replica) DO UPDATE SET
      since = iif(expires_at > excluded.since, since, excluded.since), expires_at = excluded.expires_at`;
    database.prepare(sql).run(replica, expiresAt, now);
  };

  return {
    digests,
    create: (creation) => writer.create(creation),
    replace: (replacement) => writer.replace(replacement),
    async holder(transaction) {
      const { idempotencyKey, place } = transaction;
      const keyHash = keyHashOf(transaction);
      const held = { keyHash, isTwin: idempotencyKey === null, lane: place.lane };
      const row = reading(() => records.holder(held));
      return row === null ? null : known(row);
    },

    release: (transaction) => writer.release(transaction),
    restore: async (restoration) => write(() => ({ word: records.restore(restoreWriteOf(restoration, cipher)) })),

    async get(id) {
      return transactions(`SELECT ${columns} FROM transactions WHERE id = ?`, id)[0] ?? null;
    },

    async body(id, which) {
      const sql = 'SELECT sealed FROM bodies JOIN transactions USING (sequence) WHERE id = ? AND which = ?';
      const find = (name: KeptName) => (rows(sql, id, name)[0]?.sealed as Uint8Array | undefined) ?? null;
      const sealed = find(which);
      const credentials = which === 'request' ? find('credentials') : null;
      return sealed === null ? null : openedBody(cipher, { id, which }, { sealed, credentials });
    },

    async list(query) {
      const { sql, values } = pageOf(query);
      // Only the records of the page are read.
      return transactions(
        `SELECT ${columns} FROM transactions WHERE sequence IN (${sql}) ORDER BY sequence DESC`,
        ...values,
      );
    },

    async open({ afterSequence, limit, owner }) {
      const page = 'is_open = 1 AND sequence > ? ORDER BY sequence LIMIT ?';
      const select = `SELECT ${columns} FROM transactions INDEXED BY`;
      if (owner === undefined) return transactions(`${select} open WHERE ${page}`, afterSequence, limit);
      return transactions(`${select} open_by_owner WHERE owner = ? AND ${page}`, owner, afterSequence, limit);
    },

    async deadLetters({ beforeSequence = Number.MAX_SAFE_INTEGER, limit }) {
      return transactions(
        `SELECT ${columns} FROM transactions INDEXED BY dead_letters
         WHERE has_dead_letter = 1 AND sequence < ? ORDER BY sequence DESC LIMIT ?`,
        beforeSequence,
        limit,
      );
    },

    counts: async () => records.counts(),
    epoch: async () => Number(rows(`SELECT value FROM meta WHERE name = 'epoch'`)[0]?.value),

    async bumpEpoch(expected, record) {
      return write(() => {
        const epoch = records.epoch();
        const last = database.prepare(`SELECT value FROM meta WHERE name = 'bump'`).get()?.value;
        const own = record === null ? null : writeIdOf(record);
        if (epoch === expected + 1 && own !== null && last === own) return { word: 'bumped', epoch };
        if (epoch !== expected) return { word: 'stale', epoch };
        const put = database.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)');
        put.run('epoch', expected + 1);
        put.run('bump', own ?? '');
        if (record !== null) putSwitchover(record);
        return { word: 'bumped', epoch: expected + 1 };
      });
    },

    async raiseEpoch(known) {
      return write(() => {
        const epoch = Math.max(records.epoch(), known);
        if (epoch > records.epoch()) {
          const put = database.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)');
          put.run('epoch', epoch);
          put.run('bump', '');
        }
        return { word: 'raised', epoch };
      });
    },

    async putSwitchover(record) {
      return write(() => {
        putSwitchover(record);
        return 'written';
      });
    },

    async switchovers(limit) {
      const found = rows('SELECT record FROM switchovers ORDER BY epoch DESC LIMIT ?', limit);
      return found.map(({ record }) => JSON.parse(String(record)) as SwitchoverRecord);
    },

    async renewLease(replica, ttlMs) {
      return write(() => {
        const now = clock();
        database.prepare('DELETE FROM leases WHERE expires_at < ?').run(now - endedLeaseKeptMs);
        putLease(replica, now + ttlMs, now);
        return 'renewed';
      });
    },

    async endLease(replica) {
      return write(() => {
        const now = clock();
        putLease(replica, now, now);
        return 'ended';
      });
    },

    async leases() {
      const now = clock();
      const sql = 'SELECT replica, expires_at, since FROM leases WHERE expires_at >= ? ORDER BY replica';
      return rows(sql, now - endedLeaseKeptMs).map(({ replica, expires_at: end, since }) => {
        const expiresAt = Number(end);
        return { replica: String(replica), expiresAt, since: Number(since), isLive: expiresAt > now };
      });
    },

    subscribe: (listener) => changes.subscribe(listener),
    // There is no other replica.
    subscribeLeases: () => () => undefined,
    subscribeServer: () => () => {},
    isTrusted: async () => true,
    trust: async () => 'trusted',

    async prune(doneBefore, limit) {
      let removed = 0;
      try {
        for (let step = -1; removed < limit && step !== 0; ) {
          step = records.prune(doneBefore, Math.min(limit - removed, prunedPerStepMax));
          removed += step;
          // Others get their turn: a step holds up the whole process.
          await immediate();
        }
      } catch (cause) {
        throw new JournalUnavailable('the journal cannot be pruned', { cause });
      }
      return removed;
    },

    reseal: async (afterSequence, limit) => reading(() => reseal({ database, records, cipher }, afterSequence, limit)),

    // Stronger than `everysec`, and there is no replica that could be behind.
    durability: async () => ({ promised: 'always', kept: true, detail: '' }),

    async close() {
      await writer.close();
      changes.clear();
      if (database.isOpen) database.close();
    },
  };
}
