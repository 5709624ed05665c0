/** Finding transactions and reading what was recorded of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCompletionWorld } from '../support/completion.ts';
import { operationNamed } from '../support/completion-operations.ts';
import { counted, ops } from '../support/ops.ts';
import { until } from '../support/until.ts';
import { startWorld, tenantXml, type World } from '../support/world.ts';

const basic = `Basic ${Buffer.from('admin:s3cret').toString('base64')}`;

/** Five tenants, one of them deleted again, one asked for with credentials. */
async function startBusyWorld(): Promise<World> {
  const world = await startWorld();
  for (const id of ['a', 'b', 'c', 'd']) await world.createTenant(id);
  await counted(world, 'completed', 4);
  await world.send('DELETE', '/ESCManager/v0/tenants/a');
  await world.send('POST', '/ESCManager/v0/tenants/e', tenantXml('e'), { authorization: basic, cookie: 'sid=s3cret' });
  await counted(world, 'completed', 6);
  return world;
}

const pathsOf = (body: { items: { method: string; path: string }[] }): string[] =>
  body.items.map(({ method, path }) => `${method} ${path.split('/').at(-1)}`);

test('transactions are listed newest first and narrowed by every filter of the contract', async () => {
  await using world = await startBusyWorld();
  const list = async (query: Record<string, string>): Promise<string[]> => {
    const { body } = await ops(world).get('/v1/transactions').query(query).expect(200);
    return pathsOf(body);
  };
  assert.deepEqual(await list({}), ['POST e', 'DELETE a', 'POST d', 'POST c', 'POST b', 'POST a']);
  assert.deepEqual(await list({ lane: 'tenants/a' }), ['DELETE a', 'POST a']);
  assert.deepEqual(await list({ method: 'DELETE' }), ['DELETE a']);
  assert.deepEqual(await list({ path: '/ESCManager/v0/tenants/c' }), ['POST c']);
  assert.deepEqual(await list({ q: 'TENANTS/D' }), ['POST d']);
  assert.deepEqual(await list({ status: 'held' }), []);
  assert.deepEqual(await list({ status: 'completed', lane: 'tenants/a', method: 'POST' }), ['POST a']);
  assert.deepEqual(await list({ client: 'anonymous', limit: '1' }), ['DELETE a']);
  const whole = await ops(world).get('/v1/transactions').expect(200);
  const { receivedAt } = whole.body.items[2];
  assert.deepEqual((await list({ since: receivedAt })).slice(-1), ['POST d']);
  assert.deepEqual(await list({ until: receivedAt }), ['POST c', 'POST b', 'POST a']);
});

test('pages follow one another without a gap or a repetition, filtered or not, and end', async () => {
  await using world = await startBusyWorld();
  for (const filter of [{}, { method: 'POST' }]) {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const query = { ...filter, limit: '2', ...(cursor === undefined ? {} : { cursor }) };
      const { body } = await ops(world).get('/v1/transactions').query(query).expect(200);
      seen.push(...pathsOf(body));
      cursor = body.nextCursor ?? undefined;
    } while (cursor !== undefined);
    assert.equal(new Set(seen).size, seen.length);
    assert.equal(seen.length, 'method' in filter ? 5 : 6);
  }
});

test('a cursor that no list gave, an unknown filter and a bad value are refused by name', async () => {
  await using world = await startWorld();
  const refused = async (query: Record<string, string>): Promise<string> => {
    const { body } = await ops(world).get('/v1/transactions').query(query).expect(400);
    assert.equal(body.type, 'urn:northgate:problem:invalid-request');
    return body.detail;
  };
  assert.match(await refused({ cursor: 'made-up' }), /cursor/);
  assert.match(await refused({ stauts: 'held' }), /additional/);
  assert.match(await refused({ limit: '0' }), /limit/);
  assert.match(await refused({ since: 'yesterday' }), /since/);
  assert.match(await refused({ status: 'lost' }), /status/);
});

test('one transaction is shown as the contract has it, with its attempts', async () => {
  await using world = await startWorld();
  const told = await world.createTenant('alpha');
  const id = String(told.headers['northgate-transaction']);
  await counted(world, 'completed');
  const { body } = await ops(world).get(`/v1/transactions/${id}`).expect(200);

  assert.equal(body.status, 'completed');
  assert.equal(body.method, 'POST');
  assert.equal(body.lane, 'tenants/alpha');
  assert.equal(body.operation, 'createTenant');
  assert.equal(body.ack, 'resource');
  assert.equal(body.reason, 'a look found it done');
  assert.equal(body.sent, 'yes');
  assert.equal(body.responseStatus, 200);
  assert.equal(body.requestBytes, tenantXml('alpha').length);
  assert.equal(body.escTransactionId, told.headers['esc-transaction-id']);
  assert.equal(new Date(body.receivedAt).toISOString(), body.receivedAt);
  const [attempt] = body.attempts;
  assert.equal(attempt.epoch, world.gateway.coordinator.epoch);
  assert.equal(attempt.outcome, 'answered');
  assert.match(attempt.evidence, /200/);
  await ops(world).get('/v1/transactions/unknown').expect(404);
});

test('R30 the reports on a transaction are shown with the attempt that they report on, and what became of each', async () => {
  await using completion = await startCompletionWorld();
  const { world, client } = completion;
  client.answering = () => 404;
  const ordered = completion.order(operationNamed('create a tenant'), 'shop');
  const { id } = await completion.ended(ordered);
  const { body } = await ops(world).get(`/v1/transactions/${id}`).expect(200);
  assert.equal(body.status, 'completed');
  assert.equal(body.ack, 'report');
  assert.equal(body.attempts.length, 1);
  const [{ at, endedAt, evidence, ...callback }, ...more] = body.attempts[0].callbacks;
  assert.deepEqual(more, []);
  assert.deepEqual(callback, {
    id: `${id}-1`,
    channel: 'callback',
    from: 'esc',
    eventType: 'CREATE_TENANT',
    status: 'success',
    delivery: 'dead',
    tries: 1,
  });
  assert.ok(body.attempts[0].at <= at && at <= endedAt);
  assert.match(evidence, /answered 404$/);

  client.answering = () => 200;
  await ops(world).post(`/v1/dead-letters/${id}-1/resend`).expect(202);
  await until(async () => {
    const shown = await ops(world).get(`/v1/transactions/${id}`).expect(200);
    return shown.body.attempts[0].callbacks[0].delivery === 'delivered';
  }, 'it is shown as delivered');
  const own = await world.send('GET', `/northgate/v1/transactions/${id}`);
  assert.ok(!own.body.includes('callbacks'), 'what deliveries met in the network is not for clients');
});

test('recorded bytes are given whole, with every credential masked', async () => {
  await using world = await startBusyWorld();
  const { body: list } = await ops(world).get('/v1/transactions?limit=1').expect(200);
  const request = await ops(world).get(`/v1/transactions/${list.items[0].id}/request`).buffer(true).parse(asText);
  assert.equal(request.headers['content-type'], 'message/http');
  const text = String(request.body);
  assert.match(text, /^POST \/ESCManager\/v0\/tenants\/e HTTP\/1\.1\r\n/);
  assert.match(text, /authorization: \*\*\*\r\n/i);
  assert.match(text, /cookie: \*\*\*\r\n/i);
  assert.ok(!text.includes('s3cret') && !text.includes(basic.slice('Basic '.length)));
  assert.ok(text.endsWith(`\r\n\r\n${tenantXml('e')}`));

  const response = await ops(world).get(`/v1/transactions/${list.items[0].id}/response`).buffer(true).parse(asText);
  assert.match(String(response.body), /^HTTP\/1\.1 200 [\s\S]*\r\n\r\n<\?xml/);
});

function asText(given: unknown, done: (error: Error | null, body: string) => void): void {
  const response = given as NodeJS.ReadableStream;
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer) => chunks.push(Buffer.from(chunk)));
  response.on('end', () => done(null, Buffer.concat(chunks).toString()));
}
