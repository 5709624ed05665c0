// How the Redis journal prunes: in steps so small that nobody else waits long for one. The server itself counts them.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Redis } from 'ioredis';
import { redisSkip, startRedis } from '../support/redis.ts';
import { redisPlace } from './redis-place.ts';
import { carried, held, kept, state, toSend } from './samples.ts';

/** As the server logs a command: its number, when, for how long, and its words. */
type Logged = readonly [number, number, number, readonly string[]];

suite('pruning on Redis', { skip: redisSkip }, () => {
  test('hundreds that expired are removed in steps of at most twenty, so that Redis never stands still for them', async () => {
    await using server = await startRedis({ 'slowlog-max-len': '100000' });
    await using here = await redisPlace(server);
    const journal = await here.open();
    const settle = async (): Promise<unknown> =>
      carried(journal, await kept(journal, toSend(held())), state.completed(1));
    await Promise.all(Array.from({ length: 205 }, settle));
    const redis = new Redis({ host: '127.0.0.1', port: server.port });
    try {
      await redis.config('SET', 'slowlog-log-slower-than', '0');
      await redis.slowlog('RESET');
      assert.equal(await journal.prune(2, 1000), 205);
      const log = (await redis.slowlog('GET', -1)) as Logged[];
      const scripts = log.filter(([, , , [name]]) => name === 'evalsha' || name === 'eval');
      const records = scripts.map(([, , , [, , keys]]) => Number(keys));
      assert.ok(scripts.length >= 11, `${scripts.length} scripts ran`);
      assert.ok(Math.max(...records) <= 22, `one had ${Math.max(...records)} keys: index, keys, and the records`);
    } finally {
      redis.disconnect();
    }
  });
});
