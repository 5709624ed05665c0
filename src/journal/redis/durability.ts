/**
 * What a Redis server really promises of a confirmed write, held against what was asked.
 */
import type { Redis } from 'ioredis';
import type { Durability } from '../journal.ts';
import type { DurabilityAsked } from '../options.ts';

/** @throws what Redis or ioredis says, but for settings that the account may not read: those are said in `detail`. */
export async function durabilityOf(redis: Redis, asked: DurabilityAsked): Promise<Durability> {
  let settings: ReadonlyMap<string, string>;
  try {
    settings = await settingsOf(redis);
  } catch (error) {
    if (!/NOPERM|unknown command/i.test((error as Error).message)) throw error;
    const detail =
      'the Redis account may not run CONFIG GET, so what the server promises cannot be read: allow it (+config|get), or ' +
      'check appendonly, appendfsync and maxmemory-policy yourself and set journal.allowWeaker';
    return { promised: 'unknown', kept: false, detail };
  }
  const log = settings.get('appendonly') === 'yes' ? (settings.get('appendfsync') ?? 'no') : 'none';
  const replicas = await replicasOf(redis);
  const promised = asked.kind === 'replicated' ? `replicated:${Math.min(replicas, asked.replicas)}` : wordOf(log);
  const faults = [
    evictionFault(settings),
    asked.kind === 'replicated' ? replicaFault(replicas, asked.replicas) : logFault(log, asked.kind),
  ];
  const detail = faults.filter((fault) => fault !== '').join('; ');
  return { promised, kept: detail === '', detail };
}

async function settingsOf(redis: Redis): Promise<Map<string, string>> {
  const flat = (await redis.config('GET', 'appendonly', 'appendfsync', 'maxmemory-policy')) as string[];
  const settings = new Map<string, string>();
  for (let at = 0; at + 1 < flat.length; at += 2) settings.set(String(flat[at]), String(flat[at + 1]));
  return settings;
}

/** Replicas that follow now. */
async function replicasOf(redis: Redis): Promise<number> {
  const text = await redis.info('replication');
  return text.split('\r\n').filter((line) => /^slave\d+:.*state=online/.test(line)).length;
}

function wordOf(log: string): string {
  if (log === 'always' || log === 'everysec') return log;
  return log === 'none' ? 'nothing: there is no append-only file' : 'nothing: the append-only file is not synced';
}

function logFault(log: string, asked: 'always' | 'everysec'): string {
  if (log === 'always' || log === asked) return '';
  if (log === 'none') return `appendonly is no: set appendonly yes and appendfsync ${asked}`;
  return `appendfsync is ${log}: set appendfsync ${asked}`;
}

function replicaFault(found: number, asked: number): string {
  return found >= asked
    ? ''
    : `${found} of ${asked} replicas follow this Redis: connect more, or lower journal.durability`;
}

function evictionFault(settings: ReadonlyMap<string, string>): string {
  const policy = settings.get('maxmemory-policy');
  return policy === 'noeviction' ? '' : `maxmemory-policy is ${policy}, which may drop records: set noeviction`;
}
