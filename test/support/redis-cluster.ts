/**
 * A real cluster on loopback: three masters, and a replica of each if asked; made by `redis-cli --cluster create`.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { freePort } from './free-port.ts';
import { linesOf, type RedisSettings } from './redis.ts';
import { type RedisNode, startNode } from './redis-node.ts';
import { asking } from './redis-sentinels.ts';
import type { RedisTls } from './redis-tls.ts';
import { until } from './until.ts';

const run = promisify(execFile);

export interface RedisCluster extends AsyncDisposable {
  readonly url: {
    readonly kind: 'redis-cluster';
    readonly tls: boolean;
    readonly nodes: readonly { readonly host: string; readonly port: number }[];
  };
  readonly nodes: readonly RedisNode[];
  /** The one that serves the key's slot, as another than the excepted says. */
  nodeOf(key: string, except?: RedisNode): Promise<RedisNode>;
  ask(node: RedisNode, command: string, ...values: readonly string[]): Promise<unknown>;
}

export interface ClusterOptions {
  readonly replicas: 0 | 1;
  /** Short where a fail-over is wanted; long where a slow machine must not cause one. */
  readonly nodeTimeoutMs: number;
  readonly settings?: RedisSettings;
  readonly tls?: RedisTls;
}

export async function startCluster(options: ClusterOptions): Promise<RedisCluster> {
  const { replicas, nodeTimeoutMs, settings = {}, tls } = options;
  const nodes: RedisNode[] = [];
  const close = async (): Promise<void> => {
    for (const node of nodes.splice(0)) await node[Symbol.asyncDispose]();
  };
  const ask = (node: RedisNode, command: string, ...values: readonly string[]): Promise<unknown> =>
    asking(node.port, { tls }, (redis) => redis.call(command, ...values));
  try {
    const lines = async (): Promise<string[]> => [
      ...linesOf(settings),
      'cluster-enabled yes',
      `cluster-port ${await freePort()}`,
      `cluster-node-timeout ${nodeTimeoutMs}`,
      // So that a replica may take over however long the link to its dead master has been away.
      'cluster-replica-validity-factor 0',
      ...(tls === undefined ? [] : [...tls.lines, 'tls-replication yes', 'tls-cluster yes']),
    ];
    for (let at = 0; at < 3 * (1 + replicas); at += 1)
      nodes.push(await startNode({ lines: await lines(), isTls: tls !== undefined }));
    const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
    const create = ['--cluster', 'create', ...addresses, '--cluster-replicas', String(replicas), '--cluster-yes'];
    await run('redis-cli', [...(tls?.toolOptions ?? []), ...create]);
    for (const node of nodes) {
      const isWell = async (): Promise<boolean> => {
        const info = String(await ask(node, 'CLUSTER', 'INFO'));
        return /cluster_state:ok/.test(info) && info.includes(`cluster_known_nodes:${nodes.length}`);
      };
      await until(isWell, 'the cluster stands', 60_000);
    }
    const isFollowed = async (node: RedisNode): Promise<boolean> => {
      const info = String(await ask(node, 'INFO', 'replication'));
      return /role:slave/.test(info) ? /master_link_status:up/.test(info) : /connected_slaves:1/.test(info);
    };
    if (replicas > 0) for (const node of nodes) await until(() => isFollowed(node), 'the replicas follow', 60_000);
    return {
      url: {
        kind: 'redis-cluster',
        tls: tls !== undefined,
        nodes: nodes.map(({ port }) => ({ host: '127.0.0.1', port })),
      },
      nodes,
      ask,
      async nodeOf(key, except) {
        const witness = nodes.find((node) => node !== except) as RedisNode;
        const slot = Number(await ask(witness, 'CLUSTER', 'KEYSLOT', key));
        const ranges = (await ask(witness, 'CLUSTER', 'SLOTS')) as [number, number, [string, number]][];
        const port = ranges.find(([from, to]) => from <= slot && slot <= to)?.[2][1];
        const found = nodes.find((node) => node.port === port);
        if (found === undefined) throw new Error(`no node serves slot ${slot}`);
        return found;
      },
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
