/** Requests that join may name other Callback URLs: each distinct one gets the completion, once (R26). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallbackServer } from '../callbacks/relaying.ts';
import { type CompletionWorld, startCompletionWorld } from '../support/completion.ts';
import { type Operation, operationNamed } from '../support/completion-operations.ts';
import { until } from '../support/until.ts';
import type { Told } from '../support/world.ts';

const create = operationNamed('create a tenant');
const ways = [
  { name: 'with a key', headers: { 'idempotency-key': '"k"' } },
  { name: 'without a key', headers: {} },
] as const;

/** The same order again and again; only the URL differs. */
const order = (
  world: CompletionWorld,
  callback: string | null,
  headers: Readonly<Record<string, string>>,
): Promise<Told> => {
  const named = callback === null ? {} : { callback };
  const told = world.world.send(create.method, create.path('one'), create.body?.('one'), { ...named, ...headers });
  told.catch(() => undefined);
  return told;
};

const urlOf = (server: CallbackServer, mark: string): string => `http://127.0.0.1:${server.port}/cb/${mark}`;

/** Completions that came to this URL, by the id that they name. */
const completions = (server: CallbackServer, mark: string): string[] =>
  server.heard
    .filter(({ url, body }) => url === `/cb/${mark}` && body.includes(`<event_type>${create.ends}</event_type>`))
    .map(({ headers }) => headers[headers.findIndex((name) => /^esc[-_]transaction[-_]id$/i.test(name)) + 1] ?? '');

const joinedBy = async (world: CompletionWorld, count: number): Promise<void> => {
  const { journal } = world.world.gateway;
  await until(async () => {
    const [newest] = await journal.list({ limit: 1 });
    return newest?.joined === count && world.pair.faultsWaiting === 0;
  }, `${count} further URLs are recorded, and ESC has the first request`);
};

/** ESC has the request and keeps silent about it, so that others can join. */
async function silent(world: CompletionWorld, operation: Operation): Promise<void> {
  world.pair.inject({
    fault: 'hang',
    when: 'before',
    match: { method: operation.method, path: operation.path('one') },
  });
}

async function told(world: CompletionWorld): Promise<void> {
  await until(async () => {
    const [newest] = await world.world.gateway.journal.list({ limit: 1 });
    return newest?.state.status === 'completed' && newest.reports.every(({ delivery }) => delivery.state !== 'waiting');
  }, 'it is completed and nothing is left to deliver');
}

for (const [index, { name, headers }] of ways.entries()) {
  test(`R26 ${name}: each distinct URL of those who join gets the completion once, under the same id`, async () => {
    await using world = await startCompletionWorld({ place: 60 + index });
    const { client } = world;
    await silent(world, create);
    const answers = ['a', 'b', 'a', 'c', 'b'].map((mark) => ({
      mark,
      told: order(world, urlOf(client, mark), headers),
    }));
    await joinedBy(world, 2);
    await world.pair.switchover('application');
    const ids = new Set<unknown>();
    for (const each of answers) ids.add((await each.told).headers['esc-transaction-id']);
    assert.equal(ids.size, 1);
    await told(world);
    for (const mark of ['a', 'b', 'c']) assert.deepEqual(completions(client, mark), [...ids], mark);
    const deliveries = client.heard.map(({ delivery }) => delivery);
    assert.equal(new Set(deliveries).size, deliveries.length, 'each delivery has an id of its own');
  });

  test(`R26 ${name}: who joins one that wanted no callback still gets its completion, and nobody else does`, async () => {
    await using world = await startCompletionWorld({ place: 60 + index });
    await silent(world, create);
    const first = order(world, null, headers);
    const [second, third] = [order(world, urlOf(world.client, 'late'), headers), order(world, null, headers)];
    await joinedBy(world, 1);
    await world.pair.switchover('application');
    const [{ headers: known }] = await Promise.all([first, second, third]);
    await told(world);
    assert.deepEqual(completions(world.client, 'late'), [known['esc-transaction-id']]);
    // What made the world was told of too.
    const others = world.client.heard.filter(({ url }) => !/^\/cb\/(late|lan-1)$/.test(url));
    assert.deepEqual(others, []);
  });

  for (const dead of ['refuses connections', 'takes and never answers', 'answers 500'] as const) {
    test(`R26 ${name}: a first URL that ${dead} keeps nobody else waiting`, async () => {
      await using world = await startCompletionWorld({ place: 60 + index });
      const gone = new CallbackServer();
      await gone.listen();
      gone.answering = () => (dead === 'answers 500' ? 500 : false);
      const goneUrl = urlOf(gone, 'gone');
      if (dead === 'refuses connections') await gone.close();
      try {
        await silent(world, create);
        const answers = [order(world, goneUrl, headers)];
        for (const mark of ['b', 'c']) answers.push(order(world, urlOf(world.client, mark), headers));
        await joinedBy(world, 2);
        await world.pair.switchover('application');
        await Promise.all(answers);
        // Half the time that a try at the first URL may take.
        const isTold = () => ['b', 'c'].every((mark) => completions(world.client, mark).length === 1);
        await until(isTold, 'the others have their completion', 7_500);
        // While the first one is still tried.
        answers.push(order(world, urlOf(world.client, 'd'), { ...headers, 'idempotency-key': '"k"' }));
        if (name === 'with a key')
          await until(() => completions(world.client, 'd').length === 1, 'a late one too', 7_500);
      } finally {
        await gone.close();
      }
    });
  }
}

test('R26 who joins after the completion gets it too, once, and gets it again by asking with another URL only', async () => {
  await using world = await startCompletionWorld({ place: 62 });
  const { client } = world;
  const [{ headers }] = ways;
  const first = await order(world, urlOf(client, 'a'), headers);
  await told(world);
  for (const mark of ['b', 'b', 'a', 'b']) {
    const again = await order(world, urlOf(client, mark), headers);
    assert.equal(again.headers['idempotent-replayed'], 'true');
    await told(world);
  }
  await until(() => completions(client, 'b').length > 0, 'it came');
  for (const mark of ['a', 'b'])
    assert.deepEqual(completions(client, mark), [first.headers['esc-transaction-id']], mark);
});

test('R26 who joins one that had no callback, after its end, gets a completion', async () => {
  await using world = await startCompletionWorld({ place: 62 });
  const [{ headers }] = ways;
  const first = await order(world, null, headers);
  await told(world);
  await order(world, urlOf(world.client, 'late'), headers);
  await until(() => completions(world.client, 'late').length > 0, 'it came');
  assert.deepEqual(completions(world.client, 'late'), [first.headers['esc-transaction-id']]);
});

test('of one that ESC refused nobody gets a completion: its answer says all', async () => {
  await using world = await startCompletionWorld({ place: 62 });
  const [{ headers }] = ways;
  await world.done('create a tenant', 'one');
  for (const mark of ['a', 'b']) assert.equal((await order(world, urlOf(world.client, mark), headers)).status, 409);
  const [refused] = await world.world.gateway.journal.list({ limit: 1 });
  assert.deepEqual([refused?.state.status, refused?.reports], ['failed', []]);
});

test('a URL more than are kept is refused, and joins again without it', async () => {
  await using world = await startCompletionWorld({ place: 62 });
  const [{ headers }] = ways;
  await order(world, null, headers);
  await told(world);
  for (let count = 1; count <= 100; count += 1) await order(world, urlOf(world.client, `m${count}`), headers);
  const refused = await order(world, urlOf(world.client, 'm101'), headers);
  assert.deepEqual([refused.status, JSON.parse(refused.body).type], [400, 'urn:northgate:problem:callback-refused']);
  assert.equal((await order(world, urlOf(world.client, 'm100'), headers)).status, 200);
  assert.equal((await order(world, null, headers)).status, 200);
});
