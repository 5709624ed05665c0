/** What monitoring sees after a story: the numbers agree with what happened. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCompletionWorld } from '../support/completion.ts';
import { operationNamed } from '../support/completion-operations.ts';
import { counted, ops, shut } from '../support/ops.ts';
import { until } from '../support/until.ts';
import { startWorld, type World } from '../support/world.ts';

async function metricsOf(world: World): Promise<(name: string) => number> {
  const { text, headers } = await ops(world).get('/metrics').expect(200);
  assert.match(String(headers['content-type']), /^text\/plain; version=0\.0\.4/);
  return (name) => {
    const line = text.split('\n').find((each) => each.startsWith(`${name} `));
    assert.ok(line !== undefined, `${name} is not among the metrics`);
    return Number(line.slice(name.length + 1));
  };
}

test('attempts, replays, ends, the gate, the epoch and the journal are counted', async () => {
  await using world = await startWorld();
  await world.createTenant('alpha');
  world.pair.crashAt('before-commit', { method: 'POST' });
  await world.createTenant('beta');
  await world.send('DELETE', '/ESCManager/v0/tenants/nobody');
  await counted(world, 'completed', 2);
  const value = await metricsOf(world);

  assert.equal(value('northgate_attempt_seconds_count{outcome="answered"}'), 3);
  assert.equal(value('northgate_attempt_seconds_count{outcome="unknown"}'), 1);
  assert.equal(value('northgate_replays_total'), 1);
  assert.equal(value('northgate_transaction_seconds_count{status="completed"}'), 2);
  assert.equal(value('northgate_transaction_seconds_count{status="failed"}'), 1);
  assert.equal(value('northgate_transactions{status="completed"}'), 2);
  assert.equal(value('northgate_switchovers_total'), 1);
  assert.equal(value('northgate_epoch'), world.gateway.coordinator.epoch);
  assert.equal(value('northgate_gate_open'), 1);
  assert.ok(value('northgate_journal_call_seconds_count{operation="create",result="answered"}') >= 3);
});

test('what is held is counted, in requests and bytes, while it is', async () => {
  await using world = await startWorld();
  await shut(world);
  const told = world.createTenant('patient');
  await until(async () => (await world.gateway.journal.counts()).held === 1, 'it is held');
  const value = await metricsOf(world);
  assert.equal(value('northgate_gate_open'), 0);
  assert.equal(value('northgate_held_requests'), 1);
  assert.ok(value('northgate_held_bytes') > 0);
  assert.equal(value('northgate_lanes_waiting'), 1);
  await world.pair.proceed();
  await told;
  assert.equal((await metricsOf(world))('northgate_held_requests'), 0);
});

test('an end is counted once, whatever is delivered, given up and sent again after it', async () => {
  await using completion = await startCompletionWorld();
  const { world, client } = completion;
  const before = (await metricsOf(world))('northgate_transaction_seconds_count{status="completed"}');
  client.answering = () => 404;
  const { id } = await completion.ended(completion.order(operationNamed('create a tenant'), 'shop'));
  client.answering = () => 200;
  await ops(world).post(`/v1/dead-letters/${id}-1/resend`).expect(202);
  const isDelivered = async (): Promise<boolean> =>
    (await world.gateway.journal.get(id))?.reports[0]?.delivery.state === 'delivered';
  await until(isDelivered, 'it is delivered');
  const after = (await metricsOf(world))('northgate_transaction_seconds_count{status="completed"}');
  assert.equal(after - before, 1);
});
