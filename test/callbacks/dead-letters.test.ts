// Dead letters over the ops API's own routes: found, and sent again on an operator's word.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import supertest from 'supertest';
import { makeOpsApp } from '../../src/http/ops-app.ts';
import { Audit } from '../../src/ops/audit.ts';
import { DeadLetters } from '../../src/ops/dead-letters.ts';
import type { Ops } from '../../src/ops/ops.ts';
import { until } from '../support/until.ts';
import { type Relaying, startRelaying } from './relaying.ts';

const log = pino({ level: 'silent' });

async function listening(world: Relaying) {
  const { journal, records, relay } = world;
  const wake = relay.wake.bind(relay);
  const deadLetters = new DeadLetters({ replica: 'replica-1', journal, records, wake });
  const audit = new Audit(log);
  const ops = { deadLetters, audit } as unknown as Ops;
  const app = await makeOpsApp({ config: { ops: { host: '127.0.0.1', port: 0, tls: {}, tokens: [] } }, ops, log });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return { api: supertest(url), audit, [Symbol.asyncDispose]: async () => await app.close() };
}

test('a dead letter is listed with why, is sent again with all its time, and is in the audit log', async () => {
  await using world = await startRelaying();
  await using gateway = await listening(world);
  world.client.answering = () => 404;
  const transaction = await world.accepted();
  await world.report(transaction, { event: 'SERVICE_ALIVE' });
  await until(async () => (await world.deliveries(transaction))[0] === 'dead', 'it is a dead letter');

  const { body } = await gateway.api.get('/v1/dead-letters').expect(200);
  const id = `${transaction.id}-1`;
  assert.equal(body.items.length, 1);
  assert.equal(body.nextCursor, null);
  const [{ reportedAt, deadAt, lastError, ...letter }] = body.items;
  assert.deepEqual(letter, {
    id,
    transaction: transaction.id,
    client: 'nfvo',
    method: 'POST',
    path: transaction.path,
    channel: 'callback',
    eventType: 'SERVICE_ALIVE',
    status: 'success',
    from: 'esc',
    tries: 1,
  });
  assert.ok(reportedAt <= deadAt);
  assert.match(lastError, /^http:\/\/127\.0\.0\.1:\d+ answered 404$/);

  world.client.answering = () => 200;
  const resent = await gateway.api.post(`/v1/dead-letters/${id}/resend`).expect(202);
  assert.equal(resent.body.id, transaction.id);
  await until(async () => (await world.deliveries(transaction))[0] === 'delivered', 'it is delivered');
  assert.deepEqual(
    world.client.heard.map(({ delivery }) => delivery),
    [id, id],
  );
  assert.deepEqual((await gateway.api.get('/v1/dead-letters').expect(200)).body.items, []);
  const [entry] = gateway.audit.newest(1);
  assert.deepEqual([entry?.act, entry?.target, entry?.status], ['resendDeadLetter', id, 202]);
  await gateway.api.post(`/v1/dead-letters/${id}/resend`).expect(409);
});

test('what is no dead letter is not sent again', async () => {
  await using world = await startRelaying();
  await using gateway = await listening(world);
  const transaction = await world.accepted();
  for (const id of [transaction.id, `${transaction.id}-1`, `nobody-1`, '1']) {
    const { body } = await gateway.api.post(`/v1/dead-letters/${id}/resend`).expect(404);
    assert.equal(body.type, 'urn:northgate:problem:not-found');
  }
});

test('pages of dead letters follow one another without a gap or a repetition, also within one transaction', async () => {
  await using world = await startRelaying();
  await using gateway = await listening(world);
  world.client.answering = () => 410;
  const expected: string[] = [];
  for (const count of [3, 1, 2]) {
    const transaction = await world.accepted();
    for (let number = 1; number <= count; number += 1) {
      await world.report(transaction, { event: 'VM_ALIVE', escId: `esc-transaction-${number}` });
      expected.unshift(`${transaction.id}-${number}`);
    }
    const isDead = async () => (await world.deliveries(transaction)).every((state) => state === 'dead');
    await until(isDead, 'all of it are dead letters');
  }
  for (const limit of [1, 2, 5, 6, 50]) {
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: Record<string, string | number> = cursor === null ? { limit } : { limit, cursor };
      const answer = await gateway.api.get('/v1/dead-letters').query(query).expect(200);
      const body = answer.body as { items: { id: string }[]; nextCursor: string | null };
      assert.ok(body.items.length <= limit && seen.length < expected.length);
      seen.push(...body.items.map(({ id }) => id));
      cursor = body.nextCursor;
    } while (cursor !== null);
    assert.deepEqual(seen, expected);
  }
  await gateway.api.get('/v1/dead-letters').query({ cursor: 'made-up' }).expect(400);
});
