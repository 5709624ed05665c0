/**
 * Opens the journal that `journal.url` names, and refuses what would not keep its promises: another key than its
 * bodies are sealed with.
 */
import type { DatabaseSync } from 'node:sqlite';
import { Cipher } from './cipher.ts';
import {
  type Digests,
  drawnDigests,
  earlierDigestKey,
  earlierDigests,
  openedDigests,
  sealedDigests,
} from './digests.ts';
import type { Journal, StoredJournal } from './journal.ts';
import { makeKeyFile, readKeyFile } from './key-file.ts';
import type { JournalOptions } from './options.ts';
import { openRedis } from './redis/open.ts';
import { openDatabase } from './sqlite/database.ts';
import { sqliteJournal } from './sqlite/sqlite-journal.ts';

/** @throws Error with a sentence for operators. */
export const openJournal = (options: JournalOptions): Promise<Journal> => openStored(options);

/** The same, for who re-encrypts it. @throws Error with a sentence for operators. */
export async function openStored(options: JournalOptions): Promise<StoredJournal> {
  const { url } = options;
  return url.kind === 'sqlite' ? openSqlite(options, url.path) : openRedis(options, url);
}

function openSqlite(options: JournalOptions, path: string): StoredJournal {
  const database = openDatabase(path);
  try {
    const sealedWith = database.prepare(`SELECT value FROM meta WHERE name = 'key'`).get()?.value;
    const cipher = embeddedCipher(options, path, typeof sealedWith === 'string' ? sealedWith : null);
    if (cipher.keyId !== null) database.prepare(`INSERT OR REPLACE INTO meta VALUES ('key', ?)`).run(cipher.keyId);
    const clock = options.clock ?? Date.now;
    const digests = embeddedDigests(database, cipher, options, [readKeyFile(`${path}.key`), clock()]);
    return sqliteJournal(database, cipher, digests, clock);
  } catch (error) {
    database.close();
    throw error;
  }
}

/** The configured key, else the one of the key file, which is made only for a journal that never sealed anything. */
function embeddedCipher(options: JournalOptions, path: string, sealedWith: string | null): Cipher {
  const keyPath = `${path}.key`;
  const fromFile = readKeyFile(keyPath);
  const oldKeys = fromFile === null ? options.oldKeys : [...options.oldKeys, fromFile];
  const key = options.key ?? (options.plaintext ? null : fromFile);
  const cipher = new Cipher(key, oldKeys);
  if (sealedWith !== null && !cipher.opens(sealedWith)) {
    const remedy = `put ${keyPath} back, or give the key as journal.key or in journal.oldKeys`;
    throw new Error(`the journal ${path} is sealed with key ${sealedWith}, which is not here: ${remedy}`);
  }
  if (key !== null || options.plaintext) return cipher;
  return new Cipher(makeKeyFile(keyPath), oldKeys);
}

/** As the file has it; made where it has none, and sealed anew where another key sealed it. */
function embeddedDigests(
  database: DatabaseSync,
  cipher: Cipher,
  { key, name }: JournalOptions,
  [fileKey, now]: readonly [Uint8Array | null, number],
): Digests {
  const put = database.prepare(`INSERT OR REPLACE INTO meta VALUES ('digests', ?)`);
  const kept = database.prepare(`SELECT value FROM meta WHERE name = 'digests'`).get()?.value;
  if (typeof kept === 'string') {
    const { digests, fresh } = openedDigests(kept, cipher);
    if (fresh !== null) put.run(fresh);
    return digests;
  }
  const isNew = database.prepare('SELECT 1 FROM transactions LIMIT 1').get() === undefined;
  const made = isNew ? drawnDigests() : earlierDigests(earlierDigestKey(key ?? fileKey, name), now);
  put.run(sealedDigests(made, cipher));
  return made;
}
