/**
 * A master whose replicas hear nothing of it any more, so that what is written from now on dies with it: its last words are
 * lost by the fail-over, as asynchronous replication may lose them (reference/standards.md RD-01).
 */
import { Redis } from 'ioredis';
import type { RedisNode } from './redis-node.ts';
import { asking } from './redis-sentinels.ts';
import { until } from './until.ts';

const set = async (port: number, user: string, password: string): Promise<void> => {
  await asking(port, {}, (redis) => redis.config('SET', 'masteruser', user, 'masterauth', password));
};

/** Replicas that are not let in by their master; Sentinels and cluster see nothing wrong in that. */
export async function cutReplication(master: RedisNode, replicas: readonly RedisNode[]): Promise<void> {
  for (const { port } of replicas) await set(port, 'nobody', 'wrong');
  await asking(master.port, {}, (redis) => redis.call('CLIENT', 'KILL', 'TYPE', 'replica'));
  const areOut = async (): Promise<boolean> =>
    /connected_slaves:0/.test(await asking(master.port, {}, (redis) => redis.info('replication')));
  await until(areOut, 'no replica follows');
}

/** They may follow whoever is master then. */
export async function mendReplication(replicas: readonly RedisNode[]): Promise<void> {
  for (const { port } of replicas) await set(port, '', '');
}

/** Whether the server has the record of this transaction; of a cluster's node that has no copy of its slot: no. */
export async function hasRecord({ port }: RedisNode, id: string): Promise<boolean> {
  const redis = new Redis({ host: '127.0.0.1', port, readOnly: true, maxRetriesPerRequest: 0 });
  redis.on('error', () => {});
  try {
    const key = `{northgate:default}:record:${id}`;
    return (await redis.exists(key)) === 1;
  } catch (error) {
    if ((error as Error).message.startsWith('MOVED')) return false;
    throw error;
  } finally {
    redis.disconnect();
  }
}
