/**
 * Each way in which the journal's Redis can be of no use, as clients and ESC see it (R34, R35): what is new is refused and
 * never sent; what was sent keeps its answer or is promised, in time; afterwards everything ends, once.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { suite, test } from 'node:test';
import { type RedisServer, redisSkip, startRedis } from '../support/redis.ts';
import { asking } from '../support/redis-sentinels.ts';
import { until } from '../support/until.ts';
import { startWorld, type Told, type World } from '../support/world.ts';

interface Way {
  readonly begin: (server: RedisServer) => unknown;
  readonly end: (server: RedisServer) => unknown;
}

const tell =
  (...words: string[]) =>
  (server: RedisServer) =>
    asking(server.port, {}, (redis) => redis.call(words[0] ?? '', ...words.slice(1)));

const ways: Readonly<Record<string, Way>> = {
  'refuses connections and comes back whole': {
    begin: (server) => server.kill9(),
    end: (server) => server.restart(),
  },
  'comes back empty': { begin: (server) => server.kill9(), end: (server) => server.restartEmpty() },
  'is frozen': { begin: (server) => server.stop(), end: (server) => server.cont() },
  // Its end has to be waited for as well, so that only a start makes it quick again.
  'is slower than a command may take': {
    begin: tell('CLIENT', 'PAUSE', '600000', 'ALL'),
    end: (server) => server.restart(),
  },
  'is slow to write': {
    begin: tell('CLIENT', 'PAUSE', '600000', 'WRITE'),
    end: tell('CLIENT', 'UNPAUSE'),
  },
  'is full': {
    begin: tell('CONFIG', 'SET', 'maxmemory', '1'),
    end: tell('CONFIG', 'SET', 'maxmemory', '0'),
  },
  'is read-only': { begin: tell('REPLICAOF', '127.0.0.1', '1'), end: tell('REPLICAOF', 'NO', 'ONE') },
};

/** Of a command, twice what a write waits for, and much for a busy machine. */
const refusedMaxMs = 30_000;
/** Longer than it takes until Redis is away, also on a busy machine. */
const answerDelayMs = 1_000;
const waitSeconds = 4;

const keyed = (key: string, more: Record<string, string> = {}): Record<string, string> => ({
  'Idempotency-Key': `"${key}"`,
  ...more,
});

async function worldOn(server: RedisServer): Promise<World> {
  return startWorld({
    settings: {
      NORTHGATE_JOURNAL_URL: `redis://127.0.0.1:${server.port}`,
      NORTHGATE_JOURNAL_KEY: randomBytes(32).toString('base64'),
    },
    internals: { leaseTtlMs: 3_000 },
  });
}

const create = (world: World, id: string, headers = keyed(id)): Promise<Told> =>
  world.send('POST', `/ESCManager/v0/tenants/${id}`, `<tenant><name>${id}</name></tenant>`, headers);

const executed = (world: World, id: string): number =>
  world.pair.requests.filter(({ method, path }) => method === 'POST' && path.endsWith(`/${id}`)).length;

const made = (world: World, id: string): number =>
  world.pair.ledger.filter((effect) => effect.id === id && effect.kind === 'created').length;

/** ESC executes it and answers only a while later. */
async function sent(world: World, id: string, headers?: Record<string, string>): Promise<{ told: Promise<Told> }> {
  world.pair.inject({ fault: 'delay', when: 'after', delayMs: answerDelayMs, match: { path: `/${id}` } });
  const told = create(world, id, headers);
  await until(() => made(world, id) === 1, `ESC has ${id}`);
  return { told };
}

/** Refused again and again at first; then it is done. */
async function taken(world: World, id: string): Promise<void> {
  await until(async () => (await create(world, id)).status === 200, `${id} is taken`, 120_000);
}

suite('R35 while the journal’s Redis', { skip: redisSkip, concurrency: 2 }, () => {
  for (const [name, { begin, end }] of Object.entries(ways)) {
    test(`${name}, nothing new is sent, and what was sent is answered or promised; afterwards all of it is done, once`, async () => {
      await using server = await startRedis();
      await using world = await worldOn(server);
      const before = await create(world, 'before');
      assert.equal(before.status, 200);
      const patient = await sent(world, 'patient');
      const hurried = await sent(world, 'hurried', keyed('hurried', { Prefer: `wait=${waitSeconds}` }));

      await begin(server);
      const beganAt = Date.now();
      const refused = await create(world, 'refused');
      assert.equal(refused.status, 503, refused.body);
      assert.match(refused.body, /journal-unavailable.*"sent":"no"/s);
      assert.ok(Date.now() - beganAt < refusedMaxMs);
      // Its answer may have been recorded just before.
      assert.ok([200, 202].includes((await hurried.told).status));
      await end(server);

      assert.equal((await patient.told).status, 200);
      await taken(world, 'after');
      const { journal } = world.gateway;
      await until(async () => (await journal.open({ afterSequence: 0, limit: 9 })).length === 0, 'everything ends');
      for (const id of ['before', 'patient', 'hurried', 'after']) {
        const again = await create(world, id);
        assert.deepEqual([again.status, again.headers['idempotent-replayed']], [200, 'true'], id);
        assert.deepEqual([made(world, id), executed(world, id)], [1, 1], id);
      }
      assert.deepEqual((await create(world, 'before')).body, before.body);
      assert.equal(executed(world, 'refused'), 0);
      const settled = await journal.list({ limit: 99 });
      const ended = settled.map(({ path, state }) => `${path.split('/').at(-1)} ${state.status}`).sort();
      assert.deepEqual(
        ended.filter((each) => !each.startsWith('refused') && each !== 'after abandoned'),
        ['after completed', 'before completed', 'hurried completed', 'patient completed'],
      );
    });
  }
});
