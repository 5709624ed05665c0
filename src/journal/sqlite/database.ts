/**
 * Opens the file of an embedded journal: WAL, synchronous=FULL, locked for this process alone, its tables made.
 * Invariant: the lock is SQLite's own exclusive one and dies with the process. Nothing else in this process may open
 * and close the file: POSIX would drop the lock with it.
 */
import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { newestRead, tooNew, written } from '../formats.ts';

/** "NGTE", so that a file of another program is not taken for a journal (SQLite, PRAGMA application_id). */
const applicationId = 0x4e475445;
const format = 2;
/** Steps from each older format to the next; `leases` of an earlier process mean nothing to this one. */
const steps: Readonly<Record<number, string>> = {
  1: `DROP TABLE leases;
      CREATE TABLE leases (replica TEXT PRIMARY KEY, expires_at INTEGER NOT NULL, since INTEGER NOT NULL) STRICT;
      PRAGMA user_version = 2;`,
};
const walBytesMax = 64 * 1024 * 1024;

const tables = `
  CREATE TABLE transactions (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, write_id TEXT,
    head TEXT NOT NULL, course TEXT NOT NULL, status TEXT NOT NULL, owner TEXT NOT NULL, client TEXT NOT NULL,
    lane TEXT NOT NULL, received_at INTEGER NOT NULL, is_open INTEGER NOT NULL, has_dead_letter INTEGER NOT NULL,
    occupies_lane INTEGER NOT NULL, done_at INTEGER
  ) STRICT;
  CREATE INDEX by_received ON transactions (received_at, sequence);
  CREATE INDEX by_status ON transactions (status, sequence, received_at);
  CREATE INDEX by_lane ON transactions (lane, sequence, received_at);
  CREATE INDEX by_client ON transactions (client, sequence, received_at);
  CREATE INDEX open ON transactions (sequence) WHERE is_open = 1;
  CREATE INDEX open_by_owner ON transactions (owner, sequence) WHERE is_open = 1;
  CREATE INDEX dead_letters ON transactions (sequence) WHERE has_dead_letter = 1;
  CREATE INDEX lane_queue ON transactions (lane, sequence) WHERE occupies_lane = 1;
  CREATE INDEX done ON transactions (done_at) WHERE done_at IS NOT NULL;
  CREATE TABLE waiting (name TEXT NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (name, sequence)) STRICT, WITHOUT ROWID;
  CREATE INDEX waiting_by_sequence ON waiting (sequence);
  CREATE TABLE keys (hash TEXT PRIMARY KEY, sequence INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX keys_by_sequence ON keys (sequence);
  CREATE TABLE bodies (
    sequence INTEGER NOT NULL, which TEXT NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (sequence, which)
  ) STRICT;
  CREATE TABLE switchovers (epoch INTEGER PRIMARY KEY, record TEXT NOT NULL) STRICT;
  CREATE TABLE leases (replica TEXT PRIMARY KEY, expires_at INTEGER NOT NULL, since INTEGER NOT NULL) STRICT;
  CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT;
  INSERT INTO meta VALUES ('epoch', 0);
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${format};
`;

/** @throws Error with a sentence for operators: in use, damaged, of another program or version, not to be opened. */
export function openDatabase(path: string): DatabaseSync {
  let database: DatabaseSync | null = null;
  try {
    makePrivate(path);
    database = new DatabaseSync(path, { timeout: 0 });
    // Exclusive before the first access: the lock is then held until the process ends, and no shared memory is used.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    database.exec(`PRAGMA journal_size_limit = ${walBytesMax};`);
    database.exec('BEGIN IMMEDIATE');
    prepareTables(database);
    checkRecords(database);
    database.exec('COMMIT');
    return database;
  } catch (cause) {
    database?.close();
    throw new Error(`the journal ${path} ${reasonOf(cause)}`, { cause });
  }
}

/** Made before SQLite would make it, with a mode that lets nobody else read what the records say. */
function makePrivate(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function prepareTables(database: DatabaseSync): void {
  const found = Number(database.prepare('PRAGMA application_id').get()?.application_id);
  const version = Number(database.prepare('PRAGMA user_version').get()?.user_version);
  const tableCount = Number(database.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.count);
  if (found === 0 && tableCount === 0) database.exec(tables);
  else if (found !== applicationId) throw new Error('is a database of another program');
  else if (steps[version] !== undefined) database.exec(steps[version]);
  else if (version !== format) throw new Error(`is of format ${version}; this Northgate reads format ${format}`);
}

/** The newest format of which records may be in the file; it stays when an earlier release takes over that reads it. */
function checkRecords(database: DatabaseSync): void {
  const found = Number(database.prepare(`SELECT value FROM meta WHERE name = 'records'`).get()?.value ?? 1);
  if (found > newestRead) throw new Error(tooNew(found));
  if (found < written) database.prepare(`INSERT OR REPLACE INTO meta VALUES ('records', ?)`).run(written);
}

const busy = 5;
const readOnly = 8;
const corrupt = 11;
const full = 13;
const cannotOpen = 14;
const notADatabase = 26;

function reasonOf(error: unknown): string {
  const { errcode, message, code } = error as Error & { errcode?: number; code?: string };
  // Extended result codes carry the primary one in their low byte (SQLite, "Result and Error Codes").
  switch (errcode === undefined ? undefined : errcode & 0xff) {
    case busy:
      return 'is in use by another process: an embedded journal has one gateway; several share a Redis journal';
    case corrupt:
    case notADatabase:
      return `is damaged or not a database (${message}): restore a copy, or move it away to start with an empty one`;
    case readOnly:
    case cannotOpen:
      return `cannot be opened for writing (${message}): check that its directory exists and may be written to`;
    case full:
      return 'cannot be written: the disk is full';
    default:
      if (code === 'ENOENT' || code === 'ENOTDIR') return 'cannot be made: its directory does not exist';
      if (code === 'EACCES' || code === 'EROFS') return 'cannot be made: its directory may not be written to';
      return message;
  }
}
