/**
 * A real redis-server for a test: its own process, port and directory, every write synced before it is confirmed.
 * Without redis-server on the machine tests are skipped, with a sentence; with CI=true that is a failure.
 */
import { type RedisNode, startNode } from './redis-node.ts';

export { redisSkip } from './redis-node.ts';

export interface RedisServer extends RedisNode {
  readonly url: {
    readonly kind: 'redis';
    readonly tls: false;
    readonly host: string;
    readonly port: number;
    readonly database: 0;
  };
}

export type RedisSettings = Readonly<Record<string, string>>;

/** `settings` are redis-server options, for example `{ appendfsync: 'no' }`. */
export async function startRedis(settings: RedisSettings = {}): Promise<RedisServer> {
  const node = await startNode({ lines: linesOf(settings) });
  const url = { kind: 'redis', tls: false, host: '127.0.0.1', port: node.port, database: 0 } as const;
  // The pid changes, so the node is the prototype and not copied.
  return Object.assign(Object.create(node) as RedisNode, { url });
}

export function linesOf(settings: RedisSettings): string[] {
  // Without the delay, in which a master waits for more replicas than the one that asks.
  const quick = { 'repl-diskless-sync-delay': '0' };
  const all = { appendonly: 'yes', appendfsync: 'always', ...quick, ...settings };
  return Object.entries(all).map(([name, value]) => `${name} ${value === '' ? '""' : value}`);
}
