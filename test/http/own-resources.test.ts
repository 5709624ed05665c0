/** The gateway's own resources on the northbound listener (contract section 3). */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { awaitingOperator, counted, ops, shut } from '../support/ops.ts';
import { until } from '../support/until.ts';
import { startWorld, tenantXml } from '../support/world.ts';

const basic = (name: string) => ({ authorization: `Basic ${Buffer.from(`${name}:pw`).toString('base64')}` });

test('a client asks after its own transaction: unsettled with Retry-After, then settled without, never cached', async () => {
  await using world = await startWorld();
  await shut(world);
  const told = world.createTenant('patient');
  await until(async () => (await world.gateway.journal.counts()).held === 1, 'it is held');
  const [held] = await world.gateway.journal.list({ status: 'held', limit: 1 });
  const path = `/northgate/v1/transactions/${held?.id}`;
  const waiting = await world.send('GET', path);
  assert.equal(waiting.status, 200);
  assert.equal(JSON.parse(waiting.body).status, 'held');
  assert.ok(Number(waiting.headers['retry-after']) > 0);
  assert.equal(waiting.headers['cache-control'], 'no-store');
  assert.equal((await world.send('GET', `${path}/response`)).status, 404);

  await world.pair.proceed();
  const { headers } = await told;
  const accepted = await world.send('GET', path);
  assert.equal(JSON.parse(accepted.body).status, 'accepted');
  assert.ok(Number(accepted.headers['retry-after']) > 0);
  assert.equal(
    (await world.send('GET', `${path}/response`)).headers['esc-transaction-id'],
    headers['esc-transaction-id'],
  );

  await counted(world, 'completed');
  const settled = await world.send('GET', path);
  assert.equal(JSON.parse(settled.body).status, 'completed');
  assert.equal(settled.headers['retry-after'], undefined);
});

test('ESC’s recorded answer is given as it was, status, fields and bytes', async () => {
  await using world = await startWorld();
  const told = await world.createTenant('alpha');
  const id = String(told.headers['northgate-transaction']);
  const again = await world.send('GET', `/northgate/v1/transactions/${id}/response`);
  assert.equal(again.status, told.status);
  assert.equal(again.body, told.body);
  for (const name of ['content-type', 'esc-transaction-id', 'northgate-transaction', 'northgate-attempts']) {
    assert.equal(again.headers[name], told.headers[name], name);
  }
  assert.equal(again.headers['idempotent-replayed'], 'true', 'it comes from the journal');
  assert.equal(again.headers['cache-control'], 'no-store');
  const head = await world.send('HEAD', `/northgate/v1/transactions/${id}/response`);
  assert.deepEqual([head.status, head.body], [told.status, '']);
  assert.equal(head.headers['content-length'], again.headers['content-length']);
});

test('a client that polls is told 304 until something changes, whichever way it names what it knows', async () => {
  await using world = await startWorld();
  await shut(world);
  const told = world.createTenant('polled');
  await until(async () => (await world.gateway.journal.counts()).held === 1, 'it is held');
  const [held] = await world.gateway.journal.list({ status: 'held', limit: 1 });
  const path = `/northgate/v1/transactions/${held?.id}`;
  const tag = String((await world.send('GET', path)).headers.etag);
  assert.match(tag, /^"[\x21\x23-\x7e]+"$/, 'a strong tag');

  for (const known of [tag, '*', `W/${tag}`, `"x", ${tag}`, `"a,b" ,, W/${tag},"y"`]) {
    const unchanged = await world.send('GET', path, undefined, { 'if-none-match': known });
    assert.deepEqual([unchanged.status, unchanged.body], [304, ''], known);
    assert.equal(unchanged.headers.etag, tag);
    assert.equal(unchanged.headers['cache-control'], 'no-store');
    assert.ok(Number(unchanged.headers['retry-after']) > 0, 'it is told when to look again');
  }
  for (const other of ['"x"', tag.slice(1, -1), `"${tag.slice(2)}`, '']) {
    assert.equal((await world.send('GET', path, undefined, { 'if-none-match': other })).status, 200, other);
  }

  await world.pair.proceed();
  await told;
  await counted(world, 'completed');
  const changed = await world.send('GET', path, undefined, { 'if-none-match': tag });
  assert.equal(changed.status, 200);
  assert.notEqual(changed.headers.etag, tag);
  const again = await world.send('GET', path);
  assert.deepEqual([again.headers.etag, again.body], [changed.headers.etag, changed.body], 'one tag, the same bytes');
});

test('HEAD of a transaction has the fields of GET and no body', async () => {
  await using world = await startWorld();
  const path = `/northgate/v1/transactions/${(await world.createTenant('head')).headers['northgate-transaction']}`;
  await counted(world, 'completed');
  const [got, head] = [await world.send('GET', path), await world.send('HEAD', path)];
  assert.equal(head.status, 200);
  assert.equal(head.body, '');
  for (const name of ['etag', 'content-type', 'content-length', 'cache-control']) {
    assert.equal(head.headers[name], got.headers[name], name);
  }
});

test('a transaction says in words why it stands where it stands, how often it was sent, and where its answer is', async () => {
  await using world = await startWorld();
  await shut(world);
  const told = world.createTenant('words');
  await until(async () => (await world.gateway.journal.counts()).held === 1, 'it is held');
  const [held] = await world.gateway.journal.list({ status: 'held', limit: 1 });
  const path = `/northgate/v1/transactions/${held?.id}`;
  const waiting = JSON.parse((await world.send('GET', path)).body);
  assert.match(waiting.reason, /ESC is away/);
  assert.deepEqual(
    [waiting.sent, waiting.attemptCount, waiting.settledAt, waiting.links],
    ['no', 0, null, { self: path, response: null }],
  );
  const early = await world.send('GET', `${path}/response`);
  assert.equal(early.status, 404);
  assert.match(JSON.parse(early.body).detail, /no answer .* yet: ESC is away/);
  assert.ok(Number(early.headers['retry-after']) > 0);

  await world.pair.proceed();
  await told;
  await counted(world, 'completed');
  const settled = JSON.parse((await world.send('GET', path)).body);
  assert.deepEqual([settled.sent, settled.attemptCount], ['yes', 1]);
  assert.ok(Date.parse(settled.settledAt) >= Date.parse(settled.receivedAt));
  assert.deepEqual(settled.links, { self: path, response: `${path}/response` });
  assert.equal((await world.send('GET', settled.links.response)).status, 200);
});

test('of what was abandoned there is no answer and never will be: 404, and no time to come back', async () => {
  await using world = await startWorld({ settings: { NORTHGATE_HOLD_TIMEOUT: '200ms' } });
  await shut(world);
  const { transaction } = JSON.parse((await world.createTenant('late')).body);
  const path = `/northgate/v1/transactions/${transaction}`;
  assert.equal(JSON.parse((await world.send('GET', path)).body).status, 'abandoned');
  const never = await world.send('GET', `${path}/response`);
  assert.equal(never.status, 404);
  assert.match(JSON.parse(never.body).detail, /never sent and never will be/);
  assert.equal(JSON.parse(never.body).sent, 'no');
  assert.equal(never.headers['retry-after'], undefined);
});

test('what a person resolved as completed has the operation’s first 2xx and no body as its answer', async () => {
  await using world = await startWorld();
  const { id, told } = await awaitingOperator(world);
  await ops(world).post(`/v1/transactions/${id}/resolve`).send({ as: 'completed', note: 'seen' }).expect(202);
  const { status } = await told;
  const again = await world.send('GET', `/northgate/v1/transactions/${id}/response`);
  assert.equal(again.status, status);
  assert.equal(again.body, '');
});

test('others get 404 of a transaction, whether it exists or not, and no node’s address or evidence is in it', async () => {
  const clients = ['ann', 'bob'].map((name) => ({
    name,
    tokenSha256: createHash('sha256').update(name).digest('hex'),
  }));
  await using world = await startWorld({
    settings: {
      NORTHGATE_NORTHBOUND_CLIENTS: JSON.stringify(clients),
      NORTHGATE_ESC_USERNAME: 'gateway',
      NORTHGATE_ESC_PASSWORD: 'pw',
    },
  });
  const ann = { authorization: 'Bearer ann' };
  const told = await world.send('POST', '/ESCManager/v0/tenants/x', tenantXml('x'), ann);
  const path = `/northgate/v1/transactions/${told.headers['northgate-transaction']}`;
  const own = await world.send('GET', path, undefined, ann);
  assert.equal(own.status, 200);
  assert.ok(!own.body.includes(world.pair.activeNode) && !own.body.includes('evidence'));

  for (const each of [path, `${path}/response`, '/northgate/v1/transactions/none']) {
    const other = await world.send('GET', each, undefined, { authorization: 'Bearer bob' });
    assert.equal(other.status, 404, each);
    assert.equal(JSON.parse(other.body).type, 'urn:northgate:problem:not-found');
  }
  assert.equal((await world.send('GET', path)).status, 401);
});

test('with credentials passed through, a transaction is shown only to the same credentials', async () => {
  await using world = await startWorld();
  const told = await world.send('POST', '/ESCManager/v0/tenants/y', tenantXml('y'), basic('ann'));
  const path = `/northgate/v1/transactions/${told.headers['northgate-transaction']}`;
  assert.equal((await world.send('GET', path, undefined, basic('ann'))).status, 200);
  assert.equal((await world.send('GET', path, undefined, basic('bob'))).status, 404);
  assert.equal((await world.send('GET', path)).status, 404);
});

test('the document is served as JSON; what is not there and what takes other methods are problems', async () => {
  await using world = await startWorld();
  const { status, body, headers } = await world.send('GET', '/northgate/v1/openapi.json');
  assert.equal(status, 200);
  assert.match(String(headers['content-type']), /^application\/json/);
  assert.equal(JSON.parse(body).openapi, '3.0.3');
  for (const [method, path, expected] of [
    ['GET', '/northgate/v1/nothing', 404],
    ['POST', '/northgate/v1/callbacks/token', 404],
    ['POST', '/northgate/v1/openapi.json', 405],
    ['DELETE', '/northgate/v1/transactions/x', 405],
  ] as const) {
    const told = await world.send(method, path, method === 'POST' ? '<x/>' : undefined);
    assert.equal(told.status, expected, path);
    assert.equal(told.headers['content-type'], 'application/problem+json');
    assert.equal(told.headers.allow, expected === 405 ? 'GET, HEAD' : undefined);
  }
});
