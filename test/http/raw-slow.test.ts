/** Heads that trickle: each connection is told so and ended; bytes that come slowly do not hold it for ever. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startEchoWorld } from '../support/echo-world.ts';
import { assertProblem } from '../support/problem.ts';
import { until } from '../support/until.ts';

test('a head that is not complete within 10 s is refused with 408, also one that goes on trickling', async () => {
  await using world = await startEchoWorld();
  const [still, trickling] = [await world.connect(), await world.connect()];
  const startedAt = Date.now();
  for (const client of [still, trickling]) client.write('POST /ESCManager/v0/x HTTP/1.1\r\nHost: a\r\nX: ');
  const timer = setInterval(() => trickling.write('x'), 200);
  for (const client of [still, trickling]) {
    await until(() => client.bytes.byteLength > 0, 'it is refused');
    assertProblem(await client.answer(), { status: 408, code: 'request-timeout' });
    await client.ended();
  }
  clearInterval(timer);
  assert.ok(Date.now() - startedAt >= 9_000);
  assert.deepEqual(world.esc.requests, []);
  assert.deepEqual(await world.transactions(), []);
});
