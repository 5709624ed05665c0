/** ESC cannot reach the gateway (`callbacks.publicUrl` unset): completion is found by looking alone, with the same promises. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type CrashPoint, crashPoints } from '../../src/sim/faults.ts';
import { doubledEffects } from '../../src/sim/ledger.ts';
import { adminTenant } from '../../src/sim/resources.ts';
import { type CompletionWorld, startCompletionWorld } from '../support/completion.ts';
import { operationNamed, operations } from '../support/completion-operations.ts';
import { until } from '../support/until.ts';
import { uniqueId } from '../support/world.ts';

const reboots = `/ESCManager/v0/${adminTenant}/deployments/service/{deployment}`.replace(adminTenant, '{tenant}');
let world: CompletionWorld;
before(async () => {
  world = await startCompletionWorld({
    place: 80,
    hasPublicUrl: false,
    settings: {
      NORTHGATE_COMPLETION_ASK_AFTER: '50ms',
      NORTHGATE_POLICIES: JSON.stringify([{ method: 'POST', path: reboots, completeWithin: '300ms' }]),
    },
  });
});
after(() => world[Symbol.asyncDispose]());

for (const operation of operations.filter(({ kind }) => kind !== 'action')) {
  test(`${operation.name}: looked at until it is done, and ESC reports to the client itself`, async () => {
    const subject = uniqueId('plain');
    if (operation.subject !== null) await world.done(operation.subject.name, subject);
    const ordered = world.order(operation, subject);
    const told = await ordered.told;
    const transaction = await world.ended(ordered);

    assert.equal(transaction.state.status, 'completed', JSON.stringify(transaction));
    assert.equal(transaction.policy.ack, 'resource');
    assert.deepEqual(transaction.reports, []);
    await until(() => world.terminal(ordered).length === 1, 'ESC has reported to the client');
    assert.equal(world.terminal(ordered)[0]?.transactionId, told.headers['esc-transaction-id']);
  });
}

const points: readonly CrashPoint[] = crashPoints.filter((point) => point !== 'after-commit');
for (const point of points) {
  for (const kind of ['create', 'delete'] as const) {
    test(`${kind} a deployment, dropped ${point}: its effect is there once, and it is completed`, async () => {
      const subject = uniqueId('drop');
      const operation = operationNamed(`${kind} a deployment`);
      if (operation.subject !== null) await world.done(operation.subject.name, subject);
      const { coordinator } = world.world.gateway;
      const { epoch } = coordinator;
      world.pair.crashAt(point, { method: operation.method, path: operation.path(subject) });

      const ordered = world.order(operation, subject);
      const told = await ordered.told;
      await until(() => coordinator.epoch > epoch, 'the switchover is noticed');
      const transaction = await world.ended(ordered);

      assert.equal(Math.floor(told.status / 100), 2);
      assert.equal(transaction.state.status, 'completed', JSON.stringify(transaction));
      assert.equal(world.stateOf(subject), kind === 'create' ? 'active' : undefined);
      assert.equal(world.pair.vim.includes(`deployment ${subject}`), kind === 'create');
      assert.deepEqual(doubledEffects(world.pair.ledger.filter(({ id }) => id.startsWith(subject))), []);
      await world.world.open();
    });
  }
}

test('R3 what cannot be looked at is completed as not observed, when its time has passed', async () => {
  const subject = uniqueId('service');
  await world.done('create a deployment', subject);
  const ordered = world.order(operationNamed('REBOOT a service'), subject);
  assert.equal((await ordered.told).status, 200);
  const { state } = await world.ended(ordered);
  assert.deepEqual([state.status, 'reason' in state ? state.reason : ''], ['completed', 'not-observed']);
});
