/**
 * OWASP API Security Top 10 (2023), line by line, against real gateways. What has tests of its own elsewhere is shown
 * here by its plainest case; docs/threat-model.md names the others.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite, test } from 'node:test';
import { request } from 'undici';
import { parse } from 'yaml';
import { readConfig } from '../../src/config/reader.ts';
import { readHealthReport } from '../../src/esc/health-report.ts';
import { readReport } from '../../src/esc/reports.ts';
import { echo, saying } from '../support/echo-esc.ts';
import { startEchoWorld } from '../support/echo-world.ts';
import { ops } from '../support/ops.ts';
import { requestText } from '../support/raw-client.ts';
import { startWorld, type Told, tenantXml, type World } from '../support/world.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const withClients = {
  NORTHGATE_NORTHBOUND_CLIENTS: JSON.stringify(['ann', 'bob'].map((name) => ({ name, tokenSha256: sha256(name) }))),
  NORTHGATE_ESC_USERNAME: 'gateway',
  NORTHGATE_ESC_PASSWORD: 'pw',
};
const [ann, bob] = [{ authorization: 'Bearer ann' }, { authorization: 'Bearer bob' }];
const withTokens = {
  NORTHGATE_OPS_TOKENS: JSON.stringify([
    { name: 'vera', role: 'viewer', sha256: sha256('vera') },
    { name: 'otto', role: 'operator', sha256: sha256('otto') },
  ]),
};
const codeOf = ({ body }: Told): string => JSON.parse(body).type.replace('urn:northgate:problem:', '');
const idOf = ({ headers }: Told): string => String(headers['northgate-transaction']);
/** What is there that ESC does not begin with. */
const created = ({ pair }: World) => pair.resources().filter(({ id }) => id !== 'SystemAdminTenantId');
const create = (world: World, name: string, headers: Record<string, string>): Promise<Told> =>
  world.send('POST', `/ESCManager/v0/tenants/${name}`, tenantXml(name), headers);

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

suite('API4 unrestricted resource consumption', () => {
  test('API4 bodies, targets, pages and held requests are limited; past a limit is a problem and nothing is sent', async () => {
    await using world = await startWorld({
      settings: { NORTHGATE_LIMITS_BODY_BYTES: '1KiB', NORTHGATE_HOLD_MAX_REQUESTS: '2' },
    });
    const large = await world.send('POST', '/ESCManager/v0/tenants/x', 'x'.repeat(1025));
    assert.deepEqual([large.status, codeOf(large)], [413, 'body-too-large']);
    const long = await world.send('GET', `/ESCManager/${'x'.repeat(17_000)}`);
    assert.deepEqual([long.status, codeOf(long)], [414, 'uri-too-long']);
    for (const limit of ['0', '-1', '100000', 'all']) {
      await ops(world).get(`/v1/transactions?limit=${limit}`).expect(400);
    }
    await ops(world).put('/v1/gate').send({ mode: 'holding' }).expect(200);
    const asked = ['a', 'b', 'c', 'd'].map((name) => create(world, name, { prefer: 'respond-async' }));
    const statuses = (await Promise.all(asked)).map(({ status }) => status).sort();
    assert.deepEqual(statuses, [202, 202, 503, 503]);
    assert.deepEqual(created(world), []);
  });
});

interface Document {
  readonly paths: Record<string, Record<string, { operationId?: string; security?: unknown[] }>>;
  readonly components: { readonly schemas: Record<string, { properties?: Record<string, unknown> }> };
}

const documentOf = (name: string): Document =>
  parse(readFileSync(new URL(`../../openapi/${name}.yaml`, import.meta.url), 'utf8')) as Document;

function propertiesOf(document: string, schema: string): string[] {
  const { properties } = documentOf(document).components.schemas[schema] ?? {};
  assert.ok(properties !== undefined, `no schema ${schema}`);
  return Object.keys(properties);
}

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

suite('API6 unrestricted access to sensitive business flows', () => {
  test('API6 a creation that is asked for twenty times at once, with its key, takes effect once', async () => {
    await using world = await startWorld();
    const asked = Array.from({ length: 20 }, () => create(world, 'once', { 'idempotency-key': '"once"' }));
    const told = await Promise.all(asked);
    assert.equal(new Set(told.map(idOf)).size, 1);
    for (const { status } of told) assert.equal(status, 200);
    assert.equal((await world.gateway.journal.list({ limit: 100 })).length, 1);
    assert.equal(created(world).length, 1);
  });

  test('API6 with northbound.requireKey nothing that changes something is taken without a key', async () => {
    await using world = await startWorld({ settings: { NORTHGATE_NORTHBOUND_REQUIRE_KEY: 'true' } });
    const told = await create(world, 'x', {});
    assert.deepEqual([told.status, codeOf(told)], [400, 'key-required']);
    assert.deepEqual(created(world), []);
  });
});

suite('API7 server side request forgery', () => {
  test('API7 no form of this host, its links or a metadata service is taken as a callback URL', async () => {
    await using world = await startWorld({ settings: { NORTHGATE_CALLBACKS_PUBLIC_URL: 'http://gateway.example' } });
    for (const url of [
      ...['http://127.0.0.1/', 'http://2130706433/', 'http://0x7f.1/', 'http://0177.0.0.1/', 'http://localhost./'],
      ...['http://[::1]/', 'http://[::ffff:127.0.0.1]/', 'http://[fe80::1]/', 'http://0.0.0.0/', 'http://127.1/'],
      ...['http://169.254.169.254/latest/meta-data/', 'http://metadata.google.internal/', 'http://100.100.100.200/'],
      ...['file:///etc/passwd', 'gopher://10.0.0.1/', 'javascript:alert(1)', 'http://', '//10.0.0.1/'],
    ]) {
      const told = await create(world, 'x', { callback: url });
      assert.deepEqual([told.status, codeOf(told)], [400, 'callback-refused'], url);
    }
    assert.deepEqual(created(world), []);
    assert.deepEqual(await world.gateway.journal.list({ limit: 10 }), []);
  });

  test('API7 API10 where ESC redirects to is told to the client and not visited', async () => {
    let visited = 0;
    const trap = http.createServer((_, response) => {
      visited += 1;
      response.end();
    });
    trap.listen(0, '127.0.0.1');
    await once(trap, 'listening');
    const location = `http://127.0.0.1:${(trap.address() as AddressInfo).port}/trap`;
    try {
      await using world = await startEchoWorld({
        answering: saying(`HTTP/1.1 307 Temporary Redirect\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`),
      });
      for (const method of ['GET', 'POST']) {
        using client = await world.connect();
        client.write(requestText([`${method} /ESCManager/v0/x HTTP/1.1`, 'Host: a', 'Content-Length: 0']));
        const { status, headers } = await client.answer();
        assert.equal(status, 307);
        assert.ok(headers.includes(location));
      }
      assert.equal(visited, 0);
    } finally {
      trap.close();
    }
  });
});

suite('API8 security misconfiguration', () => {
  test('API8 what is not safe is refused at the start, unless it is asked for by name', () => {
    const wanted = { NORTHGATE_ESC_VIP: '10.0.0.1' };
    const keysOf = (environment: Record<string, string>): string[] => {
      const reading = readConfig({ environment: { ...wanted, ...environment } });
      return 'errors' in reading ? reading.errors.map(({ key }) => key) : [];
    };
    assert.deepEqual(keysOf({}), []);
    assert.ok(keysOf({ NORTHGATE_OPS_HOST: '0.0.0.0' }).some((key) => key.startsWith('ops')));
    assert.ok(keysOf({ NORTHGATE_JOURNAL_URL: 'redis://10.0.0.2' }).some((key) => key.startsWith('journal')));
    const reading = readConfig({ environment: wanted });
    assert.ok('config' in reading);
    assert.equal(reading.config.ops.host, '127.0.0.1');
    assert.equal(reading.config.esc.tls.verify, true);
    assert.deepEqual([reading.config.esc.rest.scheme, reading.config.esc.health.scheme], ['https', 'https']);
  });

  test('API8 an error says what was wrong and nothing of the inside: no stack, no path, no version', async () => {
    await using world = await startWorld();
    const told = [
      await world.send('GET', '/nothing/<script>'),
      await world.send('POST', '/ESCManager/v0/tenants/x', tenantXml('x'), { 'idempotency-key': '"' }),
      await world.send('PUT', '/northgate/v1/transactions/x', '{'),
    ];
    for (const { status, body, headers } of told) {
      assert.ok(status >= 400 && status < 500, `${status}`);
      assert.match(String(headers['content-type']), /^application\/problem\+json/);
      assert.doesNotMatch(body, /\bat \w+ \(|node_modules|\.ts\b|\/src\/|fastify|undici|v24/i);
    }
    const broken = await ops(world).put('/v1/gate').set('content-type', 'application/json').send('{').expect(400);
    assert.doesNotMatch(broken.text, /\bat \w+ \(|node_modules|\.ts\b|position \d/);
  });
});

suite('API9 improper inventory management', () => {
  test('API9 what is served is what is documented: one version, no path beside it', async () => {
    await using world = await startWorld();
    for (const path of [
      '/v0/pair',
      '/v2/pair',
      '/debug',
      '/admin',
      '/swagger.json',
      '/status',
      '/api',
      '/.env',
      '/health',
    ]) {
      await ops(world).get(path).expect(404);
      assert.equal((await world.send('GET', path)).status, 404, path);
    }
    const served = (await ops(world).get('/openapi.json').expect(200)).body as Document;
    assert.deepEqual(Object.keys(served.paths).sort(), Object.keys(documentOf('ops').paths).sort());
    const versions = Object.keys(served.paths).flatMap((path) => /^\/(v\d+)\//.exec(path)?.[1] ?? []);
    assert.deepEqual([...new Set(versions)], ['v1']);
  });

  test('API9 the northbound of ESC that is not enabled is not there', async () => {
    await using world = await startWorld();
    for (const path of ['/vnflcm/v1/vnf_instances', '/vnffm/v1/alarms', '/vnfpm/v1/pm_jobs', '/vnfind/v1/indicators']) {
      assert.equal((await world.send('GET', path)).status, 404, path);
    }
  });
});

suite('API10 unsafe consumption of APIs', () => {
  test('API10 what ESC answers is an answer only where it is HTTP, bounded and whole', async () => {
    await using world = await startEchoWorld();
    for (const answer of [
      'nonsense\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc',
      `HTTP/1.1 200 OK\r\nX-Large: ${'x'.repeat(200_000)}\r\n\r\n`,
    ]) {
      world.esc.answering = saying(answer);
      using client = await world.connect();
      client.write(requestText(['GET /ESCManager/v0/x HTTP/1.1', 'Host: a']));
      const { status, body } = await client.answer();
      assert.equal(status, 502, answer.slice(0, 40));
      assert.equal(JSON.parse(body.toString()).type, 'urn:northgate:problem:upstream-invalid');
    }
    world.esc.answering = echo;
  });

  test('API10 XML with a document type is not read, whatever it would expand to', () => {
    const laughs = Array.from({ length: 9 }, (_, at) => `<!ENTITY a${at + 1} "${`&a${at};`.repeat(10)}">`).join('');
    const types = [
      `<!DOCTYPE x [<!ENTITY a0 "2000">${laughs}]>`,
      '<!DOCTYPE x [<!ENTITY a9 SYSTEM "file:///etc/passwd">]>',
      '<!DOCTYPE x SYSTEM "http://169.254.169.254/">',
    ];
    for (const type of types) {
      const health = `${type}<esc_health_report><status_code>2000</status_code><stage>READY</stage><message>&a9;</message></esc_health_report>`;
      assert.equal(readHealthReport(200, 'application/xml', Buffer.from(health)).kind, 'unreadable');
      const report = `${type}<deployment><event_type>VM_DEPLOYED</event_type><message>&a9;</message></deployment>`;
      assert.equal(readReport([], Buffer.from(report)).eventType, null);
    }
  });
});
