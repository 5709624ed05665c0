/**
 * Opens a journal on Redis and refuses a server that cannot keep one: too old, another key, less durable than asked.
 */
import type { Redis } from 'ioredis';
import { Cipher } from '../cipher.ts';
import type { Journal } from '../journal.ts';
import type { JournalOptions, JournalUrl } from '../options.ts';
import { connect, locationOf, redisOf } from './connection.ts';
import { durabilityOf } from './durability.ts';
import { keysOf } from './names.ts';
import { redisJournal } from './redis-journal.ts';
import { storeOf } from './store.ts';

const oldestMajor = 7;
const format = '1';

/** @throws Error with a sentence for operators. */
export async function openRedis(
  options: JournalOptions,
  url: Exclude<JournalUrl, { kind: 'sqlite' }>,
): Promise<Journal> {
  const redis = redisOf(url);
  const location = locationOf(url);
  if (!options.key && !options.plaintext) {
    throw new Error(
      `the journal ${location} has no key for its bodies: give journal.key, or say journal.plaintext: true to keep them unsealed`,
    );
  }
  const cipher = new Cipher(options.key ?? null, options.oldKeys);
  const keys = keysOf(options.name);
  await connect(redis, location);
  try {
    await checkVersion(redis, location);
    await checkDurability(redis, location, options);
    await checkFormat(redis, keys.journal, location);
    await checkKey(redis, keys.journal, location, cipher);
    const store = storeOf(redis, keys, options.durability);
    return redisJournal(store, redisOf(url), cipher, options.durability);
  } catch (error) {
    redis.disconnect();
    throw error;
  }
}

async function checkVersion(redis: Redis, location: string): Promise<void> {
  const version = /redis_version:(\S+)/.exec(await redis.info('server'))?.[1] ?? 'unknown';
  if (Number.parseInt(version, 10) < oldestMajor) {
    throw new Error(`the journal ${location} is on Redis ${version}; Redis ${oldestMajor}.0 or newer is needed`);
  }
}

async function checkDurability(redis: Redis, location: string, options: JournalOptions): Promise<void> {
  if (options.allowWeaker) return;
  const { kept, detail } = await durabilityOf(redis, options.durability);
  if (kept) return;
  throw new Error(`the journal ${location} does not keep what journal.durability asks: ${detail}`);
}

async function checkFormat(redis: Redis, journal: string, location: string): Promise<void> {
  await redis.hsetnx(journal, 'format', format);
  const found = await redis.hget(journal, 'format');
  if (found === format) return;
  throw new Error(`the journal ${location} is of format ${found}; this Northgate reads format ${format}`);
}

async function checkKey(redis: Redis, journal: string, location: string, cipher: Cipher): Promise<void> {
  const sealedWith = await redis.hget(journal, 'key');
  if (sealedWith !== null && !cipher.opens(sealedWith)) {
    const remedy = 'give that key as journal.key or in journal.oldKeys';
    throw new Error(`the journal ${location} is sealed with key ${sealedWith}, which is not here: ${remedy}`);
  }
  if (cipher.keyId !== null) await redis.hset(journal, 'key', cipher.keyId);
}
