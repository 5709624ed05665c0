// A Redis that freezes, dies, comes back, or whose replies are lost.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { suite, test } from 'node:test';
import { setImmediate as immediate } from 'node:timers/promises';
import { moved } from '../../src/domain/transaction.ts';
import { redisSkip, startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { redisPlace } from './redis-place.ts';
import { bytes, held, kept, state, toSend } from './samples.ts';
import { startWriting } from './writing.ts';

const commandTimeoutMs = 2000;

/** Between a journal and its server: passes bytes on until it is told to keep the replies. */
async function startLossy(port: number): Promise<AsyncDisposable & { port: number; lossy: boolean; cut(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((down) => {
    const up = connect(port, '127.0.0.1');
    for (const socket of [down, up]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        down.destroy();
        up.destroy();
      });
    }
    down.pipe(up);
    up.on('data', (reply) => {
      if (!proxy.lossy) down.write(reply);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const proxy = {
    port: address !== null && typeof address !== 'string' ? address.port : 0,
    lossy: false,
    cut: () => sockets.forEach((socket) => void socket.destroy()),
    async [Symbol.asyncDispose]() {
      proxy.cut();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}

suite('a Redis that fails', { skip: redisSkip, concurrency: 2 }, () => {
  test('when it freezes, writes and reads end within the time-out of a command; when it goes on, so does the journal', async () => {
    await using server = await startRedis();
    await using here = await redisPlace(server);
    const journal = await here.open();
    const first = await kept(journal, held());
    server.stop();
    const before = performance.now();
    const said = await Promise.all([
      journal.create({ transaction: held(), request: bytes('') }),
      journal.replace({ transaction: moved(first, state.abandoned()) }),
      journal.bumpEpoch(0, null),
      journal.renewLease('r', 1000),
      journal.get(first.id).catch(({ name }: Error) => ({ word: name })),
      journal.list({ limit: 1 }).catch(({ name }: Error) => ({ word: name })),
      journal.durability().catch(({ name }: Error) => ({ word: name })),
    ]);
    const tookMs = performance.now() - before;
    assert.ok(tookMs < commandTimeoutMs + 30_000, `took ${tookMs} ms`);
    const words = said.map((each) => (typeof each === 'object' && each !== null && 'word' in each ? each.word : each));
    const [u, j] = ['unavailable', 'JournalUnavailable'];
    assert.deepEqual(words, [u, u, u, u, j, j, j]);
    server.cont();
    await until(
      async () => (await journal.create({ transaction: held(), request: bytes('') })).word === 'created',
      'it is written again',
    );
  });

  test('when it is gone, writes are refused at once; when it is back with its log, everything confirmed is there', async () => {
    await using server = await startRedis();
    await using here = await redisPlace(server);
    const journal = await here.open();
    const made = await kept(journal, toSend(held({ key: 'k' })));
    await server.kill9();
    await until(
      async () => (await journal.create({ transaction: held(), request: bytes('') })).word === 'unavailable',
      'it is refused',
    );
    // At once: within a few turns of the event loop, not when the next attempt to connect has failed.
    const refused = journal.create({ transaction: held(), request: bytes('') });
    let isRefused = false;
    void refused.then(() => {
      isRefused = true;
    });
    for (let turns = 0; turns < 5; turns += 1) await immediate();
    assert.ok(isRefused, 'the write waits for the server');
    assert.equal((await refused).word, 'unavailable');
    await server.restart();
    const next = held();
    await until(
      async () => (await journal.create({ transaction: next, request: bytes('') })).word === 'created',
      'it is written again',
    );
    assert.deepEqual(await journal.get(made.id), made);
  });

  test('everything that was confirmed is there after SIGKILL of the server at any moment', async () => {
    await using server = await startRedis();
    await using here = await redisPlace(server);
    const options = { ...here.options, key: null, plaintext: true };
    for (let time = 0; time < 3; time += 1) {
      await using writing = startWriting(options, `run${time}`);
      await writing.reaches(50 + Math.floor(Math.random() * 500));
      await server.kill9();
      await until(() => writing.lines.some((line) => line.startsWith('unavailable')), 'the writer is refused');
      await writing.kill9();
      await server.restart();
      const journal = await here.open({ key: null, plaintext: true });
      for (const id of writing.created()) {
        assert.equal((await journal.get(id))?.state.status, 'in-flight', id);
        assert.equal((await journal.body(id, 'request'))?.length, 2048, id);
      }
      await journal.close();
    }
  });

  test('writes whose replies were lost are repeated and find themselves done', async () => {
    await using server = await startRedis();
    await using proxy = await startLossy(server.port);
    await using here = await redisPlace(server);
    const journal = await here.open({ url: { ...server.url, port: proxy.port } });
    const witness = await here.open();
    const lost = async <Said extends { word: string } | string>(
      write: () => Promise<Said>,
      isThere: () => Promise<boolean>,
    ) => {
      proxy.lossy = true;
      const first = write();
      await until(isThere, 'the write is in Redis');
      proxy.cut();
      const said = await first;
      assert.equal(typeof said === 'string' ? said : said.word, 'unavailable');
      proxy.lossy = false;
      await until(
        () =>
          journal.epoch().then(
            () => true,
            () => false,
          ),
        'it is connected again',
      );
      return write();
    };
    // So that the server has the scripts: the reply that it has not is one that must come through.
    await kept(journal, held());
    await journal.bumpEpoch(7, null);
    const creation = toSend(held({ key: 'k' }));
    const { id } = creation.transaction;
    const created = await lost(
      () => journal.create(creation),
      async () => (await witness.get(id)) !== null,
    );
    assert.ok(created.word === 'created' && created.transaction.state.status === 'in-flight');
    const replacement = { transaction: moved(created.transaction, state.completed()) };
    const isSettled = async () => (await witness.get(id))?.state.status === 'completed';
    const replaced = await lost(() => journal.replace(replacement), isSettled);
    assert.deepEqual(replaced, { word: 'replaced', transaction: { ...replacement.transaction, version: 2 } });
    const record = {
      epoch: 1,
      cause: 'failover',
      detectedAt: 1,
      readyAt: null,
      recoveredAt: null,
      from: null,
      to: null,
    } as const;
    const numbers = { held: 0, replayed: 0, reconciled: 0, completed: 0, abandoned: 0 };
    const switchover = { ...record, ...numbers };
    const bumped = await lost(
      () => journal.bumpEpoch(0, switchover),
      async () => (await witness.epoch()) === 1,
    );
    assert.deepEqual(bumped, { word: 'bumped', epoch: 1 });
    assert.equal((await witness.list({ limit: 10 })).length, 2);
  });

  test('a gateway hears of another’s writes again when the server is back', async () => {
    await using server = await startRedis();
    await using here = await redisPlace(server);
    const [one, other] = [await here.open(), await here.open()];
    let heard = 0;
    other.subscribe(() => {
      heard += 1;
    });
    await server.restart();
    await until(async () => {
      await one.create({ transaction: held(), request: bytes('') });
      return heard > 0;
    }, 'the other gateway hears');
  });

  test('a journal closes while its server is frozen', async () => {
    await using server = await startRedis();
    await using here = await redisPlace(server);
    const journal = await here.open();
    server.stop();
    const begun = journal.create({ transaction: held(), request: bytes('') });
    const before = performance.now();
    await journal.close();
    assert.equal((await begun).word, 'unavailable');
    assert.ok(performance.now() - before < commandTimeoutMs + 30_000);
  });
});
