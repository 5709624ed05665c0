/** Completion without a switchover: every operation is answered, its reports are relayed, and one of them ends it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type CompletionWorld, startCompletionWorld } from '../support/completion.ts';
import { operations } from '../support/completion-operations.ts';
import { uniqueId } from '../support/world.ts';

let world: CompletionWorld;
before(async () => {
  world = await startCompletionWorld({ place: 21 });
});
after(() => world[Symbol.asyncDispose]());

for (const operation of operations) {
  test(`${operation.name}: answered, relayed in order under one id, completed`, async () => {
    const subject = uniqueId('plain');
    if (operation.subject !== null) await world.done(operation.subject.name, subject);
    const ordered = world.order(operation, subject);

    const told = await ordered.told;
    const transaction = await world.ended(ordered);

    assert.equal(told.status, 200);
    const id = told.headers['esc-transaction-id'];
    assert.ok(typeof id === 'string' && id !== '');
    assert.equal(transaction.state.status, 'completed');
    assert.ok(
      transaction.reports.every(({ from }) => from === 'esc'),
      'ESC itself said so',
    );
    const heard = world.heard(ordered);
    assert.deepEqual([...new Set(heard.map(({ transactionId }) => transactionId))], [id]);
    assert.equal(heard.at(-1)?.event, operation.ends);
    assert.equal(new Set(heard.map(({ delivery }) => delivery)).size, heard.length);
    assert.equal(world.terminal(ordered).filter(({ status }) => status === '200').length, 1);
    assert.deepEqual(
      heard.map(({ event }) => event),
      transaction.reports.map(({ eventType }) => eventType),
    );
  });

  test(`${operation.name}: a FAILURE event is relayed and fails it`, async () => {
    const subject = uniqueId('failing');
    if (operation.subject !== null) await world.done(operation.subject.name, subject);
    world.pair.inject({ fault: 'work-failure', match: { method: operation.method, path: operation.path(subject) } });
    const ordered = world.order(operation, subject);

    const told = await ordered.told;
    const transaction = await world.ended(ordered);

    assert.equal(told.status, 200);
    assert.equal(transaction.state.status, 'failed');
    const last = world.heard(ordered).at(-1);
    assert.deepEqual([last?.status, last?.transactionId], ['500', told.headers['esc-transaction-id']]);
  });
}
