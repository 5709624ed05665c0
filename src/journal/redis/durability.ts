/**
 * What a Redis server really promises of a confirmed write, held against what was asked.
 */
import type { Redis } from 'ioredis';
import type { Durability } from '../journal.ts';
import type { DurabilityAsked, RedisUrl } from '../options.ts';

export interface Settings {
  /** When the append-only file is synced; `none`: there is no such file. */
  readonly appendfsync: string;
  readonly syncsDuringRewrite: boolean;
  readonly eviction: string;
}

const unreadable =
  'the Redis account may not run CONFIG GET, so what the server promises cannot be read: allow it (+config|get), or ' +
  'check appendonly, appendfsync and maxmemory-policy yourself and set journal.allowWeaker';

/** Null if the account may not read them. @throws what Redis or ioredis says. */
export async function settingsOf(redis: Redis): Promise<Settings | null> {
  const names = ['appendonly', 'appendfsync', 'no-appendfsync-on-rewrite', 'maxmemory-policy'] as const;
  let flat: unknown[];
  try {
    flat = (await redis.config('GET', ...names)) as unknown[];
  } catch (error) {
    if (/NOPERM|unknown command/i.test((error as Error).message)) return null;
    throw error;
  }
  const found = new Map<string, string>();
  for (let at = 0; at + 1 < flat.length; at += 2) found.set(String(flat[at]), String(flat[at + 1]));
  return {
    appendfsync: found.get('appendonly') === 'yes' ? (found.get('appendfsync') ?? 'no') : 'none',
    syncsDuringRewrite: found.get('no-appendfsync-on-rewrite') === 'no',
    eviction: found.get('maxmemory-policy') ?? 'unknown',
  };
}

/** Why no write to a server of these settings keeps what was asked, with what to set; empty if it can. */
export function settingsFault(settings: Settings | null, asked: DurabilityAsked): string {
  if (settings === null) return unreadable;
  const faults = [
    evictionFault(settings),
    asked.kind === 'replicated' ? restartFault(settings) : logFault(settings, asked.kind),
  ];
  return faults.filter((fault) => fault !== '').join('; ');
}

/** @throws what Redis or ioredis says. */
export async function durabilityOf(redis: Redis, asked: DurabilityAsked, kind: RedisUrl['kind']): Promise<Durability> {
  const settings = await settingsOf(redis);
  if (settings === null) return { promised: 'unknown', kept: false, detail: unreadable };
  const failsOver = kind !== 'redis';
  const faults = [settingsFault(settings, asked)];
  if (asked.kind !== 'replicated') {
    if (failsOver) faults.push(failOverFault);
    return said(`${wordOf(settings.appendfsync)}${failsOver ? ', until a fail-over' : ''}`, faults);
  }
  const replicas = await replicasOf(redis);
  if (replicas < asked.replicas) faults.push(replicaFault(replicas, asked.replicas));
  return said(`replicated:${Math.min(replicas, asked.replicas)}`, faults);
}

function said(promised: string, faults: readonly string[]): Durability {
  const detail = faults.filter((fault) => fault !== '').join('; ');
  return { promised, kept: detail === '', detail };
}

/** Replicas that follow now. */
async function replicasOf(redis: Redis): Promise<number> {
  const text = await redis.info('replication');
  return text.split('\r\n').filter((line) => /^slave\d+:.*state=online/.test(line)).length;
}

function wordOf(appendfsync: string): string {
  if (appendfsync === 'always' || appendfsync === 'everysec') return appendfsync;
  return appendfsync === 'none'
    ? 'nothing: there is no append-only file'
    : 'nothing: the append-only file is not synced';
}

function logFault({ appendfsync, syncsDuringRewrite }: Settings, asked: 'always' | 'everysec'): string {
  if (appendfsync === 'none') return `appendonly is no: set appendonly yes and appendfsync ${asked}`;
  if (appendfsync !== 'always' && appendfsync !== asked)
    return `appendfsync is ${appendfsync}: set appendfsync ${asked}`;
  if (syncsDuringRewrite) return '';
  return 'no-appendfsync-on-rewrite is yes, and nothing is synced while the file is rewritten: set it to no';
}

/** A master that comes back empty before it is replaced makes its replicas empty. */
function restartFault({ appendfsync }: Settings): string {
  return appendfsync === 'none'
    ? 'appendonly is no, so a restarted master would empty its replicas: set appendonly yes'
    : '';
}

const failOverFault =
  'over Sentinel or Cluster a fail-over may lose what only one server has: set journal.durability: replicated:N (R34)';

function replicaFault(found: number, asked: number): string {
  return `${found} of ${asked} replicas follow this Redis: connect more, or lower journal.durability`;
}

function evictionFault({ eviction }: Settings): string {
  return eviction === 'noeviction' ? '' : `maxmemory-policy is ${eviction}, which may drop records: set noeviction`;
}
