/**
 * An embedded journal from outside: its file, key file and disk. SQLite is not asked, since a gateway may hold the file,
 * and to open it would leave files beside it; what the kernel and the first bytes say is enough.
 */
import { access, constants, open, readFile, stat, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { readKeyFile } from '../../journal/key-file.ts';
import { type Check, check, fail, pass, type Verdict, warn } from './check.ts';

const gib = 1024 ** 3;
/** Below the first a warning, below the second nothing can be promised: the write-ahead log alone may take 64 MiB. */
const freeBytesMin = { warn: gib, fail: 128 * 1024 * 1024 };
const magic = 'SQLite format 3\0';

export interface FileFacts {
  readonly exists: boolean;
  /** By this user: the file, or its directory where there is none yet. */
  readonly isWritable: boolean;
  readonly isDatabase: boolean;
  /** The permission bits. */
  readonly mode: number;
  /** Process that has the file locked, as far as this system tells. */
  readonly holder: number | null;
}

/** `isRunning`: whether a gateway answers on one of the configured ports. */
export async function examineJournalFile(config: Config, path: string, isRunning: boolean): Promise<Check[]> {
  const whole = resolve(path);
  const facts = await factsOf(whole);
  const subject = `sqlite:${whole}`;
  return [
    check('journal.file', subject, judgeFile(facts, isRunning)),
    check('journal.key-file', `${whole}.key`, judgeKeyFile(config, whole, facts.exists)),
    check('journal.disk', dirname(whole), await judgeDisk(dirname(whole))),
    check('journal.durability', subject, pass('SQLite syncs every write before it is confirmed')),
  ];
}

async function factsOf(path: string): Promise<FileFacts> {
  const found = await stat(path).catch(() => null);
  const isWritable = await access(found === null ? dirname(path) : path, constants.W_OK).then(
    () => true,
    () => false,
  );
  if (found === null) return { exists: false, isWritable, isDatabase: true, mode: 0, holder: null };
  const locks = await readFile('/proc/locks', 'utf8').catch(() => '');
  return {
    exists: true,
    isWritable,
    isDatabase: found.isFile() && (found.size === 0 || (await startOf(path)) !== 'other'),
    mode: found.mode & 0o777,
    holder: holderOf(locks, found.ino),
  };
}

async function startOf(path: string): Promise<'database' | 'other' | 'unknown'> {
  try {
    await using file = await open(path, 'r');
    const { buffer } = await file.read(Buffer.alloc(magic.length), 0, magic.length, 0);
    return buffer.toString('latin1') === magic ? 'database' : 'other';
  } catch {
    return 'unknown';
  }
}

/** Of Linux' `/proc/locks` (proc(5)): the process with a write lock on the file of this inode. */
export function holderOf(locks: string, inode: number): number | null {
  for (const line of locks.split('\n')) {
    const [, process, file] = /\bWRITE\s+(\d+)\s+[0-9a-f]+:[0-9a-f]+:(\d+)\s/.exec(line) ?? [];
    if (process !== undefined && Number(file) === inode) return Number(process);
  }
  return null;
}

export function judgeFile({ exists, isWritable, isDatabase, mode, holder }: FileFacts, isRunning: boolean): Verdict {
  if (!isDatabase) return fail('is not a database', 'correct journal.url, or move the file away');
  if (!isWritable) {
    const what = exists
      ? 'this user may not write it'
      : 'its directory is not there, or this user may not write into it';
    return fail(what, 'make it, and give it to the user that the gateway runs as; run the doctor as that user');
  }
  if (!exists) return pass('is not there yet, and is made at the first start');
  if (holder !== null && !isRunning) {
    return fail(
      `held by process ${holder}, and no gateway answers on the ports of this configuration`,
      'end it, or write another path into journal.url: one gateway can have an embedded journal, and a second does not start',
    );
  }
  if ((mode & 0o077) !== 0) {
    const found = `others may read it (mode ${mode.toString(8).padStart(4, '0')})`;
    return warn(found, 'chmod 600 it and the files beside it: records name resources and clients');
  }
  return pass(`writable${holder === null ? '' : `, held by process ${holder}`}`);
}

function judgeKeyFile({ journal }: Config, path: string, exists: boolean): Verdict {
  try {
    if (readKeyFile(`${path}.key`) !== null) return pass('32 bytes, readable by this user only');
  } catch (error) {
    return fail((error as Error).message, 'the gateway does not start with it as it is');
  }
  if (journal.key !== undefined) return pass('none is needed: journal.key is set');
  if (journal.plaintext) return warn('none: bodies and credentials are kept plain', 'unset journal.plaintext');
  if (!exists) return pass('is made with the journal');
  return warn('is missing beside a journal', 'put it back: what is sealed with it cannot be read without');
}

async function judgeDisk(directory: string): Promise<Verdict> {
  try {
    const { bavail, bsize } = await statfs(directory);
    return judgeFree(bavail * bsize);
  } catch (error) {
    return fail(`cannot be asked (${(error as NodeJS.ErrnoException).code})`, 'make the directory');
  }
}

export function judgeFree(bytes: number): Verdict {
  const found = `${(bytes / gib).toFixed(1)} GiB free`;
  const advice = 'free some, or let journal.retention be shorter: without room nothing is accepted';
  if (bytes < freeBytesMin.fail) return fail(found, advice);
  return bytes < freeBytesMin.warn ? warn(found, advice) : pass(found);
}
