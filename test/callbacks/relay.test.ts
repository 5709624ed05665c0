// Relaying over real sockets: in order, until taken or out of time, whatever the client's server does.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../support/until.ts';
import { type Relaying, startRelaying } from './relaying.ts';

const fieldIn = (headers: readonly string[], name: string): string | undefined =>
  headers[headers.findIndex((text, index) => index % 2 === 0 && text === name) + 1];

const eventsHeard = ({ client }: Relaying): (string | undefined)[] =>
  client.bodies.map((body) => /<event_type>(.*)<\/event_type>/.exec(body)?.[1]);

test('R21 R25 the client gets ESC’s header and body under the id that it knows, and a delivery id that stays', async () => {
  await using world = await startRelaying();
  world.client.answering = () => (world.client.heard.length === 1 ? 500 : 200);
  const transaction = await world.accepted();
  await world.report(transaction, { event: 'VM_ALIVE', escId: 'esc-transaction-77' });
  await until(async () => (await world.deliveries(transaction))[0] === 'delivered', 'it is delivered');
  const [first, second] = world.client.heard;
  assert.equal(world.client.heard.length, 2);
  assert.equal(first?.url, '/cb?x=1');
  assert.equal(fieldIn(first?.headers ?? [], 'ESC_TRANSACTION_ID'), 'known-to-the-client');
  assert.equal(fieldIn(first?.headers ?? [], 'ESC-Status-Code'), '200');
  assert.equal(first?.body, '<deployment><id>known-to-the-client</id><event_type>VM_ALIVE</event_type></deployment>');
  assert.equal(first?.delivery, `${transaction.id}-1`);
  assert.equal(second?.delivery, first?.delivery);
});

test('R30 events of one transaction reach the client in the order in which they came, also past a failed try', async () => {
  await using world = await startRelaying();
  const failing = new Set([0, 3]);
  world.client.answering = () => (failing.has(world.client.heard.length - 1) ? 503 : 200);
  const transaction = await world.accepted();
  const events = ['VM_DEPLOYED', 'VM_ALIVE', 'SERVICE_ALIVE', 'VM_RECOVERY_INIT', 'VM_RECOVERY_COMPLETE'];
  for (const event of events) assert.equal(await world.report(transaction, { event }), 200);
  await until(() => world.client.heard.length === events.length + failing.size, 'all are delivered');
  const repeated = eventsHeard(world).filter((event, index, all) => event !== all[index - 1]);
  assert.deepEqual(repeated, events);
});

test('transactions do not wait for one another', async () => {
  await using world = await startRelaying();
  const slow = await world.accepted();
  const quick = await world.accepted();
  world.client.answering = ({ delivery }) => (delivery.startsWith(slow.id) ? false : 200);
  await world.report(slow, { event: 'VM_ALIVE' });
  await until(() => world.client.heard.length === 1, 'the slow one is under way');
  await world.report(quick, { event: 'VM_ALIVE' });
  await until(async () => (await world.deliveries(quick))[0] === 'delivered', 'the quick one is delivered');
  assert.deepEqual(await world.deliveries(slow), ['waiting']);
});

test('R23 nothing is relayed before the HTTP answer is handed over, nor while it is under way', async () => {
  const pending = new Set<string>();
  await using world = await startRelaying({ isAnswerPending: (id) => pending.has(id) });
  const transaction = await world.accepted();
  pending.add(transaction.id);
  await world.report(transaction, { event: 'VM_ALIVE' });
  const other = await world.accepted();
  await world.report(other, { event: 'VM_ALIVE' });
  await until(async () => (await world.deliveries(other))[0] === 'delivered', 'another one is delivered');
  assert.deepEqual(await world.deliveries(transaction), ['waiting']);
  pending.clear();
  // As its client's connection knows it: from before the report.
  world.relay.wake(transaction);
  await until(async () => (await world.deliveries(transaction))[0] === 'delivered', 'it is delivered');

  const inFlight = { status: 'in-flight', since: 1, epoch: 1, attempt: 1, hasWaited: false } as const;
  const unanswered = await world.accepted({
    state: inFlight,
    attempts: [{ number: 1, kind: 'send', epoch: 1, node: null, at: 1 }],
  });
  await world.report(unanswered, { event: 'VM_DEPLOYED' });
  await world.report(unanswered, { event: 'SERVICE_ALIVE' });
  assert.deepEqual(await world.deliveries(unanswered), ['waiting', 'none']);
  assert.equal(world.client.heard.length, 2);
});

test('a client that is down for a while gets everything when it is back, in order', async () => {
  await using world = await startRelaying();
  const transaction = await world.accepted();
  const { port } = world.client;
  await world.client.close();
  for (const event of ['VM_DEPLOYED', 'VM_ALIVE', 'SERVICE_ALIVE']) await world.report(transaction, { event });
  const triedOnce = async (): Promise<boolean> => {
    const [report] = (await world.read(transaction)).reports;
    return report?.delivery.state === 'waiting' && /ECONNREFUSED/.test(report.delivery.lastError ?? '');
  };
  await until(triedOnce, 'it was tried in vain');
  await world.client.listen(port);
  await until(() => world.client.heard.length === 3, 'all are delivered');
  assert.deepEqual(eventsHeard(world), ['VM_DEPLOYED', 'VM_ALIVE', 'SERVICE_ALIVE']);
});

for (const status of [400, 404, 410]) {
  test(`R30 a client that answers ${status} gets the next event, and the report is a dead letter at once`, async () => {
    await using world = await startRelaying();
    world.client.answering = () => (world.client.heard.length === 1 ? status : 200);
    const transaction = await world.accepted();
    await world.report(transaction, { event: 'VM_DEPLOYED' });
    await world.report(transaction, { event: 'VM_ALIVE' });
    await until(async () => (await world.deliveries(transaction))[1] === 'delivered', 'the next one is delivered');
    assert.deepEqual(await world.deliveries(transaction), ['dead', 'delivered']);
    assert.equal((await world.journal.deadLetters({ limit: 10 })).length, 1);
  });
}

for (const status of [302, 408, 429, 500, 503]) {
  test(`R30 a client that answers ${status} is tried again, and not led elsewhere`, async () => {
    await using world = await startRelaying();
    const headers = { Location: `http://127.0.0.1:${world.client.port}/elsewhere` };
    world.client.answering = () => (world.client.heard.length === 1 ? { status, headers } : 204);
    const transaction = await world.accepted();
    await world.report(transaction, { event: 'VM_ALIVE' });
    await until(async () => (await world.deliveries(transaction))[0] === 'delivered', 'it is delivered');
    assert.deepEqual(
      world.client.heard.map(({ url }) => url),
      ['/cb?x=1', '/cb?x=1'],
    );
  });
}

test('out of time a report is a dead letter', async () => {
  await using world = await startRelaying({ deliverForMs: 1 });
  world.client.answering = () => 500;
  const transaction = await world.accepted();
  await world.report(transaction, { event: 'VM_ALIVE' });
  await until(async () => (await world.deliveries(transaction))[0] === 'dead', 'it is a dead letter');
  const [report] = (await world.read(transaction)).reports;
  assert.match(report?.delivery.state === 'dead' ? report.delivery.lastError : '', /answered 500/);
});

test('a gateway that ends between report and relay leaves it to the next one, which goes on in order', async () => {
  await using world = await startRelaying();
  world.client.answering = () => false;
  const transaction = await world.accepted();
  for (const event of ['VM_ALIVE', 'SERVICE_ALIVE']) await world.report(transaction, { event });
  await until(() => world.client.heard.length === 1, 'the first is under way');
  await world.restart();
  world.client.answering = () => 200;
  await until(async () => (await world.deliveries(transaction))[1] === 'delivered', 'all are delivered');
  // The first try was cut off by the end of its gateway, and its delivery id says so.
  assert.deepEqual(eventsHeard(world), ['VM_ALIVE', 'VM_ALIVE', 'SERVICE_ALIVE']);
  assert.equal(world.client.heard[0]?.delivery, world.client.heard[1]?.delivery);
});

test('what another replica recorded for this one is found without being told', async () => {
  await using world = await startRelaying({ sweepEveryMs: 20 });
  const transaction = await world.accepted();
  const told = world.relay.wake;
  world.relay.wake = () => undefined;
  await world.report(transaction, { event: 'VM_ALIVE' });
  world.relay.wake = told;
  await until(() => world.client.heard.length === 1, 'it is delivered');
});

test('a delivery that belongs to another replica is left to it', async () => {
  await using world = await startRelaying();
  const theirs = await world.accepted({ owner: 'replica-2' });
  await world.report(theirs, { event: 'VM_ALIVE' });
  // As this replica knew it before the other one adopted it.
  world.relay.wake({ ...(await world.read(theirs)), owner: 'replica-1' });
  const ours = await world.accepted();
  await world.report(ours, { event: 'VM_ALIVE' });
  await until(async () => (await world.deliveries(ours))[0] === 'delivered', 'ours is delivered');
  assert.deepEqual(await world.deliveries(theirs), ['waiting']);
});

test('a URL that may not be called any more is not called: its report is a dead letter', async () => {
  await using world = await startRelaying({ allow: [] });
  const transaction = await world.accepted();
  await world.report(transaction, { event: 'VM_ALIVE' });
  await until(async () => (await world.deliveries(transaction))[0] === 'dead', 'it is a dead letter');
  assert.deepEqual(world.client.heard, []);
});

test('credentials in the client’s URL are given to it', async () => {
  await using world = await startRelaying();
  const url = `http://ann:p%40ss@127.0.0.1:${world.client.port}/cb`;
  const transaction = await world.accepted({}, ['callback', url]);
  await world.report(transaction, { event: 'VM_ALIVE' });
  await until(() => world.client.heard.length === 1, 'it is delivered');
  const expected = `Basic ${Buffer.from('ann:p@ss').toString('base64')}`;
  assert.equal(fieldIn(world.client.heard[0]?.headers ?? [], 'Authorization'), expected);
});
