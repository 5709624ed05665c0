/**
 * Where the server is that a journal is written to: the one that the URL names, the master that a Sentinel knows, or the
 * node of a cluster that holds the journal's slot. Asked before each connection, so that it follows a fail-over.
 * Invariant: all asking ends within `askTimeoutMs` a step. Who was asked last comes last the next time, lest one who
 * knows only the past be believed for ever.
 */
import { Redis } from 'ioredis';
import type { RedisHost } from '../options.ts';
import { type Access, accessOptions, clientOptions, connected } from './client.ts';

const askTimeoutMs = 1000;
const nodesKnownMax = 100;

/** The signal gives the asking up. @throws why nobody could say, with who was asked. */
export type Finder = (signal: AbortSignal) => Promise<RedisHost>;

export const alwaysAt =
  (host: RedisHost): Finder =>
  async () =>
    host;

/** The master that the Sentinels know by this name (Redis documentation, "Guidelines for Redis clients with Sentinel"). */
export function masterBySentinels(sentinels: readonly RedisHost[], name: string, access: Access): Finder {
  const order = [...sentinels];
  return (signal) =>
    firstOf(order, async (sentinel) => {
      const said = await ask(sentinel, access, signal, (redis) =>
        redis.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name),
      );
      if (!Array.isArray(said)) throw new Error(`knows no master of the name ${name}`);
      return { host: String(said[0]), port: Number(said[1]) };
    });
}

/** The node that serves the key's slot; what the nodes say of each other is asked the next time too. */
export function nodeOfSlot(nodes: readonly RedisHost[], key: string, access: Access): Finder {
  const order = [...nodes];
  return (signal) =>
    firstOf(order, async (node) => {
      const [slot, ranges] = await ask(node, access, signal, (redis) =>
        Promise.all([redis.cluster('KEYSLOT', key), redis.cluster('SLOTS')]),
      );
      const range = (ranges as SlotRange[]).find(([from, to]) => from <= slot && slot <= to);
      if (range === undefined) throw new Error(`knows no node for slot ${slot}`);
      const [master, ...replicas] = range.slice(2) as SlotNode[];
      for (const each of replicas.map((replica) => addressOf(replica, node))) learn(order, each);
      const found = master === undefined ? null : addressOf(master, node);
      if (found === null) throw new Error(`does not know the address of the node for slot ${slot}`);
      learn(order, found);
      return found;
    });
}

/** Of CLUSTER SLOTS: first and last slot, then the master and its replicas. */
type SlotRange = [from: number, to: number, ...nodes: unknown[]];
type SlotNode = [host: string | null, port: number];

/** No host means the one that was asked; `?` that it is not known (Redis documentation, CLUSTER SLOTS). */
function addressOf([host, port]: SlotNode, asked: RedisHost): RedisHost | null {
  if (host === '?') return null;
  return { host: host === null || host === '' ? asked.host : host, port };
}

function learn(order: RedisHost[], found: RedisHost | null): void {
  if (found === null || order.length >= nodesKnownMax) return;
  if (!order.some(({ host, port }) => host === found.host && port === found.port)) order.push(found);
}

/** Asks in order until one answers, and moves who was asked to the end. */
async function firstOf(order: RedisHost[], question: (host: RedisHost) => Promise<RedisHost>): Promise<RedisHost> {
  const failures: string[] = [];
  for (const each of [...order]) {
    order.push(...order.splice(order.indexOf(each), 1));
    try {
      return await question(each);
    } catch (error) {
      failures.push(`${each.host}:${each.port}: ${(error as Error).message}`);
    }
  }
  throw new Error(`nobody says where the master is (${failures.join('; ')})`);
}

async function ask<Said>(
  { host, port }: RedisHost,
  access: Access,
  signal: AbortSignal,
  question: (redis: Redis) => Promise<Said>,
): Promise<Said> {
  signal.throwIfAborted();
  const redis = new Redis({
    ...clientOptions,
    ...accessOptions(access),
    host,
    port,
    connectTimeout: askTimeoutMs,
    commandTimeout: askTimeoutMs,
    retryStrategy: () => null,
    // A Sentinel and a node that reads its file in can say where the master is.
    enableReadyCheck: false,
  });
  redis.on('error', () => {});
  const giveUp = (): void => redis.disconnect();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    await connected(redis);
    return await question(redis);
  } finally {
    signal.removeEventListener('abort', giveUp);
    redis.disconnect();
  }
}
