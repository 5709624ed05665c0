/** The stream of events: what it tells, and that it ends with the gateway. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { ops } from '../support/ops.ts';
import { until } from '../support/until.ts';
import { startWorld, type World } from '../support/world.ts';

interface Told {
  readonly name: string;
  readonly data: Record<string, unknown>;
}

interface Watching {
  readonly told: Told[];
  readonly type: string | null;
  readonly ended: Promise<'ended' | 'broken'>;
  stop(): void;
}

async function watch(world: World): Promise<Watching> {
  const stopped = new AbortController();
  const answer = await fetch(`${world.gateway.ops.url}/v1/events`, { signal: stopped.signal });
  const told: Told[] = [];
  const read = async (): Promise<void> => {
    let pending = '';
    const decoder = new TextDecoder();
    for await (const chunk of answer.body ?? []) {
      const blocks = (pending + decoder.decode(chunk, { stream: true })).split('\n\n');
      pending = blocks.pop() ?? '';
      for (const block of blocks) {
        const [, name, data] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
        if (name !== undefined) told.push({ name, data: JSON.parse(data ?? '') });
      }
    }
  };
  const ended = read().then(
    () => 'ended' as const,
    () => 'broken' as const,
  );
  return { told, type: answer.headers.get('content-type'), ended, stop: () => stopped.abort() };
}

test('it begins with the pair, then tells each change of a transaction, the gate and a switchover', async () => {
  await using world = await startWorld();
  const watching = await watch(world);
  assert.equal(watching.type, 'text/event-stream');
  await until(() => watching.told.length > 0, 'something is told');
  assert.equal(watching.told[0]?.name, 'pair');
  assert.equal(watching.told[0]?.data.gate, 'open');

  const { headers } = await world.createTenant('alpha');
  const statusesOf = (id: unknown) =>
    watching.told.filter(({ name, data }) => name === 'transaction' && data.id === id).map(({ data }) => data.status);
  await until(() => statusesOf(headers['northgate-transaction']).at(-1) === 'completed', 'its end is told');

  world.pair.crashAt('before-commit', { method: 'POST' });
  await world.createTenant('beta');
  await until(() => watching.told.some(({ name }) => name === 'switchover'), 'the switchover is told');
  assert.ok(watching.told.some(({ name, data }) => name === 'pair' && data.gate === 'holding'));
  watching.stop();
  await watching.ended;
});

test('streams end with the gateway, so that they do not hold it up', async () => {
  await using world = await startWorld();
  const watching = await Promise.all([watch(world), watch(world)]);
  await world.gateway.close();
  for (const { ended } of watching) assert.equal(await ended, 'ended');
});

test('a connection that never asked anything does not hold up the gateway’s end', async () => {
  await using world = await startWorld();
  const silent = connect(world.gateway.ops.port, '127.0.0.1').on('error', () => undefined);
  await once(silent, 'connect');
  await ops(world).get('/livez');
  const closed = once(silent, 'close');
  silent.resume();
  await world.gateway.close();
  await closed;
});

test('one stream too many is refused, and a place is free again when one ends', async () => {
  await using world = await startWorld();
  const watching = await Promise.all(Array.from({ length: 100 }, () => watch(world)));
  const refused = await ops(world).get('/v1/events').expect(429);
  assert.equal(refused.body.type, 'urn:northgate:problem:rate-limited');
  watching[0]?.stop();
  await until(async () => {
    const next = await watch(world);
    next.stop();
    return next.type === 'text/event-stream';
  }, 'a place is free');
  for (const each of watching) each.stop();
});
