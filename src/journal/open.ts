/**
 * Opens the journal that `journal.url` names, and refuses what would not keep its promises: another key than its
 * bodies are sealed with.
 */
import { Cipher } from './cipher.ts';
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
    return sqliteJournal(database, cipher, options.clock ?? Date.now);
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
