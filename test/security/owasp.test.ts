/**
 * OWASP API Security Top 10 (2023), line by line, against real gateways; API1, API2, API3 and API5 are in
 * `owasp-access.test.ts`. What has tests of its own elsewhere is shown here by its plainest case; docs/threat-model.md
 * names the others.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite, test } from 'node:test';
import { readConfig } from '../../src/config/reader.ts';
import { readHealthReport } from '../../src/esc/health-report.ts';
import { readReport } from '../../src/esc/reports.ts';
import { echo, saying } from '../support/echo-esc.ts';
import { startEchoWorld } from '../support/echo-world.ts';
import { ops } from '../support/ops.ts';
import { requestText } from '../support/raw-client.ts';
import { startWorld, tenantXml } from '../support/world.ts';
import { codeOf, create, created, type Document, documentOf, idOf } from './owasp-place.ts';

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
