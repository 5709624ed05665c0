/**
 * Repairs that do not go smoothly (R34): several gateways at once, one that dies in the middle, a server that changes again,
 * and an old master that comes back for a moment.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { startForwarder } from '../support/forwarder.ts';
import { redisSkip, startRedis } from '../support/redis.ts';
import { pairSeenBy, startReplicas } from '../support/replicas.ts';
import { until } from '../support/until.ts';
import { startWorld, type Told, tenantXml, type World } from '../support/world.ts';

const options = { skip: redisSkip };

const keyOf = (id: string): Record<string, string> => ({ 'Idempotency-Key': `"${id}"` });
const idsOf = (owner: string): string[] => Array.from({ length: 12 }, (_, at) => `${owner}-${at}`);

test(
  'R34 several gateways write back at once, each what it knows; one that dies in the middle costs the others nothing',
  options,
  async () => {
    await using site = await startReplicas();
    const [one, other, dying] = await Promise.all([
      site.gateway({ leaseTtlMs: 3_000 }),
      site.gateway({ leaseTtlMs: 3_000 }),
      site.gateway({ leaseTtlMs: 3_000, cut: 'in-repair' }),
    ]);
    const knowing = { one, other, dying };
    const before = new Map<string, Told>();
    for (const [name, gateway] of Object.entries(knowing)) {
      const told = idsOf(name).map(async (id) => {
        before.set(id, await site.createTenant(gateway, id, keyOf(id)));
      });
      await Promise.all(told);
    }
    await site.settled();
    const epoch = await site.journal.epoch();

    await site.redis.restartEmpty();
    await dying.gone;
    for (const gateway of [one, other])
      await until(async () => (await pairSeenBy(gateway)).epoch > epoch, 'the epoch has ended', 120_000);
    assert.ok((await site.journal.epoch()) <= epoch + 2);

    // Each may be asked for by the other.
    for (const [ids, gateway] of [[idsOf('one'), other] as const, [idsOf('other'), one] as const]) {
      for (const id of ids) {
        await until(async () => (await site.createTenant(gateway, id, keyOf(id))).status !== 503, 'it serves');
        const again = await site.createTenant(gateway, id, keyOf(id));
        const told = before.get(id);
        assert.deepEqual([again.status, again.body], [told?.status, told?.body], id);
        assert.equal(again.headers['northgate-transaction'], told?.headers['northgate-transaction']);
      }
    }
    await site.settled();
    const records = await site.journal.list({ limit: 1000 });
    const back = records.filter(({ path }) => path.includes('/dying-'));
    assert.ok(back.length < 12, 'it died before it had written back all');
    for (const { id, state } of records) {
      assert.equal(state.status, 'completed');
      assert.notEqual(await site.journal.body(id, 'request'), null, 'each is there whole or not at all');
    }
    const sequences = records.map(({ sequence }) => sequence);
    assert.deepEqual(sequences, [...new Set(sequences)], 'no sequence was given twice');
    for (const id of [...idsOf('one'), ...idsOf('other'), ...idsOf('dying')]) assert.equal(site.created(id), 1, id);
  },
);

const create = (world: World, id: string): Promise<Told> =>
  world.send('POST', `/ESCManager/v0/tenants/${id}`, tenantXml(id), keyOf(id));

const made = (world: World, id: string): number =>
  world.pair.ledger.filter((effect) => effect.id === id && effect.kind === 'created').length;

test(
  'R34 an old master that comes back for a moment, and a server that changes in mid-repair: all is there in the end',
  options,
  async () => {
    await using old = await startRedis();
    await using heir = await startRedis();
    await using address = await startForwarder(old);
    await using world = await startWorld({
      settings: {
        NORTHGATE_JOURNAL_URL: `redis://127.0.0.1:${address.port}`,
        NORTHGATE_JOURNAL_KEY: randomBytes(32).toString('base64'),
      },
      internals: { leaseTtlMs: 2_000 },
    });
    const { coordinator, journal } = world.gateway;
    /** Refused and made anew with the same key until it is done. */
    const done = async (id: string): Promise<void> => {
      await until(async () => (await create(world, id)).status === 200, `${id} is done`, 60_000);
    };
    const whole = async (epoch: number): Promise<void> => {
      await until(() => coordinator.epoch > epoch && coordinator.isOpen, 'it is repaired', 60_000);
    };
    await done('first');
    const { epoch } = coordinator;

    address.leadTo(heir);
    await whole(epoch);
    await done('second');
    // For as long as it takes to write there, too.
    address.leadTo(old);
    await whole(epoch + 1);
    await done('third');
    // Not even for one lease's time.
    address.leadTo(heir);
    await until(async () => (await create(world, 'refused')).status === 503, 'it is being repaired');
    address.leadTo(old);
    await until(async () => (await create(world, 'refused')).status === 503, 'it is being repaired');
    address.leadTo(heir);
    await whole(epoch + 2);
    await done('fourth');

    await until(async () => (await journal.open({ afterSequence: 0, limit: 9 })).length === 0, 'everything ends');
    for (const id of ['first', 'second', 'third', 'fourth']) {
      const again = await create(world, id);
      assert.deepEqual([again.status, again.headers['idempotent-replayed']], [200, 'true'], id);
      assert.equal(made(world, id), 1, id);
    }
    const records = (await journal.list({ limit: 99 })).filter(({ state }) => state.status !== 'abandoned');
    assert.deepEqual(
      records.map(({ path }) => path.split('/').at(-1)),
      ['fourth', 'third', 'second', 'first'],
    );
  },
);

test(
  'R34 a gateway that starts on a Redis that others have not found whole yet begins nothing, as they do',
  options,
  async () => {
    await using site = await startReplicas();
    const first = await site.gateway();
    assert.equal((await site.createTenant(first, 'before')).status, 200);
    await first.kill();
    await site.redis.restart();

    // Nobody is told before a lease of its own is over.
    const starting = await site.gateway({ leaseTtlMs: 120_000 });
    const told = await site.createTenant(starting, 'during');
    assert.deepEqual([told.status, site.executed('POST', '/during')], [503, 0]);
    assert.match(told.body, /urn:northgate:problem:journal-unavailable/);
    await starting.kill();
    const next = await site.gateway();
    await until(async () => (await site.createTenant(next, 'after')).status === 200, 'it serves');
    const later = await site.gateway({ leaseTtlMs: 120_000 });
    assert.equal((await site.createTenant(later, 'later')).status, 200, 'it was found whole, so nobody has to wait');
  },
);
