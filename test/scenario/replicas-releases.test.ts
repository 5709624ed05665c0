/**
 * Two releases on one journal: the one that brings a new record format still writes the old one, the one after it writes
 * the new one. Two that follow each other take over from each other, forward and back; of two that do not, one is refused.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { request } from 'undici';
import type { GatewayProcess, ProcessOptions } from '../support/gateway-process.ts';
import { renamed } from '../support/next-release.ts';
import { redisSkip } from '../support/redis.ts';
import { type Replicas, startReplicas } from '../support/replicas.ts';
import { until } from '../support/until.ts';

const options = { skip: redisSkip };
type Release = ProcessOptions['release'];

interface Listed {
  readonly path: string;
  readonly status: string;
}

/** By a gateway that can read them all. */
async function statuses({ opsUrl }: GatewayProcess): Promise<Record<string, string>> {
  const answer = await request(`${opsUrl}/v1/transactions?limit=100`);
  const { items } = (await answer.body.json()) as { items: readonly Listed[] };
  return Object.fromEntries(items.map(({ path, status }) => [path.split('/').at(-1), status]));
}

/** The texts of a record as they are in Redis. */
async function textsOf(redis: Redis, end: string): Promise<{ head: string; course: string }> {
  for (const key of await redis.keys('*:record:*')) {
    const [head, course] = await redis.hmget(key, 'head', 'course');
    if (head?.includes(`/${end}"`)) return { head, course: course ?? '' };
  }
  throw new Error(`no record of ${end}`);
}

/** `from` holds one transaction and has sent another when SIGTERM hands both over to `to`. */
async function handOver(site: Replicas, from: GatewayProcess, to: GatewayProcess, name: string): Promise<void> {
  const [sentId, heldId] = [`sent-${name}`, `held-${name}`];
  site.pair.inject({ fault: 'hang', when: 'before', match: { method: 'POST', path: `/${sentId}` } });
  const sent = site.createTenant(from, sentId);
  await until(() => site.pair.faultsWaiting === 0, 'ESC has it');
  await site.shut(from, to);
  const held = site.createTenant(from, heldId, { Prefer: 'respond-async' });
  assert.equal((await held).status, 202);

  assert.equal(await from.end(), 0);

  assert.equal((await sent).status, 202);
  await site.pair.proceed();
  const isDone = async (): Promise<boolean> => {
    const found = await statuses(to);
    return found[sentId] === 'completed' && found[heldId] === 'completed';
  };
  await until(isDone, 'both are completed');
  for (const id of [sentId, heldId]) assert.deepEqual([site.created(id), site.executed('POST', `/${id}`)], [1, 1], id);
}

const pairs: readonly [name: string, older: Release, newer: Release][] = [
  ['this release and the next one, which reads a new format and does not write it', undefined, 'next'],
  ['the next release and the one after it, which writes the new format', 'next', 'after'],
];

for (const [name, older, newer] of pairs) {
  test(`${name}, hand over to each other, and nothing is lost`, options, async () => {
    await using site = await startReplicas({ settings: { NORTHGATE_DRAIN_TIMEOUT: '1s' } });
    await using direct = {
      redis: new Redis(site.redis.port),
      [Symbol.asyncDispose]: async () => direct.redis.disconnect(),
    };
    const first = await site.gateway({ release: older });
    const second = await site.gateway({ release: newer });
    await handOver(site, first, second, 'forward');
    const forward = await textsOf(direct.redis, 'held-forward');
    const isWritten = newer === 'after';
    assert.ok(forward.head.includes(renamed.requestBytes) === false, 'it was taken by the older one');
    assert.equal(forward.course.includes(renamed.promisedAt), isWritten);
    assert.ok(forward.course.startsWith(`{"format":${isWritten ? 2 : 1},`));

    // And back, as after a release that was no good.
    const third = await site.gateway({ release: older });
    await handOver(site, second, third, 'back');
    const back = await textsOf(direct.redis, 'held-back');
    assert.equal(back.head.includes(renamed.requestBytes), isWritten, 'it was taken by the newer one');
    assert.ok(back.course.startsWith('{"format":1,'));
    assert.equal((await statuses(third))['held-forward'], 'completed');
  });
}

test('a release that would write what a living gateway cannot read does not start', options, async () => {
  await using site = await startReplicas();
  const first = await site.gateway();
  await assert.rejects(site.gateway({ release: 'after', isOpen: false }), /ended before it listened/);
  assert.equal((await site.createTenant(first, 'one')).status, 200);
});

test(
  'where a new format may have been written, a release that cannot read it does not start, and one that was frozen gets no lease',
  options,
  async () => {
    await using site = await startReplicas();
    const first = await site.gateway();
    const name = (await site.live())[0] ?? assert.fail();
    await site.freeze(first, name);
    const later = await site.gateway({ release: 'after' });
    assert.equal((await site.createTenant(later, 'one')).status, 200);

    await assert.rejects(site.gateway({ isOpen: false }), /ended before it listened/);
    first.process.kill('SIGCONT');
    const told = await site.createTenant(first, 'two', { Prefer: 'wait=1' });
    // It cannot record a promise any more, so it makes none, and says which transaction it leaves to the others.
    assert.equal(told.status, 503, told.body);
    const { sent, transaction } = JSON.parse(told.body) as Record<string, string>;
    assert.equal(sent, 'maybe');
    const shown = await request(`${later.opsUrl}/v1/transactions/${transaction}`);
    assert.match(((await shown.body.json()) as Listed).path, /\/two$/);
    await until(async () => (await statuses(later)).two === 'completed', 'the later one has taken it up');
    assert.deepEqual([site.created('two'), site.executed('POST', '/two')], [1, 1]);
    assert.deepEqual((await site.live()).includes(name), false, 'it gets no lease');
  },
);
