// A journal on a cluster: one slot, one node, which may die or give the slot away.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Journal } from '../../src/journal/journal.ts';
import { redisSkip } from '../support/redis.ts';
import { startCluster } from '../support/redis-cluster.ts';
import { until } from '../support/until.ts';
import { redisPlace } from './redis-place.ts';
import { bytes, held, kept } from './samples.ts';
import { startWriting } from './writing.ts';

const replicated = { kind: 'replicated', replicas: 1 } as const;
const failOverMaxMs = 120_000;

const writes = async (journal: Journal): Promise<boolean> =>
  (await journal.create({ transaction: held(), request: bytes('') })).word === 'created';

suite('a journal on a cluster', { skip: redisSkip, concurrency: 2 }, () => {
  test('everything confirmed by a replica is there after SIGKILL of its node in mid-load (R34)', async () => {
    await using cluster = await startCluster({
      replicas: 1,
      nodeTimeoutMs: 3000,
      settings: { appendfsync: 'everysec' },
    });
    await using here = await redisPlace(cluster, { durability: replicated, key: null, plaintext: true });
    const key = `{northgate:${here.options.name}}:journal`;
    const journal = await here.open();
    const servers: string[] = [];
    journal.subscribeServer((runId) => servers.push(runId));
    await using writing = startWriting(here.options);
    await writing.reaches(300);
    const old = await cluster.nodeOf(key);
    await old.kill9();
    await until(() => writing.lines.some((line) => line.startsWith('unavailable')), 'the writer is refused');
    await writing.kill9();
    // The replica that takes over has none of its own: the write finds no server that keeps what was asked.
    await until(async () => (await cluster.nodeOf(key, old)) !== old, 'the replica takes over', failOverMaxMs);
    await until(() => servers.length > 0, 'the journal is at the other node', failOverMaxMs);
    for (const id of writing.created()) assert.equal((await journal.get(id))?.state.status, 'in-flight', id);
    const alone = await journal.create({ transaction: held(), request: bytes('') });
    assert.ok(alone.word === 'unavailable' && /0 of 1 Redis replicas/.test(String(alone.cause)), String(alone.word));
    await old.restart();
    await until(() => writes(journal), 'it is written again', failOverMaxMs);
  });

  test('when its slot moves to another node the journal follows, nothing lost; it is reached by any node', async () => {
    await using cluster = await startCluster({ replicas: 0, nodeTimeoutMs: 60_000 });
    await using here = await redisPlace(cluster, { allowWeaker: true });
    const journal = await here.open();
    const key = `{northgate:${here.options.name}}:journal`;
    const made = await Promise.all(Array.from({ length: 20 }, () => kept(journal, held())));
    const from = await cluster.nodeOf(key);
    const to = cluster.nodes.find((node) => node !== from) ?? from;
    const slot = String(await cluster.ask(from, 'CLUSTER', 'KEYSLOT', key));
    const ids = new Map<unknown, string>();
    for (const node of cluster.nodes) ids.set(node, String(await cluster.ask(node, 'CLUSTER', 'MYID')));
    await cluster.ask(to, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', ids.get(from) ?? '');
    await cluster.ask(from, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', ids.get(to) ?? '');
    const keys = (await cluster.ask(from, 'CLUSTER', 'GETKEYSINSLOT', slot, '1000')) as string[];
    assert.ok(keys.length > 20);
    const [half, rest] = [keys.slice(0, 10), keys.slice(10)];
    const move = (some: readonly string[]) =>
      cluster.ask(from, 'MIGRATE', '127.0.0.1', String(to.port), '', '0', '10000', 'KEYS', ...some);
    await move(half);
    // Half here, half there: no server could write it in one step, so it is refused.
    assert.equal((await journal.create({ transaction: held(), request: bytes('') })).word, 'unavailable');
    await move(rest);
    for (const node of [to, from, ...cluster.nodes.filter((each) => each !== to && each !== from)]) {
      await cluster.ask(node, 'CLUSTER', 'SETSLOT', slot, 'NODE', ids.get(to) ?? '');
    }
    await until(() => writes(journal), 'it is written again');
    for (const each of made) assert.deepEqual(await journal.get(each.id), each);
    for (const { port } of cluster.nodes) {
      const url = { ...cluster.url, nodes: [{ host: '127.0.0.1', port }] };
      await kept(await here.open({ url }), held());
    }
  });

  test('nodes that cannot be asked are passed over; if none can, it is said why', async () => {
    await using cluster = await startCluster({ replicas: 0, nodeTimeoutMs: 60_000 });
    await using here = await redisPlace(cluster, { allowWeaker: true });
    const dead = { host: '127.0.0.1', port: 1 };
    await kept(await here.open({ url: { ...cluster.url, nodes: [dead, ...cluster.url.nodes] } }), held());
    const url = { ...cluster.url, nodes: [dead] };
    await assert.rejects(
      here.open({ url }),
      /redis\+cluster:\/\/127\.0\.0\.1:1 cannot be reached: nobody says .*ECONNREF/,
    );
    await assert.rejects(here.open({ allowWeaker: false }), /set journal\.durability: replicated:N/);
  });
});
