// The store on Redis keeps the contract of the journal, on a real server.
import { after, before } from 'node:test';
import { type RedisServer, redisSkip, startRedis } from '../support/redis.ts';
import { contract } from './contract.ts';
import { redisPlace } from './redis-place.ts';

let server: RedisServer;
before(async () => {
  if (redisSkip === false) server = await startRedis();
});
after(() => server?.[Symbol.asyncDispose]());

contract({ skip: redisSkip, place: () => redisPlace(server) });
