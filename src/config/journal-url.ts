// journal.url taken apart. The union tells what kind of store it is; a wrong URL is `undefined`. It opens nothing.

import { parseHost } from './hosts.ts';

type RedisHost = { readonly host: string; readonly port: number };
type RedisAccount = { readonly username?: string; readonly password?: string; readonly tls: boolean };

/** `redis` is one server; `database` exists only there and behind Sentinel (a cluster has one). */
export type JournalUrl =
  | { readonly kind: 'sqlite'; readonly path: string }
  | ({ readonly kind: 'redis'; readonly database: number } & RedisHost & RedisAccount)
  | ({
      readonly kind: 'redis-sentinel';
      readonly sentinels: readonly RedisHost[];
      readonly name: string;
      readonly database: number;
    } & RedisAccount)
  | ({ readonly kind: 'redis-cluster'; readonly nodes: readonly RedisHost[] } & RedisAccount);

const REDIS_PORT = 6379;
const SENTINEL_PORT = 26379;
const HOSTS_MAX = 32;
const DATABASE_MAX = 65_535;
const pattern = /^(rediss?)(\+sentinel|\+cluster)?:\/\/(?:([^@/]*)@)?([^@/?#]+)(\/[^?#]*)?$/;

/**
 * Reads `sqlite:PATH`, `redis://host[/database]`, `redis+sentinel://h1,h2/name[/database]` or `redis+cluster://h1,h2`, each
 * of the latter with `user:password@` before the host, and with `rediss` for TLS.
 */
export function parseJournalUrl(written: string): JournalUrl | undefined {
  if (written.startsWith('sqlite:')) {
    const path = written.slice('sqlite:'.length);
    return path === '' || path.startsWith('//') || path.includes('\0') ? undefined : { kind: 'sqlite', path };
  }
  const [, scheme, form, account, hosts = '', path = ''] = pattern.exec(written) ?? [];
  const credentials = parseAccount(account);
  if (scheme === undefined || credentials === undefined) return undefined;
  const access = { ...credentials, tls: scheme === 'rediss' };
  const steps = path.split('/').filter((step) => step !== '');
  if (form === '+sentinel') return sentinel(hosts, steps, access);
  if (form === '+cluster') {
    const nodes = parseHosts(hosts, REDIS_PORT);
    return nodes === undefined || steps.length > 0 ? undefined : { kind: 'redis-cluster', nodes, ...access };
  }
  const [server, ...more] = parseHosts(hosts, REDIS_PORT) ?? [];
  const database = parseDatabase(steps[0]);
  if (server === undefined || more.length > 0 || database === undefined || steps.length > 1) return undefined;
  return { kind: 'redis', ...server, database, ...access };
}

function sentinel(hosts: string, steps: readonly string[], access: RedisAccount): JournalUrl | undefined {
  const sentinels = parseHosts(hosts, SENTINEL_PORT);
  const [name, databaseText] = steps;
  const database = parseDatabase(databaseText);
  if (sentinels === undefined || name === undefined || database === undefined || steps.length > 2) return undefined;
  return { kind: 'redis-sentinel', sentinels, name, database, ...access };
}

function parseAccount(written: string | undefined): Omit<RedisAccount, 'tls'> | undefined {
  if (written === undefined || written === '') return {};
  const colon = written.indexOf(':');
  try {
    const username = decodeURIComponent(colon < 0 ? written : written.slice(0, colon));
    const password = colon < 0 ? '' : decodeURIComponent(written.slice(colon + 1));
    return { ...(username === '' ? {} : { username }), ...(password === '' ? {} : { password }) };
  } catch {
    return undefined;
  }
}

function parseHosts(written: string, defaultPort: number): RedisHost[] | undefined {
  const found: RedisHost[] = [];
  for (const each of written.split(',')) {
    const [, bracketed, plain, portText] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::([0-9]{1,5}))?$/.exec(each) ?? [];
    const host = parseHost(bracketed ?? plain ?? '');
    const port = portText === undefined ? defaultPort : Number(portText);
    if (host === undefined || port < 1 || port > 65_535) return undefined;
    found.push({ host, port });
  }
  return found.length > HOSTS_MAX ? undefined : found;
}

function parseDatabase(written: string | undefined): number | undefined {
  if (written === undefined) return 0;
  return /^[0-9]{1,5}$/.test(written) && Number(written) <= DATABASE_MAX ? Number(written) : undefined;
}
