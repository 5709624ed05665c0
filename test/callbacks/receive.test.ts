// ESC's reports over real sockets: what is taken is in the journal, what is not known is not, and nothing is said twice.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { request } from 'undici';
import { JournalUnavailable } from '../../src/journal/journal.ts';
import { unpackRequest } from '../../src/journal/message.ts';
import { until } from '../support/until.ts';
import { startRelaying } from './relaying.ts';

test('a report is in the journal with its bytes and spelling when ESC is told 200', async () => {
  await using world = await startRelaying();
  world.client.answering = () => false;
  const transaction = await world.accepted();
  assert.equal(await world.report(transaction, { event: 'VM_DEPLOYED' }), 200);
  const { reports, state } = await world.read(transaction);
  const [report] = reports;
  assert.deepEqual([report?.eventType, report?.status, report?.delivery.state], ['VM_DEPLOYED', 'success', 'waiting']);
  assert.equal(state.status, 'accepted');
  const packed = await world.journal.body(transaction.id, 'report-1');
  const { headers, body } = unpackRequest(packed ?? assert.fail());
  assert.equal(headers[headers.indexOf('ESC_TRANSACTION_ID') + 1], 'esc-transaction-1');
  assert.match(Buffer.from(body).toString(), /VM_DEPLOYED/);
});

test('the terminal report settles its transaction, and a FAILURE settles it as failed', async () => {
  await using world = await startRelaying();
  const well = await world.accepted();
  const badly = await world.accepted();
  await world.report(well, { event: 'SERVICE_ALIVE' });
  await world.report(badly, { event: 'SERVICE_ALIVE', status: 500 });
  assert.equal((await world.read(well)).state.status, 'completed');
  assert.equal((await world.read(badly)).state.status, 'failed');
  await until(() => world.client.heard.length === 2, 'both completions have reached the client');
});

test('an action is read by what its body names: the end of a STOP is none of a START', async () => {
  await using world = await startRelaying();
  const policy = { ...(await world.accepted()).policy, kind: 'action' as const, look: null };
  const body = '<service_operation><operation>STOP</operation></service_operation>';
  const transaction = await world.accepted({ policy }, world.callbackHeaders, body);
  await world.report(transaction, { event: 'SERVICE_STOPPED' });
  assert.equal((await world.read(transaction)).state.status, 'completed');
});

test('R29 ESC says the same twice: taken twice, kept once, relayed once', async () => {
  await using world = await startRelaying();
  const transaction = await world.accepted();
  await Promise.all([1, 2, 3].map(() => world.report(transaction, { event: 'VM_ALIVE' })));
  await world.report(transaction, {
    event: 'VM_ALIVE',
    body: '<deployment><event_type>VM_ALIVE</event_type></deployment>',
  });
  await until(async () => (await world.deliveries(transaction)).every((state) => state === 'delivered'), 'delivered');
  assert.equal(world.client.heard.length, 2);
  assert.deepEqual(world.words.toSorted(), ['duplicate', 'duplicate', 'recorded', 'recorded']);
});

test('many reports of one transaction at once are all taken', async () => {
  await using world = await startRelaying();
  const transaction = await world.accepted();
  const events = Array.from({ length: 60 }, (_, index) => ({ event: 'VM_ALIVE', escId: `esc-transaction-${index}` }));
  const statuses = await Promise.all(events.map((event) => world.report(transaction, event)));
  assert.deepEqual(new Set(statuses), new Set([200]));
  assert.equal((await world.read(transaction)).reports.length, 60);
});

test('unknown tokens, forged ones and those of a transaction that is gone are 404, and nothing is written', async () => {
  await using world = await startRelaying();
  const transaction = await world.accepted();
  const token = world.tokens.make({ transactionId: transaction.id, attempt: 1, kind: 'callback' });
  assert.equal(await world.post(`${token.slice(0, -1)}_`, { event: 'SERVICE_ALIVE' }), 404);
  assert.equal(await world.post(token.replace('.1.c.', '.2.c.'), { event: 'SERVICE_ALIVE' }), 404);
  assert.equal(await world.post('nothing', { event: 'SERVICE_ALIVE' }), 404);
  assert.equal(await world.report({ ...transaction, id: 'gone' }, { event: 'SERVICE_ALIVE' }), 404);
  assert.deepEqual((await world.read(transaction)).reports, []);
});

test('R29 a token dies when what it was made for was deleted long enough ago', async () => {
  await using world = await startRelaying({ deliverForMs: 60_000 });
  const completed = { status: 'completed', settledAt: 1, reason: 'test' } as const;
  const lately = await world.accepted({ state: completed, endedAt: Date.now() });
  const longAgo = await world.accepted({ state: completed, endedAt: Date.now() - 120_000 });
  assert.equal(await world.report(lately, { event: 'VM_UNDEPLOYED' }), 200);
  assert.equal(await world.report(longAgo, { event: 'VM_UNDEPLOYED' }), 404);
});

test('a late report of an attempt that another one followed is kept, not relayed, and settles nothing', async () => {
  await using world = await startRelaying({ epoch: 2 });
  const attempts = [1, 2].map((epoch) => ({ number: epoch, kind: 'send', epoch, node: null, at: 1 }) as const);
  const transaction = await world.accepted({ attempts });
  await world.report(transaction, { event: 'SERVICE_ALIVE', attempt: 1 });
  assert.equal((await world.read(transaction)).state.status, 'accepted');
  await world.report(transaction, { event: 'SERVICE_ALIVE', attempt: 2 });
  const isTold = async (): Promise<boolean> => (await world.deliveries(transaction)).join() === 'none,delivered';
  await until(isTold, 'the completion has reached the client, and the other report nobody');
  assert.equal(world.client.heard.length, 1);
  assert.deepEqual(world.words, ['recorded', 'settled']);
});

test('a report of an ended epoch asks for a look', async () => {
  await using world = await startRelaying({ epoch: 2 });
  const transaction = await world.accepted();
  assert.equal(await world.report(transaction, { event: 'SERVICE_ALIVE' }), 200);
  assert.deepEqual(world.words, ['look']);
});

test('an unknown event type, no body, JSON and junk are taken and relayed as they are', async () => {
  await using world = await startRelaying();
  const transaction = await world.accepted();
  const bodies = ['', '<<<', '{"event_type":"VM_TELEPORTED"}', '\u0000\u0001'];
  for (const [index, body] of bodies.entries()) {
    assert.equal(await world.report(transaction, { event: '', escId: `esc-transaction-${index}`, body }), 200);
  }
  await until(() => world.client.heard.length === bodies.length, 'all have reached the client');
  assert.deepEqual(world.client.bodies, bodies);
});

test('only POST is taken, and no body past the limit', async () => {
  await using world = await startRelaying();
  const transaction = await world.accepted();
  const token = world.tokens.make({ transactionId: transaction.id, attempt: 1, kind: 'callback' });
  for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS'] as const) {
    const answer = await request(`${world.url}/northgate/v1/callbacks/${token}`, { method });
    assert.deepEqual([answer.statusCode, answer.headers.allow], [405, 'POST']);
    await answer.body.dump();
  }
  assert.equal(await world.report(transaction, { event: '', body: 'x'.repeat(10_001) }), 413);
  const elsewhere = await request(`${world.url}/ESCManager/v0/tenants`);
  assert.equal(elsewhere.statusCode, 404);
  await elsewhere.body.dump();
  assert.deepEqual((await world.read(transaction)).reports, []);
});

test('while the journal is away ESC is told 503, not 200', async () => {
  await using world = await startRelaying();
  const transaction = await world.accepted();
  const { replace } = world.journal;
  world.journal.replace = async () => ({ word: 'unavailable', cause: new Error('away') });
  world.records.close();
  assert.equal(await world.report(transaction, { event: 'VM_ALIVE' }), 503);
  world.journal.replace = replace;
  assert.equal(await world.report(transaction, { event: 'VM_ALIVE' }), 200);
});

test('a journal that cannot be read for a moment loses no report of an action, which ESC does not repeat', async () => {
  await using world = await startRelaying();
  const policy = { ...(await world.accepted()).policy, kind: 'action' as const, look: null };
  const body = '<service_operation><operation>STOP</operation></service_operation>';
  const transaction = await world.accepted({ policy }, world.callbackHeaders, body);
  const { body: read, get } = world.journal;
  let failures = 0;
  const failing = <Asked extends (...asked: never[]) => Promise<unknown>>(ask: Asked): Asked =>
    ((...asked: never[]) => {
      failures += 1;
      return failures % 2 === 1 ? Promise.reject(new JournalUnavailable('away')) : ask(...asked);
    }) as Asked;
  world.journal.get = failing(get);
  world.journal.body = failing(read);
  assert.equal(await world.report(transaction, { event: 'SERVICE_STOPPED' }), 200);
  world.journal.get = get;
  world.journal.body = read;
  assert.ok(failures >= 4, `${failures} were refused or repeated`);
  assert.equal((await world.read(transaction)).state.status, 'completed');
});

test('R13 and R28 the end that is reported in an epoch which the journal knows to be over settles nothing: ESC is asked', async () => {
  await using world = await startRelaying();
  const attempts = [{ number: 1, kind: 'send', epoch: 1, node: null, at: 1 }] as const;
  const transaction = await world.accepted({ attempts });
  // Another gateway has seen the switchover, and this one has not.
  await world.journal.bumpEpoch(1, null);
  assert.equal(await world.report(transaction, { event: 'SERVICE_ALIVE' }), 200);
  const { state, reports } = await world.read(transaction);
  assert.deepEqual([state.status, reports[0]?.delivery.state], ['accepted', 'none']);
  assert.deepEqual([world.words, world.epoch], [['look'], 2]);
});
