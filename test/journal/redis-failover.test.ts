// A journal whose master is replaced by Sentinels: killed, frozen, or told to hand over.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Journal } from '../../src/journal/journal.ts';
import { redisSkip } from '../support/redis.ts';
import { asking, startSentinels } from '../support/redis-sentinels.ts';
import { until } from '../support/until.ts';
import { redisPlace } from './redis-place.ts';
import { bytes, held, kept } from './samples.ts';
import { startWriting } from './writing.ts';

const replicated = { kind: 'replicated', replicas: 1 } as const;
const settings = { appendfsync: 'everysec' };
const failOverMaxMs = 120_000;

const writes = async (journal: Journal): Promise<boolean> =>
  (await journal.create({ transaction: held(), request: bytes('') })).word === 'created';

suite('a journal behind Sentinels', { skip: redisSkip, concurrency: 2 }, () => {
  test('everything confirmed by a replica is on the new master after SIGKILL of the old in mid-load (R34)', async () => {
    await using group = await startSentinels({ downAfterMs: 2500, settings });
    await using here = await redisPlace(group, { durability: replicated, key: null, plaintext: true });
    await using writing = startWriting(here.options);
    await writing.reaches(300);
    const old = await group.master();
    await old.kill9();
    await until(() => writing.lines.some((line) => line.startsWith('unavailable')), 'the writer is refused');
    await writing.kill9();
    await group.replaced(old);
    const journal = await here.open();
    for (const id of writing.created()) {
      assert.equal((await journal.get(id))?.state.status, 'in-flight', id);
      assert.equal((await journal.body(id, 'request'))?.length, 2048, id);
    }
    await kept(journal, held());
  });

  test('an open journal follows to the new master, tells of it first, and hears of others’ writes again', async () => {
    await using group = await startSentinels({ downAfterMs: 2500, settings });
    await using here = await redisPlace(group, { durability: replicated });
    const [one, other] = [await here.open(), await here.open()];
    const servers: string[] = [];
    let heard = 0;
    one.subscribeServer((runId) => servers.push(runId));
    other.subscribe(() => {
      heard += 1;
    });
    const made = await kept(one, held({ key: 'k' }));
    await until(async () => (await writes(one)) && heard > 0, 'it is heard of');
    const old = await group.master();
    // Frozen and not dead: the old connections stay, and nothing tells that they lead nowhere.
    old.stop();
    const said = await one.create({ transaction: held(), request: bytes('') });
    assert.equal(said.word, 'unavailable');
    await group.replaced(old);
    await until(() => writes(one), 'it is written again', failOverMaxMs);
    assert.notEqual(servers.length, 0);
    assert.deepEqual(await one.get(made.id), made);
    heard = 0;
    // As every gateway does: its commands tell it that the server is silent, and what it hears on follows them.
    const renews = async (): Promise<boolean> => (await other.renewLease('other', 6000)) === 'renewed';
    await until(async () => (await renews()) && (await writes(one)) && heard > 0, 'it is heard of', failOverMaxMs);
    old.cont();
    const master = await group.master();
    const runId = /run_id:(\w+)/.exec(await asking(master.port, {}, (redis) => redis.info('server')))?.[1];
    assert.equal(servers.at(-1), runId);
    await kept(one, held());
  });

  test('a master that hands over is left for the new one, and a server that starts anew is told as another', async () => {
    await using group = await startSentinels({ downAfterMs: 60_000, settings });
    await using here = await redisPlace(group, { durability: replicated });
    const journal = await here.open();
    const servers: string[] = [];
    journal.subscribeServer((runId) => servers.push(runId));
    const made = await kept(journal, held());
    const old = await group.master();
    const [sentinel] = group.sentinels;
    await asking(sentinel?.port ?? 0, {}, (redis) => redis.call('SENTINEL', 'FAILOVER', group.url.name));
    await group.replaced(old);
    await until(() => writes(journal), 'it is written again', failOverMaxMs);
    assert.equal(servers.length, 1);
    assert.deepEqual(await journal.get(made.id), made);
    const master = await group.master();
    await master.restart();
    await until(() => writes(journal), 'it is written again', failOverMaxMs);
    assert.equal(servers.length, 2);
  });

  test('only replicated:N is kept over a fail-over, the others are refused unless weaker is allowed (R34)', async () => {
    await using group = await startSentinels({ downAfterMs: 60_000, settings });
    await using here = await redisPlace(group);
    for (const kind of ['always', 'everysec'] as const) {
      await assert.rejects(
        here.open({ durability: { kind } }),
        /redis\+sentinel:\/\/127\.0\.0\.1:\d+,.*\/main\/0 does not keep .* set journal\.durability: replicated:N/,
      );
    }
    const weaker = await here.open({ durability: { kind: 'everysec' }, allowWeaker: true });
    const found = await weaker.durability();
    assert.equal(found.promised, 'everysec, until a fail-over');
    assert.equal(found.kept, false);
    await kept(weaker, held());
    const [sentinel, ...others] = group.sentinels;
    await sentinel?.kill9();
    others[0]?.stop();
    const found2 = await here.open({ durability: replicated });
    await kept(found2, held());
    for (const each of others) await each.kill9();
    await assert.rejects(here.open({ durability: replicated }), /nobody says where the master is .*ECONNREFUSED/);
    const url = { ...group.url, name: 'another' };
    await Promise.all(group.sentinels.map((each) => each.restart()));
    await assert.rejects(here.open({ durability: replicated, url }), /knows no master of the name another/);
  });
});
