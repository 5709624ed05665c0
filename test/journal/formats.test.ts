// What a gateway does that meets a record, or a journal, of a format of a later release: it leaves it alone, and says so.
import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { moved } from '../../src/domain/transaction.ts';
import { redisSkip, startRedis } from '../support/redis.ts';
import { filePlace, pathOf } from './file-place.ts';
import { redisPlace } from './redis-place.ts';
import { bytes, carried, held, kept, state, toSend } from './samples.ts';

test('a record of an unknown format is neither read nor moved nor pruned, and the others are', {
  skip: redisSkip,
}, async () => {
  await using server = await startRedis();
  await using here = await redisPlace(server);
  const journal = await here.open();
  const [known, later] = [
    await kept(journal, held({ lane: '/a' })),
    await kept(journal, held({ lane: '/b', key: 'k' })),
  ];
  const done = await carried(journal, await kept(journal, toSend(held())), state.completed(1));
  const direct = new Redis(server.port);
  const change = async (id: string): Promise<void> => {
    const key = (await direct.keys(`*record:${id}`))[0] ?? '';
    const course = (await direct.hget(key, 'course')) ?? '';
    await direct.hset(key, 'course', course.replace('{"format":1,', '{"format":2,'));
  };
  for (const { id } of [later, done]) await change(id);
  const whole = await direct.dump((await direct.keys(`*record:${later.id}`))[0] ?? '');

  await assert.rejects(journal.get(later.id), {
    name: 'JournalUnavailable',
    message: /kept in format 2.*reads formats up to 1/,
  });
  await assert.rejects(journal.list({ lane: '/b', limit: 10 }), { name: 'JournalUnavailable' });
  assert.equal((await journal.create({ transaction: held({ key: 'k' }), request: bytes('') })).word, 'unavailable');
  assert.deepEqual(
    (await journal.list({ limit: 10 })).map(({ id }) => id),
    [known.id],
  );
  assert.deepEqual(
    (await journal.open({ afterSequence: 0, limit: 10 })).map(({ id }) => id),
    [known.id],
  );
  assert.equal(await journal.prune(1000, 10), 0);
  assert.equal((await journal.replace({ transaction: moved(known, state.inFlight()) })).word, 'replaced');
  assert.equal(await direct.dump((await direct.keys(`*record:${later.id}`))[0] ?? ''), whole);
  direct.disconnect();
});

test('records that were kept before their course bore a format are read as what their head says', {
  skip: redisSkip,
}, async () => {
  await using server = await startRedis();
  await using here = await redisPlace(server);
  const journal = await here.open();
  const one = await kept(journal, held());
  const direct = new Redis(server.port);
  const key = (await direct.keys(`*record:${one.id}`))[0] ?? '';
  await direct.hset(key, 'course', ((await direct.hget(key, 'course')) ?? '').replace('"format":1,', ''));
  direct.disconnect();
  assert.deepEqual(await journal.get(one.id), one);
});

test('an embedded journal in which a later release may have written records is refused', async () => {
  await using here = await filePlace();
  await (await here.open()).close();
  const database = new DatabaseSync(pathOf(here));
  database.exec(`INSERT OR REPLACE INTO meta VALUES ('records', 2)`);
  database.close();
  await assert.rejects(
    here.open(),
    /takes records of format 2, and this Northgate reads formats up to 1: run the release/,
  );
});
