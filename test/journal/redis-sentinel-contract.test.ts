// The store keeps the contract of the journal on a master that is found by Sentinels, each write confirmed by a replica.
import { after, before } from 'node:test';
import { redisSkip } from '../support/redis.ts';
import { type Sentinels, startSentinels } from '../support/redis-sentinels.ts';
import { contract } from './contract.ts';
import { redisPlace } from './redis-place.ts';

let group: Sentinels;
before(async () => {
  if (redisSkip === false) group = await startSentinels({ downAfterMs: 60_000, settings: { appendfsync: 'everysec' } });
});
after(() => group?.[Symbol.asyncDispose]());

contract({
  skip: redisSkip,
  place: () => redisPlace(group, { durability: { kind: 'replicated', replicas: 1 } }),
});
