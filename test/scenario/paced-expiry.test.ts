/**
 * A client's time runs out while its transaction waits for its pace after a switchover: it was taken from its lane, and is
 * not being sent yet.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../support/until.ts';
import { startWorld } from '../support/world.ts';

test('R24 a sent transaction whose client is promised a result while it waits for its pace is replayed', async () => {
  await using world = await startWorld({
    settings: {
      NORTHGATE_REPLAY_CONCURRENCY: '1',
      NORTHGATE_HOLD_TIMEOUT: '3s',
      NORTHGATE_ESC_TIMEOUTS_RESPONSE: '8s',
    },
  });
  const { pair, gateway } = world;
  // Neither gets an answer before the switchover; then the look for the first one keeps the second one waiting.
  for (const id of ['first', 'second']) pair.inject({ fault: 'hang', when: 'before', match: { path: `/${id}` } });
  const first = world.createTenant('first');
  await until(() => pair.faultsWaiting === 1, 'ESC has the first');
  const second = world.createTenant('second');
  await until(() => pair.faultsWaiting === 0, 'ESC has the second');
  pair.inject({ fault: 'hang', when: 'before', match: { method: 'GET', path: '/first' } });
  // Twice in its lane while it is replayed, so that it comes back into it.
  pair.inject({ fault: 'reset', when: 'before', times: 2, match: { method: 'GET', path: '/second' } });
  await pair.switchover('application');
  await until(() => !gateway.coordinator.isOpen, 'the gate is shut');
  await world.open();

  assert.equal((await second).status, 202);
  await until(async () => (await gateway.journal.counts()).completed === 2, 'both are done');
  await first;
  for (const id of ['first', 'second']) {
    assert.equal(pair.ledger.filter((effect) => effect.id === id).length, 1, id);
  }
});
