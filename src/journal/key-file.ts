/**
 * The key file of an embedded journal that was given no key: PATH.key beside the database, 32 bytes, mode 0600.
 * Invariant: a key is written to disk before anything is sealed with it, and is never made where one is missing.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, fsyncSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { keyBytes } from './cipher.ts';

/** Null if there is none. @throws Error with a sentence if it is not a private file of 32 bytes. */
export function readKeyFile(path: string): Uint8Array | null {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new Error(`the key file ${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
  try {
    const { mode, size } = fstatSync(file);
    if ((mode & 0o077) !== 0) {
      const found = (mode & 0o777).toString(8).padStart(4, '0');
      throw new Error(`the key file ${path} can be read by others (mode ${found}): chmod 600 it`);
    }
    if (size !== keyBytes) throw new Error(`the key file ${path} has ${size} bytes; a key has ${keyBytes}`);
    const key = Buffer.alloc(keyBytes);
    if (readSync(file, key, 0, keyBytes, 0) !== keyBytes)
      throw new Error(`the key file ${path} could not be read whole`);
    return key;
  } finally {
    closeSync(file);
  }
}

/** Makes a key and its file, on disk when this returns. @throws Error if the file is there or cannot be written. */
export function makeKeyFile(path: string): Uint8Array {
  const key = randomBytes(keyBytes);
  try {
    const file = openSync(path, 'wx', 0o600);
    try {
      writeSync(file, key);
      fsyncSync(file);
    } catch (error) {
      // Half a key would be refused at every start after this one.
      unlinkSync(path);
      throw error;
    } finally {
      closeSync(file);
    }
    const directory = openSync(dirname(path), 'r');
    fsyncSync(directory);
    closeSync(directory);
  } catch (cause) {
    throw new Error(`the key file ${path} cannot be made: ${(cause as Error).message}`, { cause });
  }
  return key;
}
