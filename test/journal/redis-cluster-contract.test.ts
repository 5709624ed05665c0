// The store keeps the contract of the journal on a cluster of three nodes, whichever of them has its slot.
import { after, before } from 'node:test';
import { redisSkip } from '../support/redis.ts';
import { type RedisCluster, startCluster } from '../support/redis-cluster.ts';
import { contract } from './contract.ts';
import { redisPlace } from './redis-place.ts';

let cluster: RedisCluster;
before(async () => {
  if (redisSkip === false) cluster = await startCluster({ replicas: 0, nodeTimeoutMs: 60_000 });
});
after(() => cluster?.[Symbol.asyncDispose]());

contract({ skip: redisSkip, place: () => redisPlace(cluster, { allowWeaker: true }) });
