/**
 * A journal's server that comes back without what it had confirmed last (R34): its tables as they were a while ago, or
 * empty. What was lost is remembered here for those who judge what replicas do before they have written it back.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Transaction } from '../../src/domain/transaction.ts';
import type { Violation } from '../chaos/views.ts';

const tables = ['transactions', 'waiting', 'keys', 'bodies', 'switchovers', 'leases', 'meta'] as const;

export interface Epoch {
  readonly epoch: number;
  readonly since: number;
}

/** What stands in the journal at a moment, besides its tables. */
export interface Standing {
  readonly records: Map<string, Transaction>;
  readonly epochs: Epoch[];
  /** The life of the server in which it was noted that nothing is missing; null: in none. */
  trusted: number | null;
}

export class JournalLoss {
  readonly #database: DatabaseSync;
  readonly #standing: Standing;
  /** Records as they were when they were lost, until they are written again. */
  readonly lost = new Map<string, Transaction>();
  /** Writes of bytes, as `TRANSACTION VERSION`, whose writer never heard that they were made: nobody remembers those. */
  readonly unconfirmed = new Set<string>();
  #kept: Standing | null = null;
  #hasForgotten = false;

  constructor(database: DatabaseSync, standing: Standing) {
    this.#database = database;
    this.#standing = standing;
  }

  /** What is written from now on may be lost. */
  keep(): void {
    const { records, epochs, trusted } = this.#standing;
    for (const table of tables) {
      this.#database.exec(`DROP TABLE IF EXISTS kept_${table}; CREATE TABLE kept_${table} AS SELECT * FROM ${table};`);
    }
    this.#kept = { records: new Map(records), epochs: [...epochs], trusted };
  }

  /** Back to what was kept, or to nothing. */
  forget(isAll: boolean): void {
    if (this.#kept === null) throw new Error('nothing was kept');
    this.#hasForgotten = true;
    const { records, epochs } = this.#standing;
    const back: Standing = isAll ? { records: new Map(), epochs: [], trusted: null } : this.#kept;
    for (const table of tables) {
      const again = isAll ? '' : `INSERT INTO ${table} SELECT * FROM kept_${table};`;
      this.#database.exec(`DELETE FROM ${table}; ${again}`);
    }
    if (isAll) this.#database.exec(`INSERT INTO meta VALUES ('epoch', 0)`);
    for (const [id, record] of records) {
      if ((back.records.get(id)?.version ?? 0) < record.version) this.lost.set(id, record);
    }
    records.clear();
    for (const [id, record] of back.records) records.set(id, record);
    epochs.splice(0, epochs.length, ...back.epochs);
    this.#standing.trusted = back.trusted;
    this.#kept = null;
  }

  /** What the audit finds of bytes that nobody could write back. */
  excuses({ rule, transaction }: Violation): boolean {
    const isOfBytes = rule === 'a report was given up' || rule === 'no completion';
    return (
      isOfBytes && this.#hasForgotten && [...this.unconfirmed].some((write) => write.startsWith(`${transaction} `))
    );
  }

  /** It stands in the journal again. */
  found({ id, version }: Transaction): void {
    if ((this.lost.get(id)?.version ?? 0) <= version) this.lost.delete(id);
  }
}
