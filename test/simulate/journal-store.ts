/**
 * The journal that all replicas of the world share: the embedded store's own code on a database in memory, so that its
 * words, conditions and indexes are the real ones. Who asks is `journal-link.ts`'s matter.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { Cipher } from '../../src/journal/cipher.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { openDatabase } from '../../src/journal/sqlite/database.ts';
import { sqliteJournal } from '../../src/journal/sqlite/sqlite-journal.ts';

/** As the embedded store makes its tables; in memory it cannot make them itself. */
function readSchema(): readonly string[] {
  const directory = mkdtempSync(join(tmpdir(), 'northgate-schema-'));
  try {
    const file = openDatabase(join(directory, 'schema.db'));
    const found = file
      .prepare(`SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'`)
      .all();
    file.close();
    return found.map(({ sql }) => String(sql));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Each text is prepared once: in memory the preparing takes longer than what was prepared. */
class PreparedDatabase extends DatabaseSync {
  readonly #statements = new Map<string, StatementSync>();

  override prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = super.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

let schema: readonly string[] | null = null;

export function memoryDatabase(): DatabaseSync {
  schema ??= readSchema();
  const database = new PreparedDatabase(':memory:');
  database.exec(`${schema.join(';\n')};\nINSERT INTO meta VALUES ('epoch', 0);`);
  return database;
}

/** `clock`: the server's, for leases. */
export const memoryJournal = (database: DatabaseSync, clock: () => number, cipher = new Cipher(null)): Journal =>
  sqliteJournal(database, cipher, { key: Buffer.from('simulated'), plainUntil: 0 }, clock);
