/** What browsers and caches are told by every answer of the gateway's own: pages, documents, problems, private data. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { request } from 'undici';
import { startWorld, tenantXml, type World } from '../support/world.ts';

const fieldsOf = async (url: string, method: 'GET' | 'POST' = 'GET'): Promise<Record<string, string>> => {
  const { statusCode, headers, body } = await request(url, { method });
  await body.dump();
  return { ...(headers as Record<string, string>), status: String(statusCode) };
};

const pagesOf = ({ gateway }: World): string[] => [
  `${gateway.northbound.url}/northgate/v1/docs/`,
  `${gateway.ops.url}/docs/`,
];

test('pages run what comes from their own listener only, in no frame, and tell nobody where they were read', async () => {
  await using world = await startWorld();
  for (const page of pagesOf(world)) {
    const fields = await fieldsOf(page);
    assert.equal(fields.status, '200', page);
    const policy = fields['content-security-policy'] ?? '';
    for (const rule of [
      ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"],
      ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
    ]) {
      assert.ok(policy.split('; ').includes(rule), `${page}: ${rule}`);
    }
    assert.equal(fields['x-content-type-options'], 'nosniff', page);
    assert.equal(fields['x-frame-options'], 'DENY', page);
    assert.equal(fields['referrer-policy'], 'no-referrer', page);
    assert.equal(fields['cross-origin-opener-policy'], 'same-origin', page);
    assert.equal(fields['cross-origin-resource-policy'], 'same-origin', page);
  }
});

test('nothing private is stored by a cache, and nothing is taken for another type than it says', async () => {
  await using world = await startWorld();
  const { northbound, ops } = world.gateway;
  const told = await world.send('POST', '/ESCManager/v0/tenants/a', tenantXml('a'));
  const id = String(told.headers['northgate-transaction']);
  const own = await world.send('GET', `/northgate/v1/transactions/${id}`);
  assert.match(String(own.headers['cache-control']), /no-store|private/);
  for (const path of [
    ...['/v1/pair', '/v1/transactions', `/v1/transactions/${id}`, `/v1/transactions/${id}/request`, '/v1/audit'],
    ...['/v1/switchovers', '/v1/dead-letters', '/metrics', '/livez', '/readyz', '/nothing'],
  ]) {
    const fields = await fieldsOf(`${ops.url}${path}`);
    assert.equal(fields['cache-control'], 'no-store', path);
    assert.equal(fields['x-content-type-options'], 'nosniff', path);
  }
  for (const path of ['/nothing', '/northgate/v1/nothing', '/northgate/v1/transactions/none']) {
    const fields = await fieldsOf(`${northbound.url}${path}`);
    assert.match(fields['content-type'] ?? '', /^application\/problem\+json/, path);
    assert.equal(fields['cache-control'], 'no-store', path);
    assert.equal(fields['x-content-type-options'], 'nosniff', path);
  }
  for (const document of [`${northbound.url}/northgate/v1/openapi.json`, `${ops.url}/openapi.json`]) {
    assert.equal((await fieldsOf(document))['x-content-type-options'], 'nosniff', document);
  }
});

test('no other site’s page may read an answer: nothing grants an origin, asked beforehand or not', async () => {
  await using world = await startWorld();
  const { northbound, ops } = world.gateway;
  for (const url of [`${northbound.url}/northgate/v1/openapi.json`, `${northbound.url}/nothing`, `${ops.url}/livez`]) {
    for (const method of ['GET', 'OPTIONS'] as const) {
      const headers = { origin: 'https://elsewhere.example', 'access-control-request-method': 'PUT' };
      const answer = await request(url, { method, headers });
      await answer.body.dump();
      const granting = Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'));
      assert.deepEqual(granting, [], `${method} ${url}`);
    }
  }
});

test('no answer names the software that gave it', async () => {
  await using world = await startWorld();
  for (const url of [...pagesOf(world), `${world.gateway.ops.url}/livez`, `${world.gateway.northbound.url}/nothing`]) {
    const fields = await fieldsOf(url);
    assert.equal(fields.server, undefined, url);
    assert.equal(fields['x-powered-by'], undefined, url);
  }
});
