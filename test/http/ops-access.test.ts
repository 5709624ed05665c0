/** Who may ask and act on the ops listener: tokens, roles, loopback, and pages of strangers. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { ops } from '../support/ops.ts';
import { until } from '../support/until.ts';
import { startWorld } from '../support/world.ts';

const token = (name: string, role: string) => ({
  name,
  role,
  sha256: createHash('sha256').update(`${name}-token`).digest('hex'),
});

const withTokens = { NORTHGATE_OPS_TOKENS: JSON.stringify([token('vera', 'viewer'), token('otto', 'operator')]) };

test('with tokens, nothing but health is answered without one, and the challenge says what to send', async () => {
  await using world = await startWorld({ settings: withTokens });
  for (const path of ['/v1/pair', '/v1/transactions', '/metrics', '/openapi.json', '/nothing']) {
    const { headers, body } = await ops(world).get(path).expect(401);
    assert.match(String(headers['www-authenticate']), /^Bearer realm="northgate"$/);
    assert.equal(body.type, 'urn:northgate:problem:unauthorized');
  }
  for (const credentials of ['Bearer wrong', 'Basic vera-token', `Bearer ${token('vera', 'viewer').sha256}`]) {
    const { headers } = await ops(world).get('/v1/pair').set('Authorization', credentials).expect(401);
    assert.match(String(headers['www-authenticate']), /invalid_token/);
  }
  await ops(world).get('/livez').expect(200);
  await ops(world).get('/readyz').expect(200);
});

test('viewers read and do not act; operators act', async () => {
  await using world = await startWorld({ settings: withTokens });
  const vera = { Authorization: 'Bearer vera-token' };
  const otto = { Authorization: 'Bearer otto-token' };
  await ops(world).get('/v1/pair').set(vera).expect(200);
  const refused = await ops(world).put('/v1/gate').set(vera).send({ mode: 'draining' }).expect(403);
  assert.equal(refused.body.type, 'urn:northgate:problem:forbidden');
  assert.equal(world.gateway.coordinator.gate().mode, 'open');
  for (const path of ['/v1/observations', '/v1/transactions/x/replay', '/v1/transactions/x/cancel']) {
    await ops(world).post(path).set(vera).expect(403);
  }
  await ops(world).put('/v1/gate').set(otto).send({ mode: 'holding' }).expect(200);
  assert.equal(world.gateway.coordinator.gate().mode, 'holding');
});

test('every act is in the audit with who, what and how it ended, refused ones too', async () => {
  await using world = await startWorld({ settings: withTokens });
  const otto = { Authorization: 'Bearer otto-token' };
  await ops(world).put('/v1/gate').set('Authorization', 'Bearer vera-token').send({ mode: 'draining' });
  await ops(world).put('/v1/gate').set(otto).send({ mode: 'holding' });
  await ops(world).post('/v1/transactions/x/cancel').set(otto);
  const read = async () => (await ops(world).get('/v1/audit').set(otto).expect(200)).body.items;
  await until(async () => (await read()).length === 3, 'three acts are in the audit');
  const shown = (await read()).map(({ who, act, target, detail, status }: Record<string, unknown>) => {
    return [who, act, target, detail, status];
  });
  assert.deepEqual(shown, [
    ['otto', 'cancelTransaction', 'x', null, 404],
    ['otto', 'setGate', null, '{"mode":"holding"}', 200],
    ['vera', 'setGate', null, null, 403],
  ]);
});

test('without tokens a stranger’s page in a browser on this machine can neither act nor read', async () => {
  await using world = await startWorld();
  const { host } = new URL(world.gateway.ops.url);
  await ops(world).put('/v1/gate').set('Origin', 'https://evil.example').send({ mode: 'draining' }).expect(403);
  await ops(world).post('/v1/transactions/x/cancel').set('Origin', 'null').expect(403);
  // A name that a stranger lets point to 127.0.0.1.
  await ops(world).get('/v1/transactions').set('Host', 'evil.example').expect(403);
  assert.equal(world.gateway.coordinator.gate().mode, 'open');
  await ops(world).put('/v1/gate').set('Origin', `http://${host}`).send({ mode: 'open' }).expect(200);
});
