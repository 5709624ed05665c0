// Rules between the keys of the journal: what its URL leads to must be able to keep what is asked, and what is given to
// reach it must be used.

import { checkPair } from './listener-checks.ts';
import type { Fault } from './problem.ts';
import type { Config } from './schema.ts';

/** `replicated:N` needs replicas; what fails over needs `replicated:N` (R34). */
export function checkDurability({ journal }: Config): Fault[] {
  const { url, durability, allowWeaker } = journal;
  const key = 'journal.durability';
  if (url.kind === 'sqlite' && durability.kind === 'replicated') {
    const found = 'replicated:N beside an embedded journal';
    return [{ key, found, expected: 'always or everysec; only Redis replicates' }];
  }
  const isManyHosts = url.kind === 'redis-sentinel' || url.kind === 'redis-cluster';
  if (!isManyHosts || durability.kind === 'replicated' || allowWeaker) return [];
  const found = `${durability.kind} beside a ${url.kind === 'redis-cluster' ? 'cluster' : 'Sentinel'}`;
  const expected = 'replicated:N, since a fail-over may lose what only one server has; or journal.allowWeaker: true';
  return [{ key, found, expected }];
}

/** Certificates and accounts that the URL makes no use of are a mistake in the URL. */
export function checkAccess({ journal }: Config): Fault[] {
  const { url, tls, sentinel } = journal;
  const faults = checkPair('journal.tls', tls.cert, tls.key);
  const isEncrypted = url.kind !== 'sqlite' && url.tls;
  if (!isEncrypted && (tls.ca ?? tls.cert ?? tls.key) !== undefined) {
    const found = 'a URL without TLS beside journal.tls';
    faults.push({ key: 'journal.url', found, expected: 'rediss:, rediss+sentinel: or rediss+cluster:' });
  }
  if (url.kind !== 'redis-sentinel' && (sentinel.username ?? sentinel.password) !== undefined) {
    const found = 'a URL without Sentinels beside journal.sentinel';
    faults.push({ key: 'journal.url', found, expected: 'redis+sentinel:// or rediss+sentinel://' });
  }
  if (sentinel.username !== undefined && sentinel.password === undefined) {
    const found = 'nothing beside journal.sentinel.username';
    faults.push({ key: 'journal.sentinel.password', found, expected: 'its password' });
  }
  return faults;
}
