// What tells that a Redis may lack what it confirmed, beside another run id (R34): its history, and what the journal says itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { redisSkip, startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { redisPlace } from './redis-place.ts';
import { held, kept } from './samples.ts';

const options = { skip: redisSkip };

test(
  'a server that took over another’s data and was made master again is told like another server',
  options,
  async () => {
    await using server = await startRedis();
    await using empty = await startRedis();
    await using here = await redisPlace(server);
    const journal = await here.open();
    let changes = 0;
    journal.subscribeServer(() => {
      changes += 1;
    });
    await journal.renewLease('one', 60_000);
    const made = await kept(journal, held());
    await journal.renewLease('one', 60_000);
    assert.equal(changes, 0);

    const direct = new Redis(server.port, '127.0.0.1');
    await direct.replicaof('127.0.0.1', empty.port);
    await until(async () => /master_link_status:up/.test(await direct.info('replication')), 'it follows the empty one');
    await direct.replicaof('NO', 'ONE');
    direct.disconnect();

    await until(async () => (await journal.renewLease('one', 60_000)) === 'renewed', 'the lease is renewed');
    assert.equal(changes, 1);
    assert.equal(await journal.get(made.id), null);
  },
);

test('a server that followed nobody really, and is master again, is no other', options, async () => {
  await using server = await startRedis();
  await using here = await redisPlace(server);
  const journal = await here.open();
  let changes = 0;
  journal.subscribeServer(() => {
    changes += 1;
  });
  await journal.renewLease('one', 60_000);
  const direct = new Redis(server.port, '127.0.0.1');
  await direct.replicaof('127.0.0.1', 1);
  await direct.replicaof('NO', 'ONE');
  direct.disconnect();
  await until(async () => (await journal.renewLease('one', 60_000)) === 'renewed', 'the lease is renewed');
  assert.equal(changes, 0);
});

test('a replica that joins and leaves is no change', options, async () => {
  await using server = await startRedis();
  await using here = await redisPlace(server);
  const journal = await here.open();
  let changes = 0;
  journal.subscribeServer(() => {
    changes += 1;
  });
  await journal.renewLease('one', 60_000);
  {
    await using _replica = await startRedis({ replicaof: `127.0.0.1 ${server.port}` });
    await journal.renewLease('one', 60_000);
  }
  assert.equal(await journal.renewLease('one', 60_000), 'renewed');
  assert.equal(changes, 0);
});

test('who starts on a server on which nobody has yet found the journal whole can tell', options, async () => {
  await using server = await startRedis();
  await using here = await redisPlace(server);
  const journal = await here.open();
  assert.equal(await journal.isTrusted(), true, 'nobody has used it yet');
  await journal.bumpEpoch(0, null);
  await server.restart();
  const starting = await here.open();
  assert.equal(await starting.isTrusted(), false);
  assert.equal(await starting.trust(), 'trusted');
  assert.equal(await (await here.open()).isTrusted(), true);

  await server.restartEmpty();
  const early = await here.open();
  await early.raiseEpoch(1);
  assert.equal(await (await here.open()).isTrusted(), false, 'others write back');
});
