// Crash points: the active node dies at a chosen moment of a request; what is left in the store, on the VIM and at the
// receiver of callbacks (reference/esc.md 7; 10, items 6 and 19).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CrashPoint } from '../../src/sim/faults.ts';
import { deploymentXml, Receiver, settle, startWorld, tenantXml, until } from './support.ts';

type Left = { isAnswered: boolean; state: string | undefined; isOnVim: boolean; callbacks: number };

const expected: Record<CrashPoint, Left> = {
  'before-commit': { isAnswered: false, state: undefined, isOnVim: false, callbacks: 0 },
  'after-commit': { isAnswered: false, state: 'in-progress', isOnVim: false, callbacks: 0 },
  'after-answer': { isAnswered: true, state: 'in-progress', isOnVim: false, callbacks: 0 },
  'after-work': { isAnswered: true, state: 'in-progress', isOnVim: true, callbacks: 0 },
  'before-callback': { isAnswered: true, state: 'active', isOnVim: true, callbacks: 0 },
  'after-callback': { isAnswered: true, state: 'in-progress', isOnVim: true, callbacks: 1 },
};

for (const [point, left] of Object.entries(expected) as [CrashPoint, Left][]) {
  test(`a crash ${point} leaves the resource ${left.state ?? 'absent'}`, async () => {
    await using world = await startWorld();
    await using receiver = await Receiver.start();
    const { pair } = world;
    const old = pair.activeNode;
    pair.crashAt(point, { method: 'POST', path: '/tenants/t' });
    await world.call('POST', '/tenants/other', { body: tenantXml });
    const headers = { callback: receiver.url };
    const patience = new AbortController();
    const call = world.call('POST', '/tenants/t', { body: tenantXml, headers, signal: patience.signal });
    const told = call.then(
      ({ status }) => status,
      () => 'given up',
    );
    await until(() => pair.phase !== 'P4' || pair.activeNode !== old);
    await pair.ready();
    await settle();
    assert.notEqual(pair.activeNode, old);
    // What is to be answered may take its time; what is not has had it.
    if (!left.isAnswered) patience.abort();
    assert.equal(await told, left.isAnswered ? 200 : 'given up');
    assert.equal(world.stateOf('t'), left.state);
    assert.equal(pair.vim.includes('tenant t'), left.isOnVim);
    assert.equal(receiver.got.length, left.callbacks);
    // Nothing of it goes on; the order is used up; a delete cleans up, and the id is free again.
    assert.equal(world.stateOf('t'), left.state);
    if (left.state !== undefined) {
      assert.equal((await world.call('POST', '/tenants/t', { body: tenantXml })).status, 409);
      assert.equal((await world.call('DELETE', '/tenants/t')).status, 200);
      await until(() => world.stateOf('t') === undefined);
    }
    await world.make('/tenants/t', tenantXml);
    const isDeletedFirst = world.effects().includes('deleted t');
    assert.equal(isDeletedFirst, left.isOnVim, 'a delete of what the VIM never had has no effect there');
  });
}

for (const leftover of ['absent', 'active', 'stuck', 'error'] as const) {
  test(`what a crash leaves can be chosen: ${leftover}`, async () => {
    await using world = await startWorld();
    world.pair.crashAt('after-answer', undefined, { leftover, cause: 'application' });
    await world.call('POST', '/deployments/d', { body: deploymentXml });
    await world.pair.ready();
    await until(() => world.pair.phase === 'P4');
    const states = { absent: undefined, active: 'active', stuck: 'in-progress', error: 'error' };
    assert.equal(world.stateOf('d'), states[leftover]);
  });
}

test('work that runs at a switchover is dropped and its resources stay in progress, or in error by choice', async () => {
  for (const leftover of ['stuck', 'error'] as const) {
    await using world = await startWorld();
    await world.call('POST', '/deployments/d', { body: deploymentXml });
    await world.pair.switchover('power', { leftover });
    await world.pair.ready();
    await settle();
    assert.equal(world.stateOf('d'), leftover === 'stuck' ? 'in-progress' : 'error');
    assert.deepEqual(world.effects(), []);
    assert.equal((await world.call('DELETE', '/deployments/d')).status, 200);
  }
});

test('a node that is cut off but alive may finish its work on the VIM; the store never hears of it', async () => {
  await using world = await startWorld();
  await using receiver = await Receiver.start();
  const headers = { callback: receiver.url };
  await world.call('POST', '/deployments/d', { body: deploymentXml, headers });
  await world.pair.switchover('network', { oldNodeFinishes: true });
  await until(() => world.effects().includes('created d'));
  await world.pair.ready();
  assert.equal(world.stateOf('d'), 'in-progress');
  assert.equal(receiver.got.length, 0);
});
