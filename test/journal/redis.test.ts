// The store on Redis, on a real server: the contract, and what is particular to a server of its own.
import { randomUUID } from 'node:crypto';
import { after, before } from 'node:test';
import { openJournal } from '../../src/journal/open.ts';
import { type RedisServer, redisSkip, startRedis } from '../support/redis.ts';
import { contract, type Place, placeOf } from './contract.ts';

let server: RedisServer;
before(async () => {
  if (redisSkip === false) server = await startRedis();
});
after(() => server?.[Symbol.asyncDispose]());

async function serverPlace(): Promise<Place> {
  const options = {
    url: server.url,
    name: randomUUID(),
    durability: { kind: 'always' as const },
    allowWeaker: false,
    key: new Uint8Array(32).fill(9),
    oldKeys: [],
    plaintext: false,
  };
  return placeOf(options, openJournal, async () => {});
}

contract({ skip: redisSkip, place: serverPlace });
