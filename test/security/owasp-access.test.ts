/**
 * OWASP API Security Top 10 (2023), who may see and do what: API1, API2, API3 and API5, against real gateways. The other
 * lines are in `owasp.test.ts`.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { request } from 'undici';
import { ops } from '../support/ops.ts';
import { startWorld, tenantXml } from '../support/world.ts';
import {
  ann,
  bob,
  codeOf,
  create,
  created,
  documentOf,
  idOf,
  propertiesOf,
  sha256,
  withClients,
  withTokens,
} from './owasp-place.ts';

suite('API1 broken object level authorization', () => {
  test('API1 a transaction, its answer and its key are its sender’s; to others there are none', async () => {
    await using world = await startWorld({ settings: withClients });
    const told = await create(world, 'a', { ...ann, 'idempotency-key': '"one"' });
    assert.equal(told.status, 200);
    for (const suffix of ['', '/response']) {
      const path = `/northgate/v1/transactions/${idOf(told)}${suffix}`;
      assert.equal((await world.send('GET', path, undefined, ann)).status, 200);
      const other = await world.send('GET', path, undefined, bob);
      assert.deepEqual([other.status, codeOf(other)], [404, 'not-found']);
      assert.ok(!other.body.includes('ann'));
    }
    const same = await create(world, 'b', { ...bob, 'idempotency-key': '"one"' });
    assert.equal(same.status, 200, 'another client’s key is another key');
    assert.equal(same.headers['idempotent-replayed'], undefined);
    assert.notEqual(idOf(same), idOf(told));
  });

  test('API1 ids of transactions cannot be counted up or guessed', async () => {
    await using world = await startWorld();
    const ids: string[] = [];
    for (const name of ['a', 'b', 'c']) ids.push(idOf(await create(world, name, {})));
    // Behind the time a version 4 UUID, which has 122 random bits (RFC 9562 section 5.4).
    for (const id of ids)
      assert.match(id, /^[0-9a-z]+-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(new Set(ids.map((id) => id.slice(-12))).size, ids.length);
  });
});

suite('API2 broken authentication', () => {
  test('API2 without right credentials nothing is done, wherever wrong ones stand, and they are not repeated', async () => {
    await using world = await startWorld({ settings: { ...withClients, ...withTokens } });
    const wrong: [string, Record<string, string>][] = [
      ['', {}],
      ['?access_token=ann', {}],
      ['?token=ann', {}],
      ['', { cookie: 'token=ann' }],
      ['', { authorization: 'ann' }],
      ['', { authorization: 'Bearer' }],
      ['', { authorization: 'Bearer canary-7' }],
      ['', { authorization: `Bearer ${sha256('ann')}` }],
      ['', { authorization: `Basic ${Buffer.from('ann:').toString('base64')}` }],
      ['', { authorization: 'Bearer ann, Bearer bob' }],
    ];
    for (const [query, headers] of wrong) {
      const told = await world.send('POST', `/ESCManager/v0/tenants/x${query}`, tenantXml('x'), headers);
      assert.equal(told.status, 401, JSON.stringify(headers));
      assert.ok(told.headers['www-authenticate'] !== undefined);
      assert.ok(!told.body.includes('canary-7'));
      await ops(world).get(`/v1/pair${query}`).set(headers).expect(401);
    }
    assert.deepEqual(await world.gateway.journal.list({ limit: 10 }), []);
    assert.deepEqual(created(world), []);
  });
});

suite('API3 broken object property level authorization', () => {
  test('API3 a client is shown these properties of its transaction and no other', async () => {
    await using world = await startWorld({ settings: withClients });
    const id = idOf(await create(world, 'a', ann));
    const { body } = await world.send('GET', `/northgate/v1/transactions/${id}`, undefined, ann);
    const allowed = new Set(propertiesOf('northbound', 'Transaction'));
    assert.deepEqual(
      Object.keys(JSON.parse(body)).filter((name) => !allowed.has(name)),
      [],
    );
    const { attempts } = JSON.parse(body) as { attempts: { node: string | null }[] };
    assert.deepEqual(new Set(attempts.map(({ node }) => node)), new Set([null]));
    for (const inner of ['evidence', 'authorization', 'Bearer', world.pair.activeNode])
      assert.ok(!body.includes(inner));
  });

  test('API3 an order to the gateway may hold what it is for, and nothing more', async () => {
    await using world = await startWorld({ settings: withTokens });
    for (const order of [
      { mode: 'holding', role: 'operator' },
      { mode: 'holding', epoch: 9 },
      { Mode: 'holding' },
      [],
    ]) {
      await ops(world).put('/v1/gate').set('authorization', 'Bearer otto').send(order).expect(400);
    }
    const polluting = '{"mode":"holding","__proto__":{"mode":"draining"}}';
    const told = await ops(world)
      .put('/v1/gate')
      .set({ authorization: 'Bearer otto', 'content-type': 'application/json' })
      .send(polluting);
    assert.equal(told.status, 400);
    assert.equal(world.gateway.coordinator.gate().mode, 'open');
  });
});

suite('API5 broken function level authorization', () => {
  test('API5 every act is refused to viewers and strangers, every reading to strangers, as the document lists them', async () => {
    await using world = await startWorld({ settings: withTokens });
    let acts = 0;
    for (const [path, methods] of Object.entries(documentOf('ops').paths)) {
      for (const [method, { security }] of Object.entries(methods)) {
        if (!['get', 'put', 'post', 'delete', 'patch'].includes(method)) continue;
        const url = `${world.gateway.ops.url}${path.replace('{id}', 'x')}`;
        const ask = async (headers: Record<string, string>): Promise<number> => {
          const asked = { method: method.toUpperCase() as 'GET', headers: { ...headers, connection: 'close' } };
          const { statusCode, body } = await request(url, asked);
          await body.dump();
          return statusCode;
        };
        const isOpen = Array.isArray(security) && security.length === 0;
        if (!isOpen) assert.equal(await ask({}), 401, `${method} ${path}`);
        if (method === 'get') continue;
        acts += 1;
        assert.equal(isOpen, false, `${method} ${path} is open to everybody`);
        assert.equal(await ask({ authorization: 'Bearer vera' }), 403, `${method} ${path}`);
      }
    }
    assert.ok(acts >= 6, `${acts}`);
  });

  test('API5 nothing of the operators’ is on the northbound listener, and nothing of the clients’ on theirs', async () => {
    await using world = await startWorld();
    for (const path of ['/v1/pair', '/v1/gate', '/metrics', '/console/', '/livez', '/northgate/v1/pair']) {
      assert.equal((await world.send('GET', path)).status, 404, path);
    }
    for (const path of ['/ESCManager/v0/tenants', '/northgate/v1/transactions/x']) {
      await ops(world).get(path).expect(404);
    }
  });
});
