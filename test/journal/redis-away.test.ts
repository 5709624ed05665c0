// Each way in which a Redis can be of no use: what writes and reads say meanwhile, in what time, and that it works again.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { moved } from '../../src/domain/transaction.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { type RedisServer, redisSkip, startRedis } from '../support/redis.ts';
import { asking } from '../support/redis-sentinels.ts';
import { until } from '../support/until.ts';
import { redisPlace } from './redis-place.ts';
import { bytes, held, kept, state } from './samples.ts';

/** That of a command, and much for a busy machine; without a limit it would be for ever. */
const answersMaxMs = 2000 + 10_000;

interface Row {
  readonly begin: (server: RedisServer) => unknown;
  readonly end: (server: RedisServer) => unknown;
  /** What writes give as their cause, sooner or later. */
  readonly says: RegExp;
  readonly reads: 'fail' | 'go on';
  /** What a write may say besides `unavailable`. */
  readonly lets?: readonly string[];
  readonly after: 'all is there' | 'nothing is there';
}

const tell =
  (...words: string[]) =>
  (server: RedisServer) =>
    asking(server.port, {}, (redis) => redis.call(words[0] ?? '', ...words.slice(1)));
const whole = 'all is there';

const ways: Readonly<Record<string, Row>> = {
  'gone and refuses connections': {
    begin: (server) => server.kill9(),
    end: (server) => server.restart(),
    says: /isn't writeable/,
    reads: 'fail',
    after: whole,
  },
  frozen: {
    begin: (server) => server.stop(),
    end: (server) => server.cont(),
    says: /timed out/,
    reads: 'fail',
    after: whole,
  },
  'slower than a command may take': {
    // Its end has to be waited for as well, so that only a start makes it quick again.
    begin: tell('CLIENT', 'PAUSE', '600000', 'ALL'),
    end: (server) => server.restart(),
    says: /timed out/,
    reads: 'fail',
    after: whole,
  },
  'out of memory': {
    begin: tell('CONFIG', 'SET', 'maxmemory', '1'),
    end: tell('CONFIG', 'SET', 'maxmemory', '0'),
    says: /OOM/,
    reads: 'go on',
    // What frees memory, or does so first, is let through whole.
    lets: ['written', 'released'],
    after: whole,
  },
  'without the replicas that it asks for': {
    begin: tell('CONFIG', 'SET', 'min-replicas-to-write', '1'),
    end: tell('CONFIG', 'SET', 'min-replicas-to-write', '0'),
    says: /NOREPLICAS/,
    reads: 'go on',
    after: whole,
  },
  'a replica now, and read-only': {
    begin: tell('REPLICAOF', '127.0.0.1', '1'),
    end: tell('REPLICAOF', 'NO', 'ONE'),
    says: /READONLY/,
    reads: 'fail',
    after: whole,
  },
  'restarted empty': {
    begin: (server) => server.kill9(),
    end: (server) => server.restartEmpty(),
    says: /isn't writeable/,
    reads: 'fail',
    after: 'nothing is there',
  },
};

suite('a Redis that is', { skip: redisSkip, concurrency: 2 }, () => {
  for (const [name, { begin, end, says, reads, lets = [], after }] of Object.entries(ways)) {
    test(`${name}: writes are unavailable, reads ${reads}, both in time, and both work again after`, async () => {
      await using server = await startRedis();
      await using here = await redisPlace(server);
      const journal = await here.open();
      const servers: string[] = [];
      journal.subscribeServer((runId) => servers.push(runId));
      const made = await kept(journal, held({ key: 'k' }));
      const other = await kept(journal, held({ twin: 'other' }));

      await begin(server);
      const causes: string[] = [];
      const isSaid = async (): Promise<boolean> => {
        const said = await inTime(journal.create({ transaction: held(), request: bytes('') }));
        if (said.word === 'unavailable') causes.push(String(said.cause));
        return causes.some((cause) => says.test(cause));
      };
      await until(isSaid, `${says} is said`);
      const words = await inTime(Promise.all(allWrites(journal, other)));
      assert.deepEqual(
        new Set(words.filter((word) => !lets.includes(word))),
        new Set(['unavailable']),
        causes.join('\n'),
      );
      const expected = reads === 'fail' ? 'JournalUnavailable' : 'read';
      if (name.includes('replica now'))
        await until(async () => (await inTime(readsOf(journal, made.id))) === expected, expected);
      assert.equal(await inTime(readsOf(journal, made.id)), expected);

      await end(server);
      const works = async (): Promise<boolean> => (await inTime(journal.renewLease('r', 1000))) === 'renewed';
      await until(works, 'it is written again', 60_000);
      assert.deepEqual(await journal.get(made.id), after === whole ? made : null);
      const again = await journal.create({ transaction: held({ key: 'k' }), request: bytes('') });
      assert.equal(again.word, after === whole ? 'key-taken' : 'created');
      const isAnother = /^(gone|restarted|slower)/.test(name);
      assert.equal(servers.length, isAnother ? 1 : 0);
    });
  }

  test('restarted empty is claimed anew, so that a gateway with another key is still refused', async () => {
    await using server = await startRedis();
    await using here = await redisPlace(server);
    const journal = await here.open();
    await server.restartEmpty();
    await until(async () => (await journal.renewLease('r', 1000)) === 'renewed', 'it is written again');
    await assert.rejects(here.open({ key: new Uint8Array(32).fill(1) }), /is sealed with key \w+, which is not here/);
  });
});

/** Every write of the port; replacing moves the record that is there. */
function allWrites(journal: Journal, made: Awaited<ReturnType<typeof kept>>): Promise<string>[] {
  const wordOf = async (said: Promise<{ readonly word: string } | string>): Promise<string> => {
    const word = await said;
    return typeof word === 'string' ? word : word.word;
  };
  const record = {
    epoch: 1,
    cause: 'unknown',
    detectedAt: 1,
    readyAt: null,
    recoveredAt: null,
    from: null,
    to: null,
  } as const;
  const numbers = { held: 0, replayed: 0, reconciled: 0, completed: 0, abandoned: 0 };
  return [
    wordOf(journal.create({ transaction: held(), request: bytes('') })),
    wordOf(journal.replace({ transaction: moved(made, state.abandoned()) })),
    wordOf(journal.release(made)),
    wordOf(journal.bumpEpoch(0, null)),
    wordOf(journal.putSwitchover({ ...record, ...numbers })),
    wordOf(journal.renewLease('r', 1000)),
  ];
}

/** `read`, or the name of what all reads throw. */
async function readsOf(journal: Journal, id: string): Promise<string> {
  const reads = [
    journal.get(id),
    journal.body(id, 'request'),
    journal.holder(held({ key: 'k' })),
    journal.list({ limit: 1 }),
    journal.open({ afterSequence: 0, limit: 1 }),
    journal.deadLetters({ limit: 1 }),
    journal.counts(),
    journal.epoch(),
    journal.switchovers(1),
    journal.leases(),
    journal.durability(),
  ];
  const said = await Promise.all(
    reads.map((read: Promise<unknown>) =>
      read.then(
        () => 'read',
        ({ name }: Error) => name,
      ),
    ),
  );
  return [...new Set(said)].join(', ');
}

async function inTime<Said>(said: Promise<Said>): Promise<Said> {
  const before = performance.now();
  const result = await said;
  const tookMs = performance.now() - before;
  assert.ok(tookMs < answersMaxMs, `took ${tookMs} ms`);
  return result;
}
