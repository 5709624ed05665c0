/**
 * Opens a journal on Redis and refuses a server that cannot keep one: too old, another key, less durable than asked.
 */
import type { Redis } from 'ioredis';
import { Cipher } from '../cipher.ts';
import {
  type Digests,
  drawnDigests,
  earlierDigestKey,
  earlierDigests,
  openedDigests,
  sealedDigests,
} from '../digests.ts';
import { newestRead, tooNew, written } from '../formats.ts';
import type { StoredJournal } from '../journal.ts';
import type { JournalOptions, RedisUrl } from '../options.ts';
import { connect, locationOf, type Place, redisOf } from './connection.ts';
import { durabilityOf } from './durability.ts';
import { type Keys, keysOf } from './names.ts';
import { redisJournal } from './redis-journal.ts';
import { run } from './scripts.ts';
import { Server } from './server.ts';
import { type Store, storeOf } from './store.ts';

const oldestMajor = 7;
const format = '1';

/** @throws Error with a sentence for operators. */
export async function openRedis(options: JournalOptions, url: RedisUrl): Promise<StoredJournal> {
  const keys = keysOf(options.name);
  const place: Place = { ...options, url, key: keys.journal };
  const location = locationOf(url);
  if (!options.key && !options.plaintext) {
    throw new Error(
      `the journal ${location} has no key for its bodies: give journal.key, or say journal.plaintext: true to keep them unsealed`,
    );
  }
  const cipher = new Cipher(options.key ?? null, options.oldKeys);
  const server = new Server();
  const redis = redisOf(place, (info) => server.met(info));
  await connect(redis, location);
  try {
    checkVersion(server.version, location);
    await checkDurability(redis, location, options, url.kind);
    const isNew = await claim(redis, keys, location, cipher);
    const digests = await digestsOf(redis, keys.journal, { cipher, options, isNew });
    const ready = async (): Promise<void> => {
      await claim(redis, keys, location, cipher);
      // Of a server that came back without it.
      await redis.hsetnx(keys.journal, 'digests', sealedDigests(digests, cipher));
    };
    const store = storeOf(redis, server, keys, { ...options, cipher, ready });
    if (!options.allowWeaker) await confirm(store, location);
    return redisJournal(store, redisOf(place), { cipher, digests }, () =>
      durabilityOf(redis, options.durability, url.kind),
    );
  } catch (error) {
    redis.disconnect();
    throw error;
  }
}

function checkVersion(version: string, location: string): void {
  if (!(Number.parseInt(version, 10) >= oldestMajor)) {
    throw new Error(`the journal ${location} is on Redis ${version}; Redis ${oldestMajor}.0 or newer is needed`);
  }
}

async function checkDurability(
  redis: Redis,
  location: string,
  options: JournalOptions,
  kind: RedisUrl['kind'],
): Promise<void> {
  if (options.allowWeaker) return;
  const { kept, detail } = await durabilityOf(redis, options.durability, kind);
  if (kept) return;
  throw new Error(`the journal ${location} does not keep what journal.durability asks: ${detail}`);
}

/** What was just written is confirmed as every later write must be. */
async function confirm(store: Store, location: string): Promise<void> {
  try {
    await store.confirm();
  } catch (cause) {
    throw new Error(`the journal ${location} does not keep what journal.durability asks: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/**
 * Makes the journal this format's and this key's, if it is nobody's yet. Done on each connection before anything is
 * written: a server that came back empty, or another one, is not the journal that was opened. @returns whether it was nobody's.
 */
async function claim(redis: Redis, keys: Keys, location: string, cipher: Cipher): Promise<boolean> {
  const isNew = await checkFormat(redis, keys.journal, location);
  await checkRecords(redis, keys, location);
  await checkKey(redis, keys.journal, location, cipher);
  return isNew;
}

/** The format of the records, beside that of the journal around them, which is `checkFormat`'s. */
async function checkRecords(redis: Redis, keys: Keys, location: string): Promise<void> {
  const names = [keys.journal, keys.leases];
  const [word, said = ''] = (await run(redis, 'records', names, [written, newestRead])) as string[];
  if (word === 'unknown') throw new Error(`the journal ${location} ${tooNew(said)}`);
  if (word === 'unread') {
    const remedy = 'no release may be left out in a rolling restart (docs/upgrading.md)';
    throw new Error(
      `records of format ${written} must not be written to the journal ${location} while the gateway ${said} runs, which cannot read them: ${remedy}`,
    );
  }
}

async function checkFormat(redis: Redis, journal: string, location: string): Promise<boolean> {
  const isNew = (await redis.hsetnx(journal, 'format', format)) === 1;
  const found = await redis.hget(journal, 'format');
  if (found === format) return isNew;
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

/** Those of the gateway that was first; sealed anew where another key sealed them. */
async function digestsOf(
  redis: Redis,
  journal: string,
  { cipher, options, isNew }: { cipher: Cipher; options: JournalOptions; isNew: boolean },
): Promise<Digests> {
  const own = isNew ? drawnDigests() : earlierDigests(earlierDigestKey(options.key, options.name), Date.now());
  await redis.hsetnx(journal, 'digests', sealedDigests(own, cipher));
  const { digests, fresh } = openedDigests((await redis.hget(journal, 'digests')) ?? '', cipher);
  if (fresh !== null) await redis.hset(journal, 'digests', fresh);
  return digests;
}
