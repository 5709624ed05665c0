// What one gateway hears of another's writes to its own transactions: a report of ESC comes to whichever the balancer chose.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import type { Transaction } from '../../src/domain/transaction.ts';
import { Followers } from '../../src/northbound/followers.ts';
import { Records } from '../../src/northbound/records.ts';
import { Waiters } from '../../src/northbound/waiters.ts';
import { redisPlace } from '../journal/redis-place.ts';
import { delivery, held, kept, reports } from '../journal/samples.ts';
import { redisSkip, startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

test('a report that another gateway took is heard of at once by the one that owns the transaction, and by no other', {
  skip: redisSkip,
}, async () => {
  await using server = await startRedis();
  await using here = await redisPlace(server);
  const [mine, other] = [await here.open(), await here.open()];
  const heard: Transaction[] = [];
  const followers = new Followers({
    replica: 'replica-1',
    records: new Records(mine, pino({ level: 'silent' })),
    waiters: new Waiters(),
    onOwnChanged: (transaction) => heard.push(transaction),
  });
  followers.start();
  const seen: string[] = [];
  mine.subscribe(({ id }) => seen.push(id));
  // An announcement is lost before the subscription stands.
  await until(async () => {
    await kept(other, held({ owner: 'replica-2' }));
    return seen.length > 0;
  }, 'announcements come through');
  const own = await kept(mine, held());
  const foreign = await kept(mine, held({ owner: 'replica-2' }));
  for (const each of [foreign, own])
    await other.replace({ transaction: { ...each, reports: reports(delivery.waiting) } });

  await until(() => heard.length > 0, 'it is heard of');
  assert.deepEqual(
    heard.map(({ id, version }) => [id, version]),
    [[own.id, 2]],
  );
  assert.equal(heard[0]?.reports.length, 1);
  followers.close();
});
