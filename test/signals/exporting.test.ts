/** What a collector does that is away, refuses or hangs: nothing to requests, to memory, or to the gateway's end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { startExporting } from '../../src/tracing/exporting.ts';
import { freePort } from '../support/free-port.ts';
import { ops } from '../support/ops.ts';
import { until } from '../support/until.ts';
import { startWorld, type World } from '../support/world.ts';
import { type Collector, startCollector } from './collector.ts';
import { Exposition } from './exposition.ts';

const spansTold = async (world: World, result: string): Promise<number> => {
  const { text } = await ops(world).get('/metrics').expect(200);
  return new Exposition(text).value(`northgate_trace_spans_total{result="${result}"}`);
};

const log = pino({ level: 'silent' });

/** Spans taken and dropped as they are told. */
function counting(endpoint: string) {
  const counts = { taken: 0, dropped: 0 };
  const onExported = (count: number, isTaken: boolean): void => {
    counts[isTaken ? 'taken' : 'dropped'] += count;
  };
  const exporting = startExporting({ endpoint, version: '0', replica: 'r', log, onExported });
  const make = (count: number): void => {
    for (let made = 0; made < count; made += 1) exporting.tracer.startSpan('span').end();
  };
  return { counts, make, close: () => exporting.close() };
}

const troubles: readonly [string, Collector['answering']][] = [
  ['refuses', () => 400],
  ['never answers', () => false],
];
for (const [what, answering] of troubles) {
  test(`a collector that ${what} is not noticed by requests, and what it does not take is counted`, async () => {
    await using collector = await startCollector();
    collector.answering = answering;
    await using world = await startWorld({ settings: { NORTHGATE_TRACING_ENDPOINT: collector.url } });
    for (const id of ['one', 'two', 'three']) assert.equal(Math.floor((await world.createTenant(id)).status / 100), 2);
    await until(async () => (await spansTold(world, 'failed')) > 0, 'they are counted');
    collector.answering = () => 200;
    await world.createTenant('four');
    await until(async () => (await spansTold(world, 'exported')) > 0, 'the next ones are taken');
  });
}

test('a collector that is not there is not noticed by requests either, nor by the end of the gateway', async () => {
  const port = await freePort();
  const world = await startWorld({ settings: { NORTHGATE_TRACING_ENDPOINT: `http://127.0.0.1:${port}/` } });
  assert.equal(Math.floor((await world.createTenant('one')).status / 100), 2);
  await until(async () => (await spansTold(world, 'failed')) > 0, 'they are counted');
  await world[Symbol.asyncDispose]();
});

test('what waits for a collector that hangs is bounded; the rest is dropped at once and counted', async () => {
  await using collector = await startCollector();
  collector.answering = () => false;
  const { counts, make, close } = counting(collector.url);
  make(6000);
  assert.ok(counts.dropped >= 6000 - 4096, `${counts.dropped} dropped`);
  await until(() => collector.posts > 0, 'the first ones are there, and hang');
  collector.answering = () => 200;
  // What hangs is given up, and room is there again.
  await until(() => counts.dropped + counts.taken === 6000, 'all are accounted for');
  const { taken, dropped } = counts;
  assert.ok(dropped > 6000 - 4096, 'with those that hung');
  make(10);
  await until(() => counts.taken >= taken + 10, 'further ones are taken');
  await close();
});

test('what waits when the gateway ends is handed over', async () => {
  await using collector = await startCollector();
  const { counts, make, close } = counting(`${collector.url}/v1/traces`);
  make(700);
  await close();
  assert.equal(counts.taken, 700);
  assert.equal(collector.spans.length, 700);
  assert.deepEqual([...collector.paths], ['/v1/traces']);
});
