/**
 * A journal on Redis: the server is reached as the gateway would, and asked what it promises. Only read; the journal's
 * own marks are looked at and never made. Where the account may not ask, that is said.
 */
import type { Config } from '../../config/schema.ts';
import { Cipher } from '../../journal/cipher.ts';
import type { RedisUrl } from '../../journal/options.ts';
import { connect, locationOf, redisOf } from '../../journal/redis/connection.ts';
import { settingsOf } from '../../journal/redis/durability.ts';
import { keysOf } from '../../journal/redis/names.ts';
import { journalMaxMs, within } from './bounded.ts';
import { type Check, check, fail } from './check.ts';
import {
  judgeDurability,
  judgeKey,
  judgeMemory,
  judgeMemoryPolicy,
  judgePersistence,
  judgeReach,
  judgeVersion,
} from './journal-verdicts.ts';
import { judgeClock } from './pair.ts';

export async function examineRedis({ journal }: Config, url: RedisUrl): Promise<Check[]> {
  const location = locationOf(url);
  const keys = keysOf(journal.name);
  const redis = redisOf({ ...journal, url, key: keys.journal });
  const late = new Error(`no answer within ${journalMaxMs / 1000} s`);
  try {
    const connected = await within(journalMaxMs, connect(redis, location));
    if (connected === 'late') throw late;
    const info = redis.info().then(fieldsOf, orNull);
    const marks = redis.hmget(keys.journal, 'format', 'key');
    const asked = Promise.all([info, settingsOf(redis), redis.time().then(([s]) => Number(s) * 1000, orNull), marks]);
    const heard = await within(journalMaxMs, asked);
    if (heard === 'late') throw late;
    const [fields, settings, clock, [, sealedWith = null]] = heard;
    const cipher = new Cipher(journal.key ?? null, journal.oldKeys);
    const verdicts = {
      reach: judgeReach(),
      version: judgeVersion(fields),
      durability: judgeDurability(settings, fields, journal),
      'memory-policy': judgeMemoryPolicy(settings, journal.allowWeaker),
      memory: judgeMemory(fields),
      persistence: judgePersistence(fields),
      key: judgeKey(sealedWith, sealedWith === null || cipher.opens(sealedWith), cipher.keyId !== null),
      clock: judgeClock(clock === null ? null : wholeSeconds(clock - Date.now()), 'Redis’'),
    };
    return Object.entries(verdicts).map(([id, verdict]) => check(`journal.${id}`, location, verdict));
  } catch (error) {
    const { message } = error as Error;
    const advice = 'see whether Redis runs and lets this machine in; is journal.url right, and its user and password?';
    return [check('journal.reach', location, fail(message, advice))];
  } finally {
    redis.disconnect();
  }
}

const orNull = (): null => null;
/** TIME's seconds are cut off. */
const wholeSeconds = (differenceMs: number): number => (differenceMs < 0 && differenceMs > -1000 ? 0 : differenceMs);

/** INFO as names and values (Redis documentation, INFO). */
function fieldsOf(text: string): ReadonlyMap<string, string> {
  const pairs = text.split('\r\n').flatMap((line) => {
    const colon = line.indexOf(':');
    return colon < 1 || line.startsWith('#') ? [] : [[line.slice(0, colon), line.slice(colon + 1)] as const];
  });
  return new Map(pairs);
}
