/** Completion through what goes wrong beside one switchover: a second one, a gateway's end, a client that is away. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import supertest from 'supertest';
import { doubledEffects } from '../../src/sim/ledger.ts';
import { type CompletionWorld, startCompletionWorld } from '../support/completion.ts';
import { operationNamed } from '../support/completion-operations.ts';
import { until } from '../support/until.ts';

const create = operationNamed('create a deployment');
const path = create.path('web');

const crashes: readonly (readonly ('POST' | 'DELETE')[])[] = [
  ['POST', 'POST'],
  ['POST', 'DELETE'],
  ['POST', 'DELETE', 'POST'],
];
for (const [index, methods] of crashes.entries()) {
  test(`A to B and back to A in mid-replay (${methods.join(', ')} dropped): one completion, one deployment`, async () => {
    await using world = await startCompletionWorld({
      place: 60 + index,
      settings: { NORTHGATE_REPLAY_MAX_ATTEMPTS: '5' },
    });
    for (const method of methods) world.pair.crashAt('after-answer', { method, path });
    const { epoch } = world.world.gateway.coordinator;

    const ordered = world.order(create, 'web');
    const told = await ordered.told;
    const transaction = await world.ended(ordered);

    assert.equal(transaction.state.status, 'completed', JSON.stringify(transaction));
    assert.ok(world.world.gateway.coordinator.epoch >= epoch + methods.length);
    judgeOnce(world, ordered, told.headers['esc-transaction-id']);
  });
}

function judgeOnce(world: CompletionWorld, ordered: Parameters<CompletionWorld['heard']>[0], id: unknown): void {
  assert.equal(world.terminal(ordered).length, 1);
  assert.deepEqual([...new Set(world.heard(ordered).map(({ transactionId }) => transactionId))], [id]);
  assert.equal(world.stateOf(ordered.subject), 'active');
  assert.deepEqual(doubledEffects(world.pair.ledger), []);
}

test('R2 and R24 what an operator cancels after its client was promised a result is reported to it as failed', async () => {
  await using world = await startCompletionWorld({ place: 70 });
  world.world.gateway.coordinator.byHand('holding');
  const ordered = world.order(create, 'unwanted', { prefer: 'respond-async' });
  const told = await ordered.told;
  assert.equal(told.status, 202);
  const { id } = await world.record(ordered);
  await supertest(world.world.gateway.ops.url).post(`/v1/transactions/${id}/cancel`).expect(202);

  const { state } = await world.ended(ordered);
  assert.equal(state.status, 'abandoned');
  const heard = world.heard(ordered).map(({ status, transactionId }) => [status, transactionId]);
  assert.deepEqual(heard, [['500', told.headers['esc-transaction-id']]]);
});

test('R30 a gateway that ends between report and relay: the next one relays it, under the same delivery id', async () => {
  await using world = await startCompletionWorld({ place: 63 });
  world.client.answering = () => 503;
  const ordered = world.order(create, 'web');
  const told = await ordered.told;
  const { id } = await world.record(ordered);
  const hasAll = async (): Promise<boolean> =>
    (await world.world.gateway.journal.get(id))?.state.status === 'completed';
  await until(hasAll, 'ESC has reported');
  await until(() => world.heard(ordered).length > 0, 'a first try was made');
  const [first] = world.heard(ordered);

  await world.world.restartGateway();
  world.client.answering = () => 200;
  await world.ended(ordered);

  const taken = world.heard(ordered).filter(({ event }) => event === create.ends);
  assert.equal(taken.length, 1);
  assert.equal(world.heard(ordered).filter(({ delivery }) => delivery === first?.delivery).length > 1, true);
  judgeOnce(world, ordered, told.headers['esc-transaction-id']);
});

test('a gateway that ends while its switchover is being made good: the next one goes on, and completes it once', async () => {
  await using world = await startCompletionWorld({ place: 64 });
  world.pair.crashAt('after-answer', { method: 'POST', path });
  const ordered = world.order(create, 'web');
  const told = await ordered.told;
  await until(() => !world.world.gateway.coordinator.isOpen, 'the gate is shut');

  await world.world.restartGateway();
  const transaction = await world.ended(ordered);

  assert.equal(transaction.state.status, 'completed', JSON.stringify(transaction));
  judgeOnce(world, ordered, told.headers['esc-transaction-id']);
});

test("the client's server is down for a while, then answers 500: every report comes, in order, once taken", async () => {
  await using world = await startCompletionWorld({ place: 65 });
  const { port } = world.client;
  await world.client.close();
  const ordered = world.order(create, 'web');
  const told = await ordered.told;
  const { id } = await world.record(ordered);
  const hasTried = async (): Promise<boolean> => {
    const tried = await world.world.gateway.journal.get(id);
    return tried?.reports.some(({ delivery }) => delivery.state === 'waiting' && delivery.tries > 0) ?? false;
  };
  await until(hasTried, 'a try has failed');
  let refusals = 1;
  const taken: string[] = [];
  world.client.answering = ({ body }) => {
    if (refusals-- > 0) return 500;
    taken.push(/<event_type>([^<]*)/.exec(body)?.[1] ?? '');
    return 200;
  };
  await world.client.listen(port);
  const transaction = await world.ended(ordered);

  assert.deepEqual(
    taken,
    transaction.reports.map(({ eventType }) => eventType),
  );
  assert.equal(taken.at(-1), create.ends);
  judgeOnce(world, ordered, told.headers['esc-transaction-id']);
});

test('a slow client gets its reports one at a time, and keeps nobody else waiting', async () => {
  await using world = await startCompletionWorld({ place: 66 });
  const open: ServerResponse[] = [];
  let openMax = 0;
  const slow = createServer((request, response) => {
    open.push(response);
    openMax = Math.max(openMax, open.length);
    request.resume();
  }).listen(0, '127.0.0.1');
  await once(slow, 'listening');
  const ordered = world.order(create, 'web', {
    Callback: `http://127.0.0.1:${(slow.address() as AddressInfo).port}/slow`,
  });
  await ordered.told;
  await until(() => open.length > 0, 'the slow one is being told');

  await world.done('create a tenant', 'quick');
  const stillWaits = (await world.record(ordered)).reports.some(({ delivery }) => delivery.state === 'waiting');
  const told = 5;
  for (let number = 1; number <= told; number += 1) {
    await until(() => open.length > 0, `report ${number} is on its way`);
    open.shift()?.writeHead(204).end();
  }
  const transaction = await world.ended(ordered);

  assert.ok(stillWaits, 'the other one was done first');
  assert.equal(openMax, 1);
  assert.equal(transaction.reports.length, told);
  slow.closeAllConnections();
  slow.close();
});

for (const transactionHeader of ['esc-transaction-id', 'ESC-Transaction-Id', 'ESC_TRANSACTION_ID'] as const) {
  test(`R21 one id in answer and reports through a switchover, spelt ${transactionHeader}`, async () => {
    await using world = await startCompletionWorld({ place: 67, pair: { profiles: { transactionHeader } } });
    world.pair.crashAt('after-answer', { method: 'POST', path });
    const ordered = world.order(create, 'web');
    const told = await ordered.told;
    await world.ended(ordered);
    judgeOnce(world, ordered, told.headers[transactionHeader.toLowerCase()]);
  });
}

test('an unknown event type and a strange spelling lose nothing: the report is relayed under the known id', async () => {
  await using world = await startCompletionWorld({ place: 68, pair: { workMs: { deployment: 200_000 } } });
  const ordered = world.order(create, 'web');
  const told = await ordered.told;
  const url = world.pair.requests.find((request) => request.path === path)?.headers.callback ?? '';
  assert.ok(url.startsWith(world.world.gateway.northbound.url));

  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'Esc-Transaction_ID': 'a-strange-one', 'ESC_STATUS-code': '200', 'X-More': 'kept' },
    body: '<deployment><event_type>VM_TELEPORTED</event_type></deployment>',
  });
  const got = () => world.heard(ordered).find(({ event }) => event === 'VM_TELEPORTED');
  await until(() => got() !== undefined, 'it is relayed');

  assert.equal(answer.status, 200);
  assert.equal(got()?.transactionId, told.headers['esc-transaction-id']);
  const [raw] = world.client.heard.filter(({ body }) => body.includes('TELEPORTED'));
  assert.ok(raw?.headers.some((value) => value.toLowerCase() === 'x-more'));
  assert.equal((await world.ended(ordered)).state.status, 'completed');
  assert.equal(world.terminal(ordered).length, 1);
});

test('R29 doubled reports reach the client once, and a recovery after the completion is relayed', async () => {
  await using world = await startCompletionWorld({ place: 69, pair: { profiles: { callbackCopies: 2 } } });
  const ordered = world.order(create, 'web', { 'Callback-ESC-Events': `http://127.0.0.1:${world.client.port}/events` });
  await ordered.told;
  await world.ended(ordered);
  assert.equal(world.heard(ordered).length, 5);

  await world.pair.recoverMachine('web', 'g1');
  const events = (): string[] =>
    world.client.heard
      .filter(({ url }) => url === '/events')
      .map(({ body }) => /VM_RECOVERY_\w+/.exec(body)?.[0] ?? '');
  await until(() => events().length === 4, 'the recovery is relayed');
  assert.equal(events().at(-1), 'VM_RECOVERY_COMPLETE');
});

test('R28 reports that the new node sends late change nothing: one completion', async () => {
  const pair = { profiles: { callbackAfterSwitchover: 'late' as const } };
  await using world = await startCompletionWorld({ place: 70, pair });
  world.pair.crashAt('before-callback', { method: 'POST', path });
  const ordered = world.order(create, 'web');
  const told = await ordered.told;
  const transaction = await world.ended(ordered);
  assert.equal(transaction.state.status, 'completed');
  judgeOnce(world, ordered, told.headers['esc-transaction-id']);
});
