/** What a client asked for on one resource happens in its order, whatever crash the first of it met (promise 4). */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isSettled } from '../../src/domain/transaction.ts';
import { crashPoints } from '../../src/sim/faults.ts';
import { doubledEffects } from '../../src/sim/ledger.ts';
import { type CompletionWorld, startCompletionWorld } from '../support/completion.ts';
import { operationNamed } from '../support/completion-operations.ts';
import { until } from '../support/until.ts';
import { uniqueId } from '../support/world.ts';

let world: CompletionWorld;
before(async () => {
  world = await startCompletionWorld({ place: 41 });
});
after(() => world[Symbol.asyncDispose]());

for (const type of ['tenant', 'deployment']) {
  for (const point of crashPoints) {
    test(`a ${type} created, dropped ${point}, and deleted meanwhile is gone in the end`, async () => {
      const subject = uniqueId('order');
      const create = operationNamed(`create a ${type}`);
      world.pair.crashAt(point, { method: 'POST', path: create.path(subject) });
      const created = world.order(create, subject);
      const deleted = await world.orderMeanwhile(operationNamed(`delete a ${type}`), subject);

      const second = await world.ended(deleted);
      const first = await world.ended(created);

      // What is being created cannot be deleted yet: ESC's 409 is the answer then (R8), and nothing was deleted.
      const isRefused = (await deleted.told).status === 409;
      assert.equal(second.state.status, isRefused ? 'failed' : 'completed', JSON.stringify(second));
      assert.ok(isSettled(first.state.status), JSON.stringify(first));
      assert.equal(world.stateOf(subject), isRefused ? 'active' : undefined, JSON.stringify([first, second]));
      assert.equal(
        isRefused,
        world.pair.vim.some((thing) => thing.endsWith(` ${subject}`)),
      );
      assert.deepEqual(doubledEffects(world.pair.ledger.filter(({ id }) => id.startsWith(subject))), []);
      assert.equal(world.terminal(deleted).length, isRefused ? 0 : 1);
      assert.equal(world.terminal(created).length, 1);
      assert.equal(world.terminal(created)[0]?.status, first.state.status === 'completed' ? '200' : '409');
      if (isRefused) return;
      const sent = world.pair.requests.filter(({ method, path }) => method !== 'GET' && path === create.path(subject));
      const lastCreate = sent.findLastIndex(({ method }) => method === 'POST');
      assert.ok(sent.findLastIndex(({ method }) => method === 'DELETE') > lastCreate, 'no create after the delete');
    });
  }
}

for (const point of ['before-commit', 'after-commit', 'after-answer', 'after-work', 'before-callback'] as const) {
  test(`a tenant deleted, dropped ${point}, and created again meanwhile stands in the end`, async () => {
    const subject = uniqueId('again');
    const create = operationNamed('create a tenant');
    await world.done(create.name, subject);
    world.pair.crashAt(point, { method: 'DELETE', path: create.path(subject) });
    const deleted = world.order(operationNamed('delete a tenant'), subject);
    const created = await world.orderMeanwhile(create, subject);
    const told = await created.told;

    const first = await world.ended(deleted);
    const [second] = await world.world.gateway.journal.list({ lane: `tenants/${subject}`, limit: 1 });

    assert.equal(first.state.status, 'completed', JSON.stringify(first));
    assert.equal(world.terminal(deleted).length, 1);
    // ESC says 409 as long as the delete is running (R8).
    const isTaken = told.status !== 409;
    if (isTaken) await until(() => world.terminal(created).length === 1, 'the create is reported');
    assert.equal(world.stateOf(subject), isTaken ? 'active' : undefined, JSON.stringify([first, second]));
    assert.deepEqual(doubledEffects(world.pair.ledger.filter(({ id }) => id === subject)), []);
  });
}

for (const isHeard of [true, false]) {
  const what = isHeard ? 'is done' : 'is done, whose answer was lost';
  test(`a create that was dropped is not said to be done because a later create of the same name ${what}`, async () => {
    // Looked at every 5 s after the switchover: what follows it in its lane is done before.
    const settings = { NORTHGATE_REPLAY_STUCK_AFTER: '60s' };
    await using slow = await startCompletionWorld({ place: 47, settings });
    const subject = uniqueId('later');
    const create = operationNamed('create a tenant');
    const path = create.path(subject);
    slow.pair.crashAt('after-answer', { method: 'POST', path });
    const dropped = await slow.record(slow.order(create, subject));
    const deleted = await slow.orderMeanwhile(operationNamed('delete a tenant'), subject);
    assert.equal((await slow.ended(deleted)).state.status, 'completed');
    if (!isHeard) slow.pair.inject({ fault: 'reset', when: 'after', match: { method: 'POST', path } });
    await slow.done(create.name, subject);

    let first = dropped;
    await until(async () => {
      first = (await slow.world.gateway.journal.get(dropped.id)) ?? first;
      return isSettled(first.state.status);
    }, 'the dropped create is settled');

    assert.equal(first.state.status, 'completed');
    assert.match('reason' in first.state ? first.state.reason : '', /^not-observed: .* later transaction/);
  });
}

test('a create that a look found under way, and that was done and deleted before the next look, is not failed', async () => {
  // ESC reports nothing to the gateway, which looks every 2 s at what was found under way.
  const settings = { NORTHGATE_REPLAY_STUCK_AFTER: '8s', NORTHGATE_COMPLETION_ASK_AFTER: '50ms' };
  const pair = { workMs: { tenant: 500_000 } };
  await using quiet = await startCompletionWorld({ place: 48, settings, pair, hasPublicUrl: false });
  const subject = uniqueId('brief');
  const create = operationNamed('create a tenant');
  quiet.pair.inject({ fault: 'reset', when: 'after', match: { method: 'POST', path: create.path(subject) } });
  const created = quiet.order(create, subject);
  assert.equal((await created.told).status, 201);
  const before = await quiet.record(created);
  assert.equal(before.state.status, 'accepted', JSON.stringify(before));
  await until(() => quiet.stateOf(subject) === 'active', 'it is done');
  await quiet.done('delete a tenant', subject);

  let after = before;
  await until(async () => {
    after = (await quiet.world.gateway.journal.get(before.id)) ?? after;
    return isSettled(after.state.status);
  }, 'it is settled');
  assert.equal(after.state.status, 'completed', JSON.stringify(after));
});

test('a start that was dropped is not sent again behind a later stop', async () => {
  const subject = uniqueId('acts');
  await world.done('create a deployment', subject);
  const start = operationNamed('START a service');
  world.pair.crashAt('after-answer', { method: 'POST', path: start.path(subject) }, { leftover: 'active' });
  const started = world.order(start, subject);
  const stopped = await world.orderMeanwhile(operationNamed('STOP a service'), subject);
  const told = await stopped.told;
  await world.world.open();
  await until(() => world.terminal(started).length === 1, 'the start is told');

  const kinds = world.pair.ledger.filter(({ id }) => id === `${subject}/g1`).map(({ kind }) => kind);
  assert.deepEqual(kinds, told.status === 409 ? ['created', 'started'] : ['created', 'started', 'stopped']);
});
