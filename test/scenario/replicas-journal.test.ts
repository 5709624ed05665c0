/** Several gateways when the journal is away for longer than their leases: who lives is not taken for dead. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redisSkip } from '../support/redis.ts';
import { nameOf, startReplicas } from '../support/replicas.ts';
import { until } from '../support/until.ts';

const options = { skip: redisSkip };
/** Long enough that all of them find their way back to Redis within it. */
const leaseTtlMs = 4_000;
const slow = { leaseTtlMs };

test(
  'R32 R35 Redis away for longer than the leases: what was sent keeps its answer, and nobody takes it up',
  options,
  async () => {
    await using site = await startReplicas();
    const gateways = await Promise.all([site.gateway(slow), site.gateway(slow), site.gateway(slow)]);
    const names = await Promise.all(gateways.map(nameOf));
    const epoch = await site.journal.epoch();
    const ids = gateways.map((_, index) => `kept-${index}`);
    for (const id of ids) {
      site.pair.inject({ fault: 'delay', when: 'after', delayMs: leaseTtlMs / 2, match: { method: 'POST', path: id } });
    }
    const told = gateways.map((gateway, index) => site.createTenant(gateway, ids[index] ?? ''));
    await until(() => ids.every((id) => site.pair.resources().some((row) => row.id === id)), 'ESC has them');
    const stoppedAt = Date.now();
    await site.redis.kill9();
    await until(() => Date.now() > stoppedAt + 1.25 * leaseTtlMs, 'every lease is over');
    await site.redis.restart();

    for (const [index, { status, headers }] of (await Promise.all(told)).entries()) {
      assert.deepEqual([status, headers['northgate-attempts']], [200, '1'], 'ESC’s own answer');
      const { owner, attempts } = await site.record(`/${ids[index]}`);
      assert.deepEqual([owner, attempts[0]?.outcome], [names[index], 'answered']);
    }
    await site.settled();
    // A server that was restarted may lack something, and the epoch ends when what is known was written back (R34): once for all.
    assert.ok((await site.journal.epoch()) <= epoch + 1, 'the pair was watched all the time');
  },
);
