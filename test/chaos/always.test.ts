// What `journal.durability: always` guarantees: Redis and every gateway are killed at once, in mid-load, and what a client
// was told is there. No gateway lives to repair it from memory.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redisSkip } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { audit } from './audit.ts';
import { settle } from './settling.ts';
import { startStage } from './stage.ts';
import { storyOf } from './story.ts';

const rounds = 3;
const clients = 16;
/** Requests that reach ESC between two kills. */
const requestsBetween = 25;
const timeout = 900_000;
const slowMs = 180_000;

test('every transaction that got an answer or a 202 outlives a SIGKILL of Redis', {
  skip: redisSkip,
  timeout,
}, async () => {
  await using stage = await startStage({ seed: Math.floor(Math.random() * 1e9), clients });
  const { pair, redis, replicas, load } = stage;
  const executed = (): number => pair.requests.filter(({ method }) => method !== 'GET').length;
  await load.start();
  for (let round = 1; round <= rounds; round += 1) {
    const enough = executed() + requestsBetween;
    await until(() => executed() >= enough, `${requestsBetween} more requests reached ESC`, slowMs);
    const kill = stage.disturb('Redis and all replicas are killed', true);
    await Promise.all([redis.kill9(), ...replicas.map((each) => each.kill())]);
    await redis.restart();
    for (const replica of replicas) replica.start();
    kill.to = Date.now();
  }
  const { ledgers, complaints } = await settle(stage);
  assert.deepEqual(complaints, []);
  const told = ledgers.clients.orders.flatMap(({ tries }) =>
    tries.filter(({ transaction }) => transaction !== undefined),
  );
  assert.ok(told.length >= rounds * requestsBetween, 'too little was told for a proof');
  const stories = audit(ledgers).map((found) => storyOf(found, ledgers));
  assert.equal(stories.join('\n'), '');
});
