// What a confirmed write has gone through is held while the journal is open, and shown by losing the server.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { Redis } from 'ioredis';
import type { Journal } from '../../src/journal/journal.ts';
import { Replication } from '../../src/journal/redis/replication.ts';
import { Server } from '../../src/journal/redis/server.ts';
import { type RedisServer, redisSkip, startRedis } from '../support/redis.ts';
import { asking } from '../support/redis-sentinels.ts';
import { until } from '../support/until.ts';
import { redisPlace } from './redis-place.ts';
import { bytes, held, kept } from './samples.ts';
import { startWriting } from './writing.ts';

const replicated = { kind: 'replicated', replicas: 1 } as const;
const everysecMs = 2500;

const create = (journal: Journal) => journal.create({ transaction: held(), request: bytes('') });

suite('the durability that was asked', { skip: redisSkip, concurrency: 2 }, () => {
  test('everysec: what was confirmed some seconds before SIGKILL of the server is there', async () => {
    await using server = await startRedis({ appendfsync: 'everysec' });
    await using here = await redisPlace(server, { durability: { kind: 'everysec' }, key: null, plaintext: true });
    await using writing = startWriting(here.options);
    await writing.reaches(300);
    const early = writing.created();
    const at = performance.now();
    await until(() => performance.now() - at > everysecMs, 'it is synced');
    await server.kill9();
    await server.restart();
    const journal = await here.open();
    for (const id of early) assert.equal((await journal.get(id))?.state.status, 'in-flight', id);
  });

  test('a server that comes back keeping less is not written to until it keeps what was asked again', async () => {
    await using server = await startRedis();
    await using here = await redisPlace(server);
    const journal = await here.open();
    await kept(journal, held());
    const config = (...words: string[]) => asking(server.port, {}, (redis) => redis.call('CONFIG', ...words));
    await config('SET', 'appendfsync', 'everysec');
    await config('REWRITE');
    await server.restart();
    await until(async () => {
      const said = await create(journal);
      return said.word === 'unavailable' && /appendfsync is everysec: set appendfsync always/.test(String(said.cause));
    }, 'it is refused');
    assert.equal((await journal.durability()).kept, false);
    await config('SET', 'appendfsync', 'always');
    await kept(journal, held());
  });

  test('replicated:N: a master without a file of its own is refused, since it could come back empty', async () => {
    await using server = await startRedis({ appendonly: 'no' });
    await using replica = await startRedis({ replicaof: `127.0.0.1 ${server.port}` });
    await using here = await redisPlace(server, { durability: replicated });
    const follows = () => asking(replica.port, {}, (redis) => redis.info('replication'));
    await until(async () => (await follows()).includes('master_link_status:up'), 'the replica follows');
    await assert.rejects(here.open(), /a restarted master would empty its replicas: set appendonly yes/);
  });

  test('replicated:N: when replicas are away, many writes end in time and reads go on', async () => {
    await using server = await startRedis({ appendfsync: 'everysec' });
    await using replica = await startRedis({ replicaof: `127.0.0.1 ${server.port}` });
    await using here = await redisPlace(server, { durability: replicated });
    const info = () => asking(server.port, {}, (redis) => redis.info('replication'));
    await until(async () => (await info()).includes('state=online'), 'the replica follows');
    const journal = await here.open();
    const made = await kept(journal, held());
    replica.stop();
    const before = performance.now();
    const begun: ReturnType<typeof create>[] = [];
    for (let turn = 0; turn < 40; turn += 1) {
      begun.push(create(journal));
      await new Promise(setImmediate);
    }
    const words = (await Promise.all(begun)).map(({ word }) => word);
    assert.deepEqual(new Set(words), new Set(['unavailable']));
    // One after the other they would have taken 40 seconds, and kept the connection for as long.
    assert.ok(performance.now() - before < 20_000);
    assert.deepEqual(await journal.get(made.id), made);
    replica.cont();
    await until(async () => (await create(journal)).word === 'created', 'it is written again');
  });

  suite('a WAIT', { skip: redisSkip }, () => {
    let server: RedisServer;
    let redis: Redis;
    before(async () => {
      server = await startRedis();
      redis = new Redis(server.port, '127.0.0.1');
    });
    after(async () => {
      redis.disconnect();
      await server[Symbol.asyncDispose]();
    });

    test('on another connection than the write’s confirms nothing', async () => {
      const known = new Server();
      known.met({ run_id: 'a', redis_version: '7.0.15' });
      const replication = new Replication(redis, known, 0);
      await replication.confirmed(known.connection);
      const written = known.connection;
      known.met({ run_id: 'a', redis_version: '7.0.15' });
      await assert.rejects(replication.confirmed(written), /the connection to Redis broke before replicas confirmed/);
    });

    test('is asked for the disks of replicas where the server has WAITAOF and syncs always', async () => {
      const known = new Server();
      for (const [version, setting, says] of [
        ['7.0.15', 'always', null],
        ['7.2.0', 'everysec', null],
        // This server has it not; one that has it was not at hand.
        ['7.2.0', 'always', /unknown command .?WAITAOF/],
        ['8.0.1', 'always', /unknown command .?WAITAOF/],
      ] as const) {
        known.met({ run_id: 'a', redis_version: version });
        const replication = new Replication(redis, known, 0);
        replication.configure(setting);
        const confirmed = replication.confirmed(known.connection);
        await (says === null ? confirmed : assert.rejects(confirmed, says));
      }
    });
  });
});
