/**
 * A master with two replicas, and three Sentinels that replace it when it is gone: real processes on loopback.
 */
import { Redis } from 'ioredis';
import { linesOf, type RedisSettings } from './redis.ts';
import { type NodeOptions, type RedisNode, startNode } from './redis-node.ts';
import type { RedisTls } from './redis-tls.ts';
import { until } from './until.ts';

export interface Sentinels extends AsyncDisposable {
  readonly url: {
    readonly kind: 'redis-sentinel';
    readonly tls: boolean;
    readonly sentinels: readonly { readonly host: string; readonly port: number }[];
    readonly name: string;
    readonly database: number;
  };
  readonly sentinels: readonly RedisNode[];
  readonly servers: readonly RedisNode[];
  /** That most Sentinels say. */
  master(): Promise<RedisNode>;
  /** Resolves when another than this is the master, and the other two follow or are down. */
  replaced(old: RedisNode): Promise<RedisNode>;
}

export interface SentinelsOptions {
  /** Short where a fail-over is wanted; long where a slow machine must not cause one. */
  readonly downAfterMs: number;
  readonly settings?: RedisSettings;
  /** Passwords of the servers and of the Sentinels themselves. */
  readonly passwords?: { readonly server: string; readonly sentinel: string };
  readonly tls?: Pick<RedisTls, 'lines' | 'client'>;
}

const name = 'main';

export async function startSentinels(options: SentinelsOptions): Promise<Sentinels> {
  const { downAfterMs, settings = {}, passwords, tls } = options;
  const started: RedisNode[] = [];
  const start = async (node: Omit<NodeOptions, 'isTls'>): Promise<RedisNode> => {
    const made = await startNode({ ...node, isTls: tls !== undefined });
    started.push(made);
    return made;
  };
  const close = async (): Promise<void> => {
    for (const node of started.splice(0).reverse()) await node[Symbol.asyncDispose]();
  };
  const own = [
    ...(passwords === undefined ? [] : [`requirepass ${passwords.server}`, `masterauth ${passwords.server}`]),
    ...(tls === undefined ? [] : [...tls.lines, 'tls-replication yes']),
  ];
  const asked = <Said>(node: RedisNode, password: string | undefined, ask: (redis: Redis) => Promise<Said>) =>
    asking(node.port, { password, tls }, ask);
  try {
    const first = await start({ lines: [...linesOf(settings), ...own] });
    const replica = () => start({ lines: [...linesOf({ ...settings, replicaof: `127.0.0.1 ${first.port}` }), ...own] });
    const servers = [first, await replica(), await replica()];
    const follows = (text: string): number => text.match(/state=online/g)?.length ?? 0;
    await until(
      async () => follows(await asked(first, passwords?.server, (redis) => redis.info('replication'))) === 2,
      'both replicas follow',
    );
    const lines = [
      `sentinel monitor ${name} 127.0.0.1 ${first.port} 2`,
      `sentinel down-after-milliseconds ${name} ${downAfterMs}`,
      `sentinel failover-timeout ${name} 6000`,
      ...(passwords === undefined
        ? []
        : [
            `sentinel auth-pass ${name} ${passwords.server}`,
            `requirepass ${passwords.sentinel}`,
            `sentinel sentinel-pass ${passwords.sentinel}`,
          ]),
      ...(tls === undefined ? [] : [...tls.lines, 'tls-replication yes']),
    ];
    const sentinels: RedisNode[] = [];
    for (let at = 0; at < 3; at += 1) sentinels.push(await start({ lines, isSentinel: true }));
    const masterOf = (sentinel: RedisNode) =>
      asked(sentinel, passwords?.sentinel, async (redis) => {
        const flat = (await redis.call('SENTINEL', 'MASTER', name)) as string[];
        const at = (field: string): string => flat[flat.indexOf(field) + 1] ?? '';
        return { port: Number(at('port')), replicas: at('num-slaves'), others: at('num-other-sentinels') };
      });
    const isKnown = async (sentinel: RedisNode): Promise<boolean> => {
      const { replicas, others } = await masterOf(sentinel);
      return replicas === '2' && others === '2';
    };
    for (const sentinel of sentinels) await until(() => isKnown(sentinel), 'the Sentinels know each other', 60_000);
    const master = async (): Promise<RedisNode> => {
      const ports = await Promise.all(sentinels.map(async (each) => (await masterOf(each)).port));
      const found = servers.find(({ port }) => ports.filter((each) => each === port).length >= 2);
      if (found === undefined) throw new Error(`the Sentinels do not agree: ${ports.join(', ')}`);
      return found;
    };
    return {
      url: {
        kind: 'redis-sentinel',
        tls: tls !== undefined,
        sentinels: sentinels.map(({ port }) => ({ host: '127.0.0.1', port })),
        name,
        database: 0,
      },
      sentinels,
      servers,
      master,
      async replaced(old) {
        const isAnother = async (): Promise<boolean> => {
          const found = await master().catch(() => old);
          if (found === old) return false;
          const said = await asked(found, passwords?.server, (redis) => redis.info('replication'));
          return said.includes('role:master') && follows(said) >= 1;
        };
        await until(isAnother, 'the Sentinels replace the master', 120_000);
        return master();
      },
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** One question on a connection of its own. */
export async function asking<Said>(
  port: number,
  access: { readonly password?: string | undefined; readonly tls?: Pick<RedisTls, 'client'> | undefined },
  ask: (redis: Redis) => Promise<Said>,
): Promise<Said> {
  const { password, tls } = access;
  const redis = new Redis({
    host: '127.0.0.1',
    port,
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls: tls.client }),
    enableReadyCheck: false,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    commandTimeout: 20_000,
  });
  redis.on('error', () => {});
  try {
    return await ask(redis);
  } finally {
    redis.disconnect();
  }
}
