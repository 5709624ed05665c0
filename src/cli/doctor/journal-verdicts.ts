/**
 * What a Redis server's own words are worth as a journal's server. Pure. The rules are those by which the gateway
 * itself refuses a server at its start (journal/redis), and some that it does not ask for, such as room in memory.
 */
import type { Config } from '../../config/schema.ts';
import { type Settings, settingsFault } from '../../journal/redis/durability.ts';
import { fail, pass, skip, type Verdict, warn } from './check.ts';

/** INFO, by name; null where the account may not ask. */
export type Fields = ReadonlyMap<string, string> | null;

const oldestMajor = 7;
const mayNotAsk = 'the account may not run INFO';
/** Of the memory that there is. */
const memoryShares = { warn: 0.75, fail: 0.95 };

export const judgeReach = (): Verdict => pass('connected, and the account is accepted');

export function judgeVersion(fields: Fields): Verdict {
  const version = fields?.get('redis_version');
  if (version === undefined) return skip(mayNotAsk);
  if (Number.parseInt(version, 10) >= oldestMajor) return pass(`Redis ${version}`);
  return fail(`Redis ${version}`, `take Redis ${oldestMajor}.0 or newer: the gateway refuses an older one`);
}

/** A promise that is not kept ends the start, unless it may be weaker. */
function orWeaker(allowWeaker: boolean, found: string, advice: string): Verdict {
  if (allowWeaker) return warn(`${found} (journal.allowWeaker: true)`, advice);
  return fail(found, `${advice}; the gateway does not start with it as it is`);
}

export function judgeDurability(
  settings: Settings | null,
  fields: Fields,
  { durability, allowWeaker }: Pick<Config['journal'], 'durability' | 'allowWeaker'>,
): Verdict {
  const asked = durability.kind === 'replicated' ? `replicated:${durability.replicas}` : durability.kind;
  // What may be evicted is a check of its own.
  const own = settings === null ? null : { ...settings, eviction: 'noeviction' };
  const fault = settingsFault(own, durability);
  if (fault !== '') return orWeaker(allowWeaker, `${asked} is asked; ${fault}`, 'see docs/redis.md');
  if (durability.kind !== 'replicated') return pass(`${asked} is asked and kept`);
  const replicas = [...(fields ?? [])].filter(([name, value]) => /^slave\d+$/.test(name) && /state=online/.test(value));
  if (replicas.length >= durability.replicas) return pass(`${asked} is asked, ${replicas.length} replicas follow`);
  const advice = 'connect more replicas, or lower journal.durability';
  return orWeaker(allowWeaker, `${asked} is asked, ${replicas.length} replicas follow`, advice);
}

export function judgeMemoryPolicy(settings: Settings | null, allowWeaker: boolean): Verdict {
  if (settings === null) return skip('the account may not run CONFIG GET');
  const { eviction } = settings;
  if (eviction === 'noeviction') return pass('noeviction');
  return orWeaker(allowWeaker, `${eviction} may drop records`, 'set maxmemory-policy noeviction');
}

export function judgeMemory(fields: Fields): Verdict {
  if (fields === null) return skip(mayNotAsk);
  const bytes = (name: string): number => Number(fields.get(name) ?? 0);
  const used = bytes('used_memory');
  const limit = bytes('maxmemory');
  const room = limit > 0 ? limit : bytes('total_system_memory');
  if (room === 0) return skip('the server does not say how much memory there is');
  const of = limit > 0 ? 'maxmemory' : 'the machine’s memory; no maxmemory is set';
  const found = `${mebibytes(used)} of ${mebibytes(room)} (${of})`;
  const advice =
    'give it more, or let journal.retention be shorter: a full Redis refuses writes, and nothing is accepted';
  if (used > room * memoryShares.fail) return fail(found, advice);
  return used > room * memoryShares.warn ? warn(found, advice) : pass(found);
}

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 1024 / 1024)} MiB`;

export function judgePersistence(fields: Fields): Verdict {
  if (fields === null) return skip(mayNotAsk);
  if (fields.get('loading') === '1') return warn('it reads its file in', 'wait: it answers nothing else meanwhile');
  const failed = ['aof_last_write_status', 'aof_last_bgrewrite_status', 'rdb_last_bgsave_status'].filter(
    (name) => (fields.get(name) ?? 'ok') !== 'ok',
  );
  if (failed.length > 0) {
    return fail(`${failed.join(', ')}: not ok`, 'see the server’s log; is its disk full, and its directory writable?');
  }
  if (fields.get('aof_enabled') === '1') return pass('the append-only file is written');
  return warn('there is no append-only file: a restart loses what no snapshot has', 'set appendonly yes');
}

/** `sealedWith`: the id of the key that the journal is sealed with, null for a journal that is not made yet. */
export function judgeKey(sealedWith: string | null, opens: boolean, hasKey: boolean): Verdict {
  if (!opens) {
    const advice = 'give that key as journal.key or in journal.oldKeys; another gateway’s configuration has it';
    return fail(`the journal is sealed with key ${sealedWith}, which is not here`, advice);
  }
  if (!hasKey) return warn('bodies and credentials are kept plain', 'set journal.key and unset journal.plaintext');
  return pass(sealedWith === null ? 'nothing is sealed yet' : `journal.key opens what is sealed with ${sealedWith}`);
}
