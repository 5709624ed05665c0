/** A record of this gateway that nobody in it carries: it does not block its lane for as long as the gateway lives. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Transaction } from '../../src/domain/transaction.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { redisSkip } from '../support/redis.ts';
import { tenantXml } from '../support/world.ts';
import { startPlace } from './joining-place.ts';

const path = '/ESCManager/v0/tenants/stray';

test('R8 a record that came to be where nobody knew of it is found and carried out, and its lane is free', {
  skip: redisSkip,
}, async () => {
  let real: Journal | null = null;
  const between = (journal: Journal): Journal => {
    real = journal;
    return journal;
  };
  await using place = await startPlace({ journal: 'Redis', between, internals: { strayPassMs: 200 } });
  await place.send({ path, body: tenantXml('stray') }).told;
  const first = await place.isIn(path, 'completed');
  await place.send({ method: 'DELETE', path }).told;
  const request = await place.gateway.journal.body(first.id, 'request');
  assert.ok(real !== null && request !== null);
  const journal: Journal = real;

  const held: Transaction = {
    ...first,
    ...{ id: `${first.id}-again`, idempotencyKey: 'late', twin: null, attempts: [], reports: [] },
    ...{ answer: null, escTransactionId: null, endedAt: null },
    state: { status: 'held', since: first.receivedAt, reason: 'lane' },
  };
  assert.equal((await journal.create({ transaction: held, request })).word, 'created');

  const removed = await place.send({ method: 'DELETE', path }).told;
  assert.equal(removed.status, 200, removed.body);
  await place.settled();
  assert.equal((await journal.get(held.id))?.state.status, 'completed');
  assert.equal(place.executed(path), 4);
});
