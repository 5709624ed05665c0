/** Each metric moves when its thing happens: requests, holds, replays, switchovers, callbacks, the journal, the lease. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Journal } from '../../src/journal/journal.ts';
import { openJournal } from '../../src/journal/open.ts';
import { startCompletionWorld } from '../support/completion.ts';
import { operationNamed } from '../support/completion-operations.ts';
import { awaitingOperator, ops, shut } from '../support/ops.ts';
import { until } from '../support/until.ts';
import { startWorld, tenantXml, type World } from '../support/world.ts';
import { Exposition } from './exposition.ts';

const metricsOf = async (world: World): Promise<Exposition> =>
  new Exposition((await ops(world).get('/metrics').expect(200)).text);

/** Resolves when a series has come to what it should be. */
async function comesTo(world: World, series: string, wanted: (value: number) => boolean): Promise<void> {
  await until(async () => wanted((await metricsOf(world)).value(series)), `${series} moves`);
}

test('requests are counted by method and class of their answer, for ESC and for the gateway apart', async () => {
  await using world = await startWorld();
  await world.send('GET', '/ESCManager/v0/tenants');
  await world.createTenant('alpha');
  await world.send('DELETE', '/ESCManager/v0/tenants/nobody');
  await world.send('GET', '/northgate/v1/transactions/nothing');
  const counted = (method: string, of: string, target: string): Promise<void> =>
    comesTo(
      world,
      `northgate_requests_total{method="${method}",status_class="${of}",target="${target}"}`,
      (value) => value === 1,
    );
  await counted('GET', '2xx', 'esc');
  await counted('POST', '2xx', 'esc');
  await counted('DELETE', '4xx', 'esc');
  await counted('GET', '4xx', 'gateway');
  await comesTo(world, 'northgate_request_seconds_count{target="esc"}', (value) => value === 3);
});

test('a client that leaves before its answer is counted as one', async () => {
  await using world = await startWorld();
  await shut(world);
  const leaving = new AbortController();
  const url = `${world.gateway.northbound.url}/ESCManager/v0/tenants/left`;
  const told = fetch(url, { method: 'POST', body: tenantXml('left'), signal: leaving.signal });
  await comesTo(world, 'northgate_held_requests', (value) => value === 1);
  leaving.abort();
  await assert.rejects(told);
  await comesTo(world, 'northgate_requests_total{method="POST",status_class="none"}', (value) => value === 1);
});

test('a hold is seen while it lasts, and measured when it ends', async () => {
  await using world = await startWorld();
  await shut(world);
  const told = world.createTenant('patient');
  await comesTo(world, 'northgate_oldest_waiting_seconds{status="held"}', (value) => value > 0);
  const during = await metricsOf(world);
  assert.equal(during.value('northgate_gate_mode{mode="holding",reason="switchover"}'), 1);
  assert.equal(during.value('northgate_gate_mode{mode="open"}'), 0);
  assert.equal(during.value('northgate_held_requests_limit'), 10_000);
  assert.equal(during.value('northgate_held_bytes_limit'), 256 * 1024 * 1024);
  await world.pair.proceed();
  await told;
  const after = await metricsOf(world);
  assert.equal(after.value('northgate_oldest_waiting_seconds{status="held"}'), 0);
  assert.equal(after.value('northgate_hold_seconds_count{end="sent"}'), 1);
});

test('what is abandoned unsent is measured as such', async () => {
  await using world = await startWorld({ settings: { NORTHGATE_HOLD_TIMEOUT: '100ms' } });
  await shut(world);
  assert.equal((await world.createTenant('late')).status, 503);
  await comesTo(world, 'northgate_hold_seconds_count{end="abandoned"}', (value) => value === 1);
});

test('a switchover moves roles, health, epoch, probes and phases, and replays are told by what they came to', async () => {
  await using world = await startWorld();
  const before = await metricsOf(world);
  const [first = '', second = ''] = world.pair.nodes;
  assert.equal(before.value(`northgate_node_role{node="${first}",role="active"}`), 1);
  world.pair.crashAt('before-commit', { method: 'POST' });
  assert.equal((await world.createTenant('again')).headers['northgate-attempts'], '2');
  await comesTo(world, `northgate_node_role{node="${second}",role="active"}`, (value) => value === 1);
  await comesTo(world, `northgate_health{target="${second}",health="ready"}`, (value) => value === 1);
  await comesTo(world, 'northgate_switchover_seconds_count{phase="recovered"}', (value) => value === 1);
  const after = await metricsOf(world);
  assert.equal(after.value('northgate_switchover_seconds_count{phase="ready"}'), 1);
  assert.equal(after.value('northgate_epoch'), before.value('northgate_epoch') + 1);
  assert.equal(after.value('northgate_switchovers_total'), 1);
  assert.equal(after.value('northgate_replay_seconds_count{verdict="sent-again"}'), 1);
  for (const outcome of ['ready', 'down'])
    assert.ok(after.value(`northgate_probes_total{target="vip",outcome="${outcome}"}`) > 0, outcome);
  assert.equal(after.value('northgate_probe_seconds_count'), after.value('northgate_probes_total'));
});

test('a replay that found it there is told from one that sent it again', async () => {
  await using world = await startWorld();
  world.pair.crashAt('after-commit', { method: 'POST' });
  assert.equal((await world.createTenant('there')).headers['northgate-attempts'], '1');
  const told = await metricsOf(world);
  const found = ['found-done', 'found-under-way'].map((verdict) =>
    told.value(`northgate_replay_seconds_count{verdict="${verdict}"}`),
  );
  assert.deepEqual(found.sort(), [0, 1]);
  assert.equal(told.value('northgate_replay_seconds_count{verdict="sent-again"}'), 0);
});

test('what is left to the operator is counted as waiting for one', async () => {
  await using world = await startWorld();
  const { told: waiting } = await awaitingOperator(world);
  // Its client still waits when the world ends.
  waiting.catch(() => undefined);
  const told = await metricsOf(world);
  assert.equal(told.value('northgate_transactions{status="awaiting-operator"}'), 1);
  assert.equal(told.value('northgate_replay_seconds_count{verdict="left-to-operator"}'), 1);
});

test('reports, deliveries, dead letters and the lag between them are counted', async () => {
  await using completion = await startCompletionWorld();
  const { world, client } = completion;
  const before = await metricsOf(world);
  await completion.done('create a tenant', 'shop');
  client.answering = () => 404;
  await completion.ended(completion.order(operationNamed('create a tenant'), 'refusing'));
  await comesTo(world, 'northgate_deliveries_total{result="dead"}', (value) => value === 1);
  const after = await metricsOf(world);
  const more = (series: string): number => after.value(series) - before.value(series);
  assert.equal(more('northgate_reports_total{word="settled"}'), 2);
  assert.equal(more('northgate_deliveries_total{result="delivered"}'), 1);
  assert.equal(more('northgate_delivery_lag_seconds_count'), 1);
});

test('a journal that does not answer is counted by operation', async () => {
  let isAway = false;
  const away: Journal['create'] = () => Promise.resolve({ word: 'unavailable', cause: new Error('away') });
  const open = async (options: Parameters<typeof openJournal>[0]): Promise<Journal> =>
    new Proxy(await openJournal(options), {
      get: (journal, name) => {
        const member: unknown = isAway && name === 'create' ? away : Reflect.get(journal, name);
        return typeof member === 'function' ? member.bind(journal) : member;
      },
    });
  await using world = await startWorld({ internals: { open } });
  isAway = true;
  assert.equal((await world.createTenant('refused')).status, 503);
  isAway = false;
  const told = await metricsOf(world);
  assert.ok(told.value('northgate_journal_call_seconds_count{operation="create",result="unavailable"}') >= 1);
  await comesTo(
    world,
    'northgate_requests_total{method="POST",status_class="5xx",target="esc"}',
    (value) => value === 1,
  );
});

test('the lease, the replicas, the build and the process are told', async () => {
  await using world = await startWorld({ settings: { NORTHGATE_JOURNAL_PLAINTEXT: 'true' } });
  const told = await metricsOf(world);
  assert.ok(told.value('northgate_lease_remaining_seconds') > 0);
  assert.equal(told.value('northgate_replicas{lease="held"}'), 1);
  assert.equal(told.value(`northgate_build_info{node="${process.version}"}`), 1);
  assert.equal(told.value('northgate_warnings'), 1);
  for (const name of ['nodejs_eventloop_lag_p99_seconds', 'process_resident_memory_bytes', 'process_open_fds'])
    assert.ok(told.value(name) >= 0, name);
});
