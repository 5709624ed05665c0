/**
 * The connection to Redis, every option that matters written out. Sentinel and Cluster are to be added here and nowhere else.
 * Invariants: nothing waits for ever, and nothing is sent twice behind the journal's back: a command is answered within
 * `commandTimeoutMs` or fails, and one whose connection broke fails at once.
 */
import { isIP } from 'node:net';
import { Redis, type RedisOptions } from 'ioredis';
import type { JournalUrl } from '../options.ts';

const commandTimeoutMs = 2000;
const connectTimeoutMs = 3000;
const reconnectDelayMaxMs = 1000;

type RedisUrl = Exclude<JournalUrl, { kind: 'sqlite' }>;

const notBuilt = {
  'redis-sentinel': 'Redis Sentinel is not supported yet',
  'redis-cluster': 'Redis Cluster is not supported yet',
};

/** A connection that is not opened yet. @throws Error with a sentence if this form of Redis is not built yet. */
export function redisOf(url: RedisUrl): Redis {
  if (url.kind !== 'redis') {
    throw new Error(`journal.url: ${notBuilt[url.kind]}: name one server by redis:// or rediss://`);
  }
  const redis = new Redis({ ...options, host: url.host, port: url.port, db: url.database, ...accountOf(url) });
  // Every failure is told by the command that it befell; without a listener ioredis prints it besides.
  redis.on('error', () => {});
  return redis;
}

type Account = Pick<RedisOptions, 'username' | 'password' | 'tls'>;

function accountOf({ host, tls, username, password }: Extract<RedisUrl, { kind: 'redis' }>): Account {
  const account: Account = {};
  if (username !== undefined) account.username = username;
  if (password !== undefined) account.password = password;
  // A name in the greeting must not be an address (RFC 6066, section 3).
  if (tls) account.tls = isIP(host) === 0 ? { servername: host } : {};
  return account;
}

const options = {
  lazyConnect: true,
  connectionName: 'northgate',
  protocol: 2,
  connectTimeout: connectTimeoutMs,
  commandTimeout: commandTimeoutMs,
  // A server that is silent while commands wait is given up and connected anew, lest its queue grow for ever.
  socketTimeout: commandTimeoutMs + 500,
  keepAlive: 1000,
  noDelay: true,
  retryStrategy: (times: number) => Math.min(50 * 2 ** Math.min(times - 1, 10), reconnectDelayMaxMs),
  // A write that could not be sent is `unavailable` now, not sent when the server is back.
  enableOfflineQueue: false,
  // One whose reply was lost is for the caller to repeat; ioredis would run it twice. With both of these off or 0,
  // 6.0.0 rejects it when the connection closes (with `maxRetriesPerRequest: null` it would stay pending).
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  reconnectOnError: null,
  enableReadyCheck: true,
  maxLoadingRetryTime: 1000,
  enableAutoPipelining: false,
  autoResubscribe: false,
} satisfies RedisOptions;

/** For messages: where it is, without what is secret. */
export function locationOf(url: RedisUrl): string {
  if (url.kind !== 'redis') return url.kind;
  const host = isIP(url.host) === 6 ? `[${url.host}]` : url.host;
  return `${url.tls ? 'rediss' : 'redis'}://${host}:${url.port}/${url.database}`;
}

/** Connects. @throws Error with a sentence that says where and why not; then nothing goes on trying. */
export async function connect(redis: Redis, location: string): Promise<void> {
  let last: Error | undefined;
  const remember = (error: Error): void => {
    last = error;
  };
  redis.on('error', remember);
  try {
    await redis.connect();
  } catch (error) {
    redis.disconnect();
    const reason = last ?? (error as Error);
    throw new Error(`the journal ${location} cannot be reached: ${reason.message || String(reason)}`, {
      cause: reason,
    });
  } finally {
    redis.off('error', remember);
  }
}
