/**
 * A journal's connection to Redis: one server, the master behind Sentinels, or the journal's node of a cluster. Where the
 * URL leads is resolved here and nowhere else; to the rest of the journal it is one server that may change.
 */
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { Redis } from 'ioredis';
import type { JournalOptions, RedisHost, RedisUrl } from '../options.ts';
import { accessOptions, clientOptions, connected } from './client.ts';
import { connectorOf, type ServerInfo } from './connector.ts';
import { alwaysAt, type Finder, masterBySentinels, nodeOfSlot } from './place.ts';

export interface Place extends Pick<JournalOptions, 'tls' | 'sentinel'> {
  readonly url: RedisUrl;
  /** A key of the journal: its slot is the journal's (R33). */
  readonly key: string;
}

/** Not opened yet. `met` learns of the server each time a connection is made, before any command is sent on it. */
export function redisOf(place: Place, met: (info: ServerInfo) => void = () => {}): Redis {
  const { url } = place;
  const tls = url.tls ? tlsOf(place) : null;
  const redis = new Redis({
    ...clientOptions,
    ...accessOptions({ ...url, tls }),
    db: url.kind === 'redis-cluster' ? 0 : url.database,
    Connector: connectorOf(finderOf(place, tls), tls, met),
  });
  // Every failure is told by the command that it befell; without a listener ioredis prints it besides.
  redis.on('error', () => {});
  return redis;
}

function finderOf({ url, key, sentinel }: Place, tls: ConnectionOptions | null): Finder {
  switch (url.kind) {
    case 'redis':
      return alwaysAt(url);
    case 'redis-sentinel':
      return masterBySentinels(url.sentinels, url.name, { ...sentinel, tls });
    case 'redis-cluster':
      return nodeOfSlot(url.nodes, key, { ...url, tls });
  }
}

function tlsOf({ tls = {} }: Place): ConnectionOptions {
  return {
    minVersion: 'TLSv1.2',
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
  };
}

/** For messages: where it is, without what is secret. */
export function locationOf(url: RedisUrl): string {
  const scheme = url.tls ? 'rediss' : 'redis';
  switch (url.kind) {
    case 'redis':
      return `${scheme}://${addressesOf([url])}/${url.database}`;
    case 'redis-sentinel':
      return `${scheme}+sentinel://${addressesOf(url.sentinels)}/${url.name}/${url.database}`;
    case 'redis-cluster':
      return `${scheme}+cluster://${addressesOf(url.nodes)}`;
  }
}

function addressesOf(hosts: readonly RedisHost[]): string {
  return hosts.map(({ host, port }) => `${isIP(host) === 6 ? `[${host}]` : host}:${port}`).join(',');
}

/** Connects. @throws Error with a sentence that says where and why not; then nothing goes on trying. */
export async function connect(redis: Redis, location: string): Promise<void> {
  try {
    await connected(redis);
  } catch (error) {
    const reason = error as Error;
    throw new Error(`the journal ${location} cannot be reached: ${reason.message || String(reason)}`, {
      cause: reason,
    });
  }
}
