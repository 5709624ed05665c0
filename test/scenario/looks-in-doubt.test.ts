/**
 * A look, or the answer to a replay, that says less than it seems to: a page of a container that is still starting under
 * READY, a resource that is still being worked on, a refusal of what may have been done before.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type CompletionWorld, startCompletionWorld } from '../support/completion.ts';
import { operationNamed } from '../support/completion-operations.ts';
import { uniqueId } from '../support/world.ts';

let world: CompletionWorld;
before(async () => {
  world = await startCompletionWorld({ place: 26 });
});
after(() => world[Symbol.asyncDispose]());

const remove = operationNamed('delete a tenant');

test('R12 a 404 page that answers a look is no proof that the resource is gone', async () => {
  const subject = uniqueId('page');
  await world.done('create a tenant', subject);
  const path = remove.path(subject);
  world.pair.inject({ fault: 'reset', when: 'before', match: { method: 'DELETE', path } });
  world.pair.inject({ fault: 'status', status: 404, html: true, match: { method: 'GET', path } });

  const ordered = world.order(remove, subject);
  const told = await ordered.told;
  const transaction = await world.ended(ordered);

  assert.equal(told.status, 200, told.body);
  assert.equal(transaction.state.status, 'completed');
  assert.equal(world.stateOf(subject), undefined, 'it is gone');
});

test('R12 while only pages come from ESC, nothing is concluded', async () => {
  const subject = uniqueId('pages');
  await world.done('create a tenant', subject);
  const path = remove.path(subject);
  world.pair.inject({ fault: 'reset', when: 'before', match: { method: 'DELETE', path } });
  const page = { fault: 'status', status: 404, html: true, times: 3 } as const;
  world.pair.inject({ ...page, match: { method: 'GET', path: /\/tenants(\/pages-.*)?$/ } });

  const ordered = world.order(remove, subject);
  await ordered.told;
  await world.ended(ordered);

  assert.equal(world.stateOf(subject), undefined, 'it is gone');
});

test('R19 a replayed delete that is answered by a 404 page is looked at, and sent again', async () => {
  const subject = uniqueId('deleted');
  await world.done('create a tenant', subject);
  const path = remove.path(subject);
  world.pair.inject({ fault: 'reset', when: 'before', match: { method: 'DELETE', path } });
  world.pair.inject({ fault: 'status', status: 404, html: true, match: { method: 'DELETE', path } });

  const ordered = world.order(remove, subject);
  const told = await ordered.told;
  const transaction = await world.ended(ordered);

  assert.equal(told.status, 200, told.body);
  assert.equal(transaction.state.status, 'completed');
  assert.equal(transaction.attempts.length, 3);
  assert.equal(world.stateOf(subject), undefined, 'it is gone');
});

test('R19 a replayed delete of what is gone is answered 404, looked at, and done', async () => {
  const subject = uniqueId('gone');
  await world.done('create a tenant', subject);
  const path = remove.path(subject);
  world.pair.inject({ fault: 'reset', when: 'before', match: { method: 'DELETE', path } });
  world.pair.inject({ fault: 'status', status: 404, match: { method: 'DELETE', path } });
  // The look before the replay says nothing; the one after it is ESC's word.
  world.pair.inject({ fault: 'status', status: 500, match: { method: 'GET', path } });
  world.pair.inject({ fault: 'status', status: 404, match: { method: 'GET', path } });

  const ordered = world.order(remove, subject);
  const told = await ordered.told;
  const transaction = await world.ended(ordered);

  assert.equal(told.status, 200, told.body);
  assert.deepEqual([transaction.state.status, transaction.attempts.length], ['completed', 2]);
});

test('R18 what may have been done and is refused when it is sent again awaits an operator, who is told both', async () => {
  const stop = operationNamed('STOP a service');
  const subject = uniqueId('stopped');
  await world.done('create a deployment', subject);
  const path = stop.path(subject);
  world.pair.inject({ fault: 'reset', when: 'before', match: { method: 'POST', path } });
  world.pair.inject({ fault: 'status', status: 404, match: { method: 'POST', path } });

  const ordered = world.order(stop, subject);
  const transaction = await world.ended(ordered);

  const { state } = transaction;
  assert.equal(state.status, 'awaiting-operator', JSON.stringify(transaction));
  assert.match('reason' in state ? state.reason : '', /not answered.*the replay was answered 404/);
  assert.deepEqual(world.terminal(ordered), [], 'nobody is told that it failed');
  await world.resolve(transaction, 'completed');
  assert.equal((await ordered.told).status, 200);
});

test('R16 an update whose answer was lost is not sent again while ESC is at work on it', async () => {
  const update = operationNamed('update a deployment');
  const subject = uniqueId('updated');
  await world.done('create a deployment', subject);
  const path = update.path(subject);
  world.pair.inject({ fault: 'junk', match: { method: 'PUT', path } });

  const ordered = world.order(update, subject);
  const told = await ordered.told;
  const transaction = await world.ended(ordered);

  assert.equal(told.status, 200, told.body);
  assert.equal(transaction.state.status, 'completed');
  assert.equal(transaction.attempts.length, 1);
});

test('promise 5: a stop that ESC had accepted and refuses when it is sent again awaits an operator, who is told both', async () => {
  const stop = operationNamed('STOP a service');
  const subject = uniqueId('taken');
  await world.done('create a deployment', subject);
  const path = stop.path(subject);
  world.pair.crashAt('after-answer', { method: 'POST', path }, { leftover: 'active' });
  const ordered = world.order(stop, subject);
  assert.equal((await ordered.told).status, 200);
  world.pair.inject({ fault: 'status', status: 404, match: { method: 'POST', path } });
  const transaction = await world.ended(ordered);

  const { state } = transaction;
  assert.equal(state.status, 'awaiting-operator', JSON.stringify(transaction));
  assert.match('reason' in state ? state.reason : '', /ESC took an earlier attempt.*the replay was answered 404/);
  assert.deepEqual(world.terminal(ordered), [], 'nobody is told that it failed');
  await world.resolve(transaction, 'completed');
  await world.world.open();
});

test('R16 an update that never came to ESC is not said to be observed, where the one before it had asked for the same', async () => {
  const update = operationNamed('update a deployment');
  const subject = uniqueId('same');
  await world.done('create a deployment', subject);
  const before = await world.ended(world.order(update, subject));
  assert.equal(before.state.status, 'completed');
  world.pair.inject({ fault: 'reset', when: 'before', match: { method: 'PUT', path: update.path(subject) } });

  const ordered = world.order(update, subject);
  assert.equal((await ordered.told).status, 200);
  const { state } = await world.ended(ordered);

  assert.equal(state.status, 'completed');
  assert.match('reason' in state ? state.reason : '', /^not-observed: .* asked too$/);
});
