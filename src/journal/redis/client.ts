/**
 * How the journal speaks to a Redis server, every option of ioredis that matters written out.
 * Invariants: nothing waits for ever, and nothing is sent twice behind the journal's back: a command is answered within
 * `commandTimeoutMs` or fails, and one whose connection broke fails at once.
 */
import type { ConnectionOptions } from 'node:tls';
import type { Redis, RedisOptions } from 'ioredis';

const commandTimeoutMs = 2000;
const connectTimeoutMs = 3000;
const reconnectDelayMaxMs = 1000;
/** How long a connection that is given up may take to say goodbye. */
export const disconnectTimeoutMs = 500;

/**
 * What a server says that is no longer, or not now, the one to write to: it became a replica, or the slot is another's.
 * None of these was executed.
 */
const elsewhere = /^(READONLY|MOVED|CLUSTERDOWN|MASTERDOWN|UNBLOCKED) /;

export const clientOptions = {
  lazyConnect: true,
  connectionName: 'northgate',
  disableClientInfo: true,
  protocol: 2,
  connectTimeout: connectTimeoutMs,
  disconnectTimeout: disconnectTimeoutMs,
  commandTimeout: commandTimeoutMs,
  // A server that is silent while commands wait is given up and connected anew, lest its queue grow for ever.
  socketTimeout: commandTimeoutMs + 500,
  keepAlive: 1000,
  noDelay: true,
  retryStrategy: (times: number): number | null => Math.min(50 * 2 ** Math.min(times - 1, 10), reconnectDelayMaxMs),
  // A write that could not be sent is `unavailable` now, not sent when the server is back.
  enableOfflineQueue: false,
  // One whose reply was lost is for the caller to repeat; ioredis would run it twice. With both of these off or 0,
  // 6.0.0 rejects it when the connection closes (with `maxRetriesPerRequest: null` it would stay pending).
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  // `true` connects anew, which asks again where the server is; the command fails and is not sent again (2 would).
  reconnectOnError: ({ message }: Error): boolean => elsewhere.test(message),
  enableReadyCheck: true,
  maxLoadingRetryTime: 1000,
  enableAutoPipelining: false,
  autoResubscribe: false,
} satisfies RedisOptions;

/** User and password, and how the connection is encrypted. */
export interface Access {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Null: not encrypted. */
  readonly tls: ConnectionOptions | null;
}

export function accessOptions({
  username,
  password,
  tls,
}: Access): Pick<RedisOptions, 'username' | 'password' | 'tls'> {
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === null ? {} : { tls }),
  };
}

/** Connects once. @throws the reason why not, of which ioredis itself only says that the connection is closed. */
export async function connected(redis: Redis): Promise<void> {
  let last: Error | undefined;
  const remember = (error: Error): void => {
    last = error;
  };
  redis.on('error', remember);
  try {
    await redis.connect();
  } catch (error) {
    redis.disconnect();
    throw last ?? error;
  } finally {
    redis.off('error', remember);
  }
}
