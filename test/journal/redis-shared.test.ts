// Several gateways on one Redis, and what a journal leaves there.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { setImmediate as immediate } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { moved } from '../../src/domain/transaction.ts';
import type { Change } from '../../src/journal/journal.ts';
import { type RedisServer, redisSkip, startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { redisPlace } from './redis-place.ts';
import { bytes, carried, delivery, held, kept, reports, state, text, toSend } from './samples.ts';

suite('several gateways on one Redis', { skip: redisSkip }, () => {
  let server: RedisServer;
  let direct: Redis;
  before(async () => {
    server = await startRedis();
    direct = new Redis(server.port, '127.0.0.1');
  });
  after(async () => {
    direct.disconnect();
    await server[Symbol.asyncDispose]();
  });

  test('of equal keys at several gateways one makes a transaction; each transaction is marked by one', async () => {
    await using here = await redisPlace(server);
    const gateways = await Promise.all([here.open(), here.open(), here.open()]);
    const asked = gateways.flatMap((journal) =>
      Array.from({ length: 70 }, (_, at) =>
        journal.create({ transaction: held({ key: `k${at}` }), request: bytes('') }),
      ),
    );
    const said = await Promise.all(asked);
    assert.equal(said.filter(({ word }) => word === 'created').length, 70);
    assert.equal(said.filter(({ word }) => word === 'key-taken').length, 140);
    const waiting = await gateways[0].open({ afterSequence: 0, limit: 1000 });
    const marks = gateways.flatMap((journal) =>
      waiting.map((each) =>
        journal.replace({ transaction: moved(each, state.inFlight()), mark: { epoch: 0, waitsFor: [] } }),
      ),
    );
    const words = (await Promise.all(marks)).map(({ word }) => word);
    assert.equal(words.filter((word) => word === 'replaced').length, 70);
    assert.equal(words.filter((word) => word === 'stale-version').length, 140);
  });

  test('one lane written by several gateways has one transaction in flight at a time', async () => {
    await using here = await redisPlace(server);
    const gateways = await Promise.all([here.open(), here.open()]);
    const made = await Promise.all(
      gateways.flatMap((journal) => Array.from({ length: 20 }, () => kept(journal, toSend(held({ lane: '/a' }))))),
    );
    const flying = made.filter((each) => each.state.status === 'in-flight');
    assert.equal(flying.length, 1);
    assert.equal(flying[0]?.sequence, Math.min(...made.map(({ sequence }) => sequence)));
  });

  test('an epoch is ended by one of several gateways', async () => {
    await using here = await redisPlace(server);
    const gateways = await Promise.all([here.open(), here.open(), here.open()]);
    const words = (await Promise.all(gateways.map((journal) => journal.bumpEpoch(0, null)))).map(({ word }) => word);
    assert.deepEqual(words.sort(), ['bumped', 'stale', 'stale']);
    for (const journal of gateways) assert.equal(await journal.epoch(), 1);
  });

  test('a gateway hears of another’s writes, and of its own once', async () => {
    await using here = await redisPlace(server);
    const [one, other] = [await here.open(), await here.open()];
    const heard: { own: Change[]; others: Change[] } = { own: [], others: [] };
    one.subscribe((change) => heard.own.push(change));
    other.subscribe((change) => heard.others.push(change));
    const channel = `{northgate:${here.options.name}}:changes`;
    await until(async () => Number((await direct.pubsub('NUMSUB', channel))[1]) === 2, 'both listen');
    const made = await kept(one, toSend(held()));
    await carried(one, made, state.completed());
    const expected = [
      { id: made.id, version: 1, status: 'in-flight' as const, owner: 'replica-1', isForeign: true },
      { id: made.id, version: 2, status: 'completed' as const, owner: 'replica-1', isForeign: true },
    ];
    await until(() => heard.others.length >= 2, 'the other gateway heard');
    assert.deepEqual(heard.others, expected);
    await kept(other, held());
    await until(() => heard.own.length >= 3, 'the first gateway heard of the second');
    const own = expected.map((change) => ({ ...change, isForeign: false }));
    assert.deepEqual(heard.own.slice(0, 2), own);
  });

  test('the end of a lease is told to the other gateways, its renewal is not', async () => {
    await using here = await redisPlace(server);
    const [one, other] = [await here.open(), await here.open()];
    const heard: string[] = [];
    const leave = other.subscribeLeases((replica) => heard.push(replica));
    one.subscribeLeases((replica) => heard.push(`${replica}, told to itself`));
    const channel = `{northgate:${here.options.name}}:changes`;
    await until(async () => Number((await direct.pubsub('NUMSUB', channel))[1]) === 2, 'both listen');
    await one.renewLease('a replica/of-this-name', 60_000);
    assert.equal(await one.endLease('a replica/of-this-name'), 'ended');
    await until(() => heard.length > 0, 'the other one heard');
    leave();
    await one.endLease('another');
    // Announcements come in order: with this change it would have come too.
    const changed = new Promise((resolve) => other.subscribe(resolve));
    await kept(one, held());
    await changed;
    assert.deepEqual(heard, ['a replica/of-this-name']);
    const live = (await other.leases()).filter(({ isLive }) => isLive);
    assert.deepEqual(live, []);
  });

  test('all keys of a journal share one hash tag, and a journal is not another of a similar name', async () => {
    await direct.flushall();
    await using here = await redisPlace(server);
    const journal = await here.open({ name: 'a' });
    const made = await carried(journal, await kept(journal, toSend(held({ key: 'k' }))), state.completed());
    await journal.bumpEpoch(0, null);
    await journal.renewLease('r', 1000);
    for (const key of await direct.keys('*')) assert.ok(key.startsWith('{northgate:a}:'), key);
    const similar = await here.open({ name: 'ab' });
    assert.equal(await similar.get(made.id), null);
    assert.equal(await similar.epoch(), 0);
  });

  test('pruning leaves nothing behind', async () => {
    await direct.flushall();
    await using here = await redisPlace(server);
    const journal = await here.open();
    const stands = async (): Promise<number[]> => {
      const tag = `{northgate:${here.options.name}}`;
      return [await direct.dbsize(), await direct.zcard(`${tag}:index`), await direct.hlen(`${tag}:keys`)];
    };
    await kept(journal, held({ key: 'stays' }));
    const before = await stands();
    const waits = { epoch: 0, waitsFor: [] };
    for (let at = 0; at < 120; at += 1) {
      const said = held({ key: `k${at}`, ancestors: ['/a', '/b'], lane: `/a/b/${at % 7}`, resourceType: 'images' });
      const made = await kept(journal, at % 2 === 0 ? toSend(said, waits) : said);
      if (at % 7 !== at) await journal.prune(0, 10);
      const ends = made.state.status === 'held' ? [state.abandoned(1)] : [state.unacknowledged, state.completed(1)];
      await carried(journal, made, ...ends);
    }
    assert.notDeepEqual(await stands(), before);
    assert.equal(await journal.prune(2, 1000), 120);
    assert.deepEqual(await stands(), before);
  });

  test('what waits for nothing takes no room among the open ones and the done ones', async () => {
    await using here = await redisPlace(server);
    const journal = await here.open();
    const standing = held({ resourceType: 'deployments', wants: ['callback'] });
    await carried(journal, await kept(journal, toSend(standing)), state.completed());
    const index = await direct.zrange(`{northgate:${here.options.name}}:index`, '0', '-1');
    const kinds = new Set(index.map((member) => member.split(/[/\0]/)[0]));
    assert.deepEqual([...kinds], ['all', 'client', 'lane', 'received', 'status']);
  });

  test('what gets a late report from one gateway while another prunes is pruned whole or stays whole', async () => {
    await using here = await redisPlace(server);
    const [one, other] = [await here.open(), await here.open()];
    for (let round = 0; round < 5; round += 1) {
      const made = await Promise.all(Array.from({ length: 100 }, () => kept(one, toSend(held()))));
      const settled = await Promise.all(made.map((each) => carried(one, each, state.completed(1))));
      const pruning = other.prune(2, 1000);
      const late = settled.map(async (each, at) => {
        for (let turns = 0; turns < at; turns += 1) await immediate();
        const change = { transaction: { ...each, reports: reports(delivery.waiting) } };
        return one.replace({ ...change, bodies: { 'report-1': bytes('late') } });
      });
      const words = (await Promise.all(late)).map(({ word }) => word);
      assert.equal(await pruning, words.filter((word) => word === 'missing').length);
      for (const [at, { id }] of settled.entries()) {
        assert.equal((await one.get(id))?.reports.length ?? 'missing', words[at] === 'replaced' ? 1 : words[at]);
        assert.equal(text(await one.body(id, 'report-1')), words[at] === 'replaced' ? 'late' : null);
      }
      const open = await one.open({ afterSequence: (made[0]?.sequence ?? 0) - 1, limit: 1000 });
      assert.deepEqual(
        open.map(({ id }) => id),
        settled.filter((_, at) => words[at] === 'replaced').map(({ id }) => id),
      );
    }
  });

  test('a lease that ended more than a day ago takes no room', async () => {
    await using here = await redisPlace(server);
    const journal = await here.open();
    await journal.renewLease('long-gone', -25 * 3_600_000);
    await journal.renewLease('here', 1000);
    assert.deepEqual(await direct.hkeys(`{northgate:${here.options.name}}:leases`), ['here']);
  });

  test('nothing of a body or of its credentials can be read in Redis', async () => {
    await using here = await redisPlace(server);
    const journal = await here.open();
    const made = await kept(journal, { transaction: held(), request: bytes('Authorization: Basic c2VjcmV0') });
    const key = `{northgate:${here.options.name}}:record:${made.id}`;
    const raw = await direct.hgetallBuffer(key);
    for (const [field, value] of Object.entries(raw)) assert.ok(!value.includes('c2VjcmV0'), field);
    // Sealed bytes are bound to their transaction: those of another do not open.
    const other = await kept(journal, held());
    await direct.hset(key, 'request', (await direct.hgetBuffer(key.replace(made.id, other.id), 'request')) ?? '');
    await assert.rejects(journal.body(made.id, 'request'), /was changed in the journal/);
    assert.equal(text(await journal.body(other.id, 'request')), 'hello');
    // And to which body they are.
    const pair = { 'report-1': bytes('one'), 'report-2': bytes('two') };
    await journal.replace({ transaction: other, bodies: pair });
    const others = key.replace(made.id, other.id);
    await direct.hset(others, 'report-2', (await direct.hgetBuffer(others, 'report-1')) ?? '');
    await assert.rejects(journal.body(other.id, 'report-2'), /was changed in the journal/);
  });

  test('a server that lost its scripts is given them again', async () => {
    await using here = await redisPlace(server);
    const journal = await here.open();
    await kept(journal, held());
    await direct.script('FLUSH');
    const made = await Promise.all([kept(journal, held()), kept(journal, held())]);
    assert.deepEqual(await journal.get(made[1].id), made[1]);
  });
});
