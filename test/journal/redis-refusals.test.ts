// What a Redis must be and promise before a journal opens on it.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { Redis } from 'ioredis';
import { type RedisServer, redisSkip, startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { redisPlace } from './redis-place.ts';
import { bytes, held, kept } from './samples.ts';

const always = { kind: 'always' } as const;
const everysec = { kind: 'everysec' } as const;

suite('a Redis that a journal opens on', { skip: redisSkip }, () => {
  let server: RedisServer;
  let direct: Redis;
  before(async () => {
    server = await startRedis();
    direct = new Redis(server.port, '127.0.0.1');
  });
  after(async () => {
    direct.disconnect();
    await server[Symbol.asyncDispose]();
  });

  test('without a key and without leave to keep bodies plain it is refused', async () => {
    await using here = await redisPlace(server);
    await assert.rejects(
      here.open({ key: null }),
      /has no key for its bodies: give journal\.key, or say journal\.plaintext/,
    );
  });

  test('one that cannot be reached, or does not know the password, is said, without the password', async () => {
    await using here = await redisPlace(server);
    await assert.rejects(
      here.open({ url: { ...server.url, port: 1 } }),
      /redis:\/\/127\.0\.0\.1:1\/0 cannot be reached: .*ECONNREFUSED/,
    );
    const account = { username: 'nobody', password: 'swordfish' };
    await assert.rejects(here.open({ url: { ...server.url, ...account } }), (error: Error) => {
      assert.match(error.message, /cannot be reached: WRONGPASS/);
      assert.ok(!error.message.includes('swordfish'));
      return true;
    });
  });

  test('a replica is refused, since it may be behind and takes no writes', async () => {
    await using replica = await startRedis({ replicaof: `127.0.0.1 ${server.port}` });
    await using here = await redisPlace(replica);
    const says = /cannot be reached: this Redis is a replica; a journal is kept on a master/;
    await assert.rejects(here.open(), says);
    await assert.rejects(here.open({ allowWeaker: true }), says);
  });

  test('what it does not keep is refused with what to set, or told where weaker is allowed', async () => {
    await using here = await redisPlace(server);
    const cases = [
      { set: ['appendfsync', 'everysec'], durability: always, says: /appendfsync is everysec: set appendfsync always/ },
      { set: ['appendfsync', 'no'], durability: everysec, says: /appendfsync is no: set appendfsync everysec/ },
      {
        set: ['no-appendfsync-on-rewrite', 'yes'],
        durability: always,
        says: /nothing is synced while the file is rewritten/,
      },
      { set: ['appendonly', 'no'], durability: everysec, says: /appendonly is no: set appendonly yes/ },
      { set: ['maxmemory-policy', 'allkeys-lru'], durability: always, says: /maxmemory-policy is allkeys-lru/ },
    ] as const;
    const sound = {
      appendonly: 'yes',
      appendfsync: 'always',
      'no-appendfsync-on-rewrite': 'no',
      'maxmemory-policy': 'noeviction',
    };
    for (const { set, durability, says } of cases) {
      await direct.config('SET', ...set);
      await assert.rejects(here.open({ durability }), says);
      const weaker = await here.open({ durability, allowWeaker: true });
      const found = await weaker.durability();
      assert.equal(found.kept, false);
      assert.match(found.detail, says);
      await weaker.close();
      for (const [name, value] of Object.entries(sound)) await direct.config('SET', name, value);
    }
    const journal = await here.open({ durability: everysec });
    assert.deepEqual(await journal.durability(), { promised: 'always', kept: true, detail: '' });
  });

  test('an account that may not read the settings is told so', async () => {
    await using here = await redisPlace(server);
    await direct.call('ACL', 'SETUSER', 'limited', 'on', '>pw', '~*', '&*', '+@all', '-config');
    const url = { ...server.url, username: 'limited', password: 'pw' };
    await assert.rejects(here.open({ url }), /may not run CONFIG GET, so what the server promises cannot be read/);
    const journal = await here.open({ url, allowWeaker: true });
    assert.equal((await journal.durability()).promised, 'unknown');
    assert.equal((await kept(journal, held())).version, 1);
  });

  test('replicated:N is kept while N replicas confirm each write, and writes are unavailable when they do not', async () => {
    await using here = await redisPlace(server);
    const durability = { kind: 'replicated', replicas: 1 } as const;
    await assert.rejects(here.open({ durability }), /0 of 1 replicas follow this Redis/);
    await using replica = await startRedis({ replicaof: `127.0.0.1 ${server.port}` });
    await until(async () => (await direct.info('replication')).includes('state=online'), 'the replica follows');
    const journal = await here.open({ durability });
    assert.equal((await journal.durability()).promised, 'replicated:1');
    await kept(journal, held());
    replica.stop();
    const alone = await journal.create({ transaction: held(), request: bytes('') });
    assert.ok(alone.word === 'unavailable' && /0 of 1 Redis replicas confirmed/.test(String(alone.cause)));
    replica.cont();
    await kept(journal, held());
  });

  test('a server without memory left makes writes unavailable, and what was written before stands whole', async () => {
    await using here = await redisPlace(server);
    const journal = await here.open();
    const made = await kept(journal, held());
    await direct.config('SET', 'maxmemory', '1');
    const refused = await journal.create({ transaction: held({ key: 'k' }), request: bytes('') });
    assert.ok(refused.word === 'unavailable' && /OOM/.test(String(refused.cause)));
    assert.deepEqual(await journal.list({ limit: 9 }), [made]);
    await direct.config('SET', 'maxmemory', '0');
    const next = await kept(journal, held({ key: 'k' }));
    assert.equal(next.sequence, made.sequence + 1);
  });
});
