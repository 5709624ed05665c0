/**
 * The record writes of an embedded journal: a batch of one turn in one transaction, all of it or nothing.
 * Invariant: the counts in memory are those of the last commit; the exclusive lock makes them right.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { type Status, statuses } from '../../domain/transaction.ts';
import type { SealedBody } from '../credentials.ts';
import type { MarkConditions } from '../journal.ts';
import type { Form, Row } from '../record.ts';
import type { RestoreWrite } from '../restoration.ts';
import type { CreateWrite, ReleaseWrite, ReplaceWrite, Word, Write } from '../writer.ts';

const rowOf = (found: Record<string, unknown>): Row => found as unknown as Row;

/** What a replacement changes, as `changing` gives it. */
const changingColumns = ['course', 'status', 'owner', 'is_open', 'has_dead_letter', 'occupies_lane', 'done_at'];

function changing({ course, entry }: Form): SQLInputValue[] {
  const { status, owner, isOpen, hasDeadLetter, occupiesLane, doneAt } = entry;
  return [course, status, owner, Number(isOpen), Number(hasDeadLetter), Number(occupiesLane), doneAt];
}

export class Records {
  readonly #database: DatabaseSync;
  readonly #counts = new Map<Status, number>();
  #countChanges: [Status, number][] = [];
  readonly #byId: StatementSync;
  readonly #byKey: StatementSync;
  readonly #newestInLane: StatementSync;
  readonly #epoch: StatementSync;
  readonly #earlierInLane: StatementSync;
  readonly #earlierInGroup: StatementSync;
  readonly #insert: StatementSync;
  readonly #insertAt: StatementSync;
  readonly #update: StatementSync;
  readonly #setVersion: StatementSync;
  readonly #insertKey: StatementSync;
  readonly #freeKey: StatementSync;
  readonly #insertWaiting: StatementSync;
  readonly #deleteWaiting: StatementSync;
  readonly #putBody: StatementSync;

  constructor(database: DatabaseSync) {
    const prepare = (sql: string): StatementSync => database.prepare(sql);
    this.#database = database;
    this.#byId = prepare('SELECT version, sequence, write_id, status, head, course FROM transactions WHERE id = ?');
    this.#byKey = prepare(
      'SELECT version, sequence, head, course FROM keys JOIN transactions USING (sequence) WHERE hash = ?',
    );
    this.#newestInLane = prepare(
      'SELECT sequence FROM transactions INDEXED BY by_lane WHERE lane = ? ORDER BY sequence DESC LIMIT 1',
    );
    this.#epoch = prepare(`SELECT value FROM meta WHERE name = 'epoch'`);
    this.#earlierInLane = prepare(
      'SELECT 1 FROM transactions INDEXED BY lane_queue WHERE lane = ? AND occupies_lane = 1 AND sequence < ? LIMIT 1',
    );
    this.#earlierInGroup = prepare('SELECT 1 FROM waiting WHERE name = ? AND sequence < ? LIMIT 1');
    this.#insert = prepare(
      `INSERT INTO transactions (version, id, head, client, lane, received_at, ${changingColumns.join(', ')})
       VALUES (1, ?, ?, ?, ?, ?, ${changingColumns.map(() => '?').join(', ')})`,
    );
    this.#insertAt = prepare(
      `INSERT INTO transactions (sequence, version, id, head, client, lane, received_at, ${changingColumns.join(', ')})
       VALUES (?, 0, ?, ?, ?, ?, ?, ${changingColumns.map(() => '?').join(', ')})`,
    );
    this.#setVersion = prepare('UPDATE transactions SET version = ? WHERE sequence = ?');
    this.#update = prepare(
      `UPDATE transactions SET version = version + 1, write_id = ?, ${changingColumns.map((name) => `${name} = ?`).join(', ')}
       WHERE sequence = ?`,
    );
    this.#insertKey = prepare('INSERT OR REPLACE INTO keys VALUES (?, ?)');
    this.#freeKey = prepare('DELETE FROM keys WHERE hash = ? AND sequence = ?');
    this.#insertWaiting = prepare('INSERT OR IGNORE INTO waiting VALUES (?, ?)');
    this.#deleteWaiting = prepare('DELETE FROM waiting WHERE sequence = ?');
    this.#putBody = prepare('INSERT OR REPLACE INTO bodies VALUES (?, ?, ?)');
    this.#recount();
  }

  #recount(): void {
    for (const status of statuses) this.#counts.set(status, 0);
    const found = this.#database.prepare('SELECT status, count(*) AS count FROM transactions GROUP BY status').all();
    for (const { status, count } of found) this.#counts.set(status as Status, Number(count));
  }

  counts(): Record<Status, number> {
    return Object.fromEntries(this.#counts) as Record<Status, number>;
  }

  /** Carries out `work` in one transaction. @throws what SQLite says; then nothing of it is there. */
  atomic<Result>(work: () => Result): Result {
    this.#countChanges = [];
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#database.exec('COMMIT');
      for (const [status, by] of this.#countChanges) this.#counts.set(status, (this.#counts.get(status) ?? 0) + by);
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  commit(writes: readonly Write[]): Word[] {
    return this.atomic(() => writes.map((write) => this.#write(write)));
  }

  #write(write: Write): Word {
    switch (write.kind) {
      case 'create':
        return this.#create(write);
      case 'replace':
        return this.#replace(write);
      case 'release':
        return this.#release(write);
    }
  }

  #create(write: CreateWrite): Word {
    const same = this.#byId.get(write.id);
    if (same !== undefined) return { word: 'found', row: rowOf(same) };
    const { lane } = write.held.entry;
    const holder = this.holder({ ...write, lane });
    if (holder !== null) return { word: 'key-taken', row: holder };
    const mayFly =
      write.inFlight !== null && this.#obstacle(write.inFlight.mark, lane, Number.MAX_SAFE_INTEGER) === null;
    const form = mayFly && write.inFlight !== null ? write.inFlight.form : write.held;
    const sequence = this.#insertRecord(write, form);
    if (write.keyHash !== null && form.entry.holdsKey) this.#insertKey.run(write.keyHash, sequence);
    this.#putBodies(sequence, write.bodies);
    return { word: mayFly ? 'kept-in-flight' : 'kept-held', sequence };
  }

  /** Who holds the key; of a twin only the newest of its lane. */
  holder({ keyHash, isTwin, lane }: Pick<CreateWrite, 'keyHash' | 'isTwin'> & { lane: string }): Row | null {
    const found = keyHash === null ? undefined : this.#byKey.get(keyHash);
    if (found === undefined) return null;
    return isTwin && this.#newestInLane.get(lane)?.sequence !== found.sequence ? null : rowOf(found);
  }

  #release({ id, keyHash }: ReleaseWrite): Word {
    const found = this.#byId.get(id);
    if (found !== undefined) this.#freeKey.run(keyHash, Number(found.sequence));
    return { word: 'released' };
  }

  #insertRecord({ id, head }: CreateWrite, form: Form): number {
    const { status, client, lane, receivedAt, groups } = form.entry;
    const done = this.#insert.run(id, head, client, lane, receivedAt, ...changing(form));
    const sequence = Number(done.lastInsertRowid);
    for (const group of groups) this.#insertWaiting.run(group, sequence);
    this.#countChanges.push([status, 1]);
    return sequence;
  }

  #putBodies(sequence: number, bodies: readonly SealedBody[]): void {
    for (const [name, sealed] of bodies) this.#putBody.run(sequence, name, sealed);
  }

  #replace(write: ReplaceWrite): Word {
    const found = this.#byId.get(write.id);
    if (found === undefined) return { word: 'missing' };
    const version = Number(found.version);
    if (version === write.expected + 1 && found.write_id === write.writeId) return { word: 'replaced' };
    if (version !== write.expected) return { word: 'stale-version' };
    const sequence = Number(found.sequence);
    const { entry } = write.form;
    if (write.epoch !== null && write.epoch !== this.epoch()) return { word: 'stale-epoch' };
    const obstacle = write.mark === null ? null : this.#obstacle(write.mark, entry.lane, sequence);
    if (obstacle !== null) return { word: obstacle };
    this.#rewrite(sequence, write);
    if (write.keyHash !== null && !entry.holdsKey) this.#freeKey.run(write.keyHash, sequence);
    this.#putBodies(sequence, write.bodies);
    this.#countChanges.push([found.status as Status, -1], [entry.status, 1]);
    return { word: 'replaced' };
  }

  /** Course and index entries; the version is raised by one. */
  #rewrite(sequence: number, { writeId, form }: Pick<ReplaceWrite, 'writeId' | 'form'>): void {
    this.#update.run(writeId, ...changing(form), sequence);
    this.#deleteWaiting.run(sequence);
    for (const group of form.entry.groups) this.#insertWaiting.run(group, sequence);
  }

  /** In a transaction of its own: `atomic`. As `Journal.restore`; AUTOINCREMENT never gives a lower sequence afterwards. */
  restore(write: RestoreWrite): 'restored' | 'key-taken' | 'stale-version' {
    const { id, over, version, head, form } = write;
    const found = this.#byId.get(id);
    const isDone = found !== undefined && found.version === version && found.write_id === write.writeId;
    if (isDone) return this.#restoreKey(write, Number(found.sequence));
    if (Number(found?.version ?? 0) !== over) return 'stale-version';
    const sequence = Number(found?.sequence ?? write.sequence);
    const { client, lane, receivedAt, status } = form.entry;
    if (found === undefined) this.#insertAt.run(sequence, id, head, client, lane, receivedAt, ...changing(form));
    else this.#countChanges.push([found.status as Status, -1]);
    this.#rewrite(sequence, write);
    this.#setVersion.run(version, sequence);
    this.#putBodies(sequence, write.bodies);
    this.#countChanges.push([status, 1]);
    return this.#restoreKey(write, sequence);
  }

  #restoreKey({ keyHash, holdsKey, isTwin, form }: RestoreWrite, sequence: number): 'restored' | 'key-taken' {
    if (keyHash === null) return 'restored';
    if (!holdsKey) this.#freeKey.run(keyHash, sequence);
    else {
      const holder = this.holder({ keyHash, isTwin, lane: form.entry.lane });
      if (holder !== null && holder.sequence !== sequence) return 'key-taken';
      this.#insertKey.run(keyHash, sequence);
    }
    return 'restored';
  }

  epoch(): number {
    return Number(this.#epoch.get()?.value);
  }

  /** What forbids the mark (R10), if anything. */
  #obstacle(mark: MarkConditions, lane: string, sequence: number): 'stale-epoch' | 'behind' | null {
    if (mark.epoch !== this.epoch()) return 'stale-epoch';
    if (this.#earlierInLane.get(lane, sequence) !== undefined) return 'behind';
    return mark.waitsFor.some((group) => this.#earlierInGroup.get(group, sequence) !== undefined) ? 'behind' : null;
  }

  /** Removes records that were done before the instant, with all that belongs to them; returns how many. */
  prune(doneBefore: number, limit: number): number {
    const find = this.#database.prepare(
      `SELECT sequence, status FROM transactions INDEXED BY done
       WHERE done_at IS NOT NULL AND done_at < ? ORDER BY done_at LIMIT ?`,
    );
    return this.atomic(() => {
      const found = find.all(doneBefore, limit);
      const sequences = JSON.stringify(found.map(({ sequence }) => sequence));
      for (const table of ['keys', 'bodies', 'waiting', 'transactions']) {
        this.#database
          .prepare(`DELETE FROM ${table} WHERE sequence IN (SELECT value FROM json_each(?))`)
          .run(sequences);
      }
      for (const { status } of found) this.#countChanges.push([status as Status, -1]);
      return found.length;
    });
  }
}
