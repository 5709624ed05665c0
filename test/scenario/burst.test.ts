/** More requests at once than there are sockets to ESC, which is slow: each is marked once, sent once, in order of arrival (R32). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startWorld } from '../support/world.ts';

const sockets = 64;
const burst = 150;
/** Those that have to wait for a socket would all be marked too early. A machine that stalls is late with some. */
const markedAgainMax = 10;

test('R32 a burst at a slow ESC is marked as it can be sent, and keeps its order between lanes', async () => {
  // A mark holds for a second and a half, and ESC takes longer.
  await using world = await startWorld({ pair: { answerDelayMs: 2_000 }, internals: { leaseTtlMs: 6_000 } });
  const told = await Promise.all(Array.from({ length: burst }, (_, at) => world.createTenant(`burst-${at}`)));
  assert.deepEqual(new Set(told.map(({ status }) => status)), new Set([200]));

  const records = await world.gateway.journal.list({ limit: 1000 });
  assert.equal(records.length, burst);
  const again = records.filter(({ attempts }) => attempts.length > 1);
  const evidence = again.map(({ path, attempts }) => [path, attempts[0]?.evidence]);
  assert.ok(again.length <= markedAgainMax, JSON.stringify(evidence));
  const sequences = records.map(({ sequence }) => sequence).sort((a, b) => a - b);
  const rankOf = new Map(records.map(({ path, sequence }) => [path, sequences.indexOf(sequence)]));
  const sent = world.pair.requests.filter(({ method, path }) => method === 'POST' && path.includes('/burst-'));
  assert.equal(sent.length, burst);
  // On that many sockets what goes at the same time comes in any order.
  sent.forEach(({ path }, at) => {
    assert.ok(Math.abs((rankOf.get(path) ?? -1) - at) <= sockets, `${path} was sent at place ${at}`);
  });
});
