import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startWorld } from '../support/world.ts';

test('an answer lost after sending is replayed once to the new node', async () => {
  await using world = await startWorld();
  const first = await world.createTenant('alpha');
  assert.equal(first.status, 200);
  world.pair.crashAt('before-commit', { method: 'POST' });
  const told = await world.createTenant('beta');
  assert.equal(told.status, 200);
  assert.equal(told.headers['northgate-attempts'], '2');
  assert.equal(world.pair.ledger.filter((effect) => effect.id === 'beta').length, 1);
});

