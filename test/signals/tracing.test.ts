/**
 * One trace a transaction, from the client's request to its callback: over attempts and looks, a switchover and a hold,
 * with nothing in it that is nobody's business. Spans come to a collector over OTLP.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { fieldValue } from '../../src/esc/headers.ts';
import { startCompletionWorld } from '../support/completion.ts';
import { operationNamed } from '../support/completion-operations.ts';
import { shut } from '../support/ops.ts';
import { until } from '../support/until.ts';
import { startWorld, tenantXml, type World } from '../support/world.ts';
import { type SpanSeen, startCollector } from './collector.ts';

/** A client's own trace. */
const clientTrace = (flags = '01') => {
  const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  return { traceId, spanId, headers: { traceparent: `00-${traceId}-${spanId}-${flags}`, tracestate: 'vendor=1' } };
};

const named = (spans: readonly SpanSeen[], name: string, kind?: number): SpanSeen[] =>
  spans.filter((span) => span.name === name && (kind === undefined || span.kind === kind));

const [internal, server, client] = [1, 2, 3];
const createTenant = 'POST /ESCManager/v0/tenants/{tenant}';

const atEsc = (world: World, path: string): string[] =>
  world.pair.requests
    .filter((request) => request.path.endsWith(path) && request.method === 'POST')
    .map(({ headers }) => String(headers.traceparent ?? ''));

test('a client’s trace goes on: request, attempt and end are in it, and ESC is told of the attempt', async () => {
  await using collector = await startCollector();
  await using world = await startWorld({ settings: { NORTHGATE_TRACING_ENDPOINT: collector.url } });
  const { traceId, spanId, headers } = clientTrace();
  const path = '/ESCManager/v0/tenants/alpha?secret=query';
  const told = await world.send('POST', path, tenantXml('alpha'), {
    ...headers,
    authorization: 'Basic am9lOnNlY3JldA==',
  });
  const id = String(told.headers['northgate-transaction']);

  const spans = await collector.whole(traceId, createTenant, 'journal create', 'journal replace', 'transaction');
  await until(() => named(collector.of(traceId), createTenant).length === 2, 'request and attempt are there');
  const [request] = named(collector.of(traceId), createTenant, server);
  const [attempt] = named(collector.of(traceId), createTenant, client);
  assert.ok(request !== undefined && attempt !== undefined);
  assert.equal(request.parentSpanId, spanId);
  assert.equal(request.traceState, 'vendor=1');
  assert.equal(request.attributes['http.request.method'], 'POST');
  assert.equal(request.attributes['http.route'], '/ESCManager/v0/tenants/{tenant}');
  assert.equal(request.attributes['http.response.status_code'], told.status);
  assert.equal(request.attributes['url.path'], '/ESCManager/v0/tenants/alpha');
  assert.equal(request.attributes['northgate.transaction.id'], id);
  assert.equal(attempt.parentSpanId, request.spanId);
  assert.equal(attempt.attributes['northgate.outcome'], 'answered');
  assert.equal(attempt.attributes['northgate.epoch'], world.gateway.coordinator.epoch);
  assert.equal(attempt.attributes['northgate.node'], world.pair.nodes[0]);
  assert.equal(attempt.attributes['server.address'], world.pair.vip);
  assert.equal(attempt.attributes['http.request.resend_count'], undefined);
  assert.ok(attempt.startMs >= request.startMs && attempt.endMs <= request.endMs + 1);
  for (const write of ['journal create', 'journal replace'])
    assert.equal(named(spans, write, client)[0]?.parentSpanId, request.spanId, write);
  const [whole] = named(spans, 'transaction', internal);
  assert.equal(whole?.attributes['northgate.status'], 'completed');
  assert.deepEqual(atEsc(world, 'alpha?secret=query'), [`00-${traceId}-${attempt.spanId}-01`]);
  assert.deepEqual([...collector.paths], ['/v1/traces']);
  for (const secret of ['secret', 'am9l', '<tenant']) assert.ok(!collector.text.includes(secret), secret);
});

test('a request without a trace gets one, and so does a read', async () => {
  await using collector = await startCollector();
  await using world = await startWorld({ settings: { NORTHGATE_TRACING_ENDPOINT: collector.url } });
  await world.createTenant('own');
  await world.send('GET', '/ESCManager/v0/tenants');
  await until(() => named(collector.spans, 'GET', server).length === 1, 'the read is there');
  await until(() => named(collector.spans, createTenant, server).length === 1, 'the request is there');
  const [request] = named(collector.spans, createTenant, server);
  const [read] = named(collector.spans, 'GET', server);
  const isRead = ({ method, path }: { method: string; path: string }): boolean =>
    method === 'GET' && path.endsWith('/tenants');
  assert.equal(world.pair.requests.find(isRead)?.headers.traceparent, `00-${read?.traceId}-${read?.spanId}-01`);
  assert.equal(request?.parentSpanId, '');
  assert.match(atEsc(world, 'own')[0] ?? '', new RegExp(`^00-${request?.traceId}-[0-9a-f]{16}-01$`));
});

test('a switchover is in the trace: the attempt that was lost, the looks, the replay, and the attempt that came through', async () => {
  await using collector = await startCollector();
  await using world = await startWorld({ settings: { NORTHGATE_TRACING_ENDPOINT: collector.url } });
  const { traceId, headers } = clientTrace();
  world.pair.crashAt('before-commit', { method: 'POST' });
  const told = await world.send('POST', '/ESCManager/v0/tenants/again', tenantXml('again'), headers);
  assert.equal(told.headers['northgate-attempts'], '2');

  await collector.whole(traceId, 'replay', 'look', 'transaction');
  await until(() => named(collector.of(traceId), createTenant).length === 3, 'request and both attempts are there');
  const [request] = named(collector.of(traceId), createTenant, server);
  const [lost, sent] = named(collector.of(traceId), createTenant, client);
  assert.equal(lost?.attributes['northgate.outcome'], 'unknown');
  assert.equal(lost?.status, 2);
  assert.equal(sent?.attributes['northgate.outcome'], 'answered');
  assert.equal(sent?.attributes['http.request.resend_count'], 1);
  assert.equal(Number(sent?.attributes['northgate.epoch']), Number(lost?.attributes['northgate.epoch']) + 1);
  assert.notEqual(sent?.attributes['northgate.node'], lost?.attributes['northgate.node']);
  const [replay] = named(collector.of(traceId), 'replay');
  assert.equal(replay?.attributes['northgate.replay.verdict'], 'sent-again');
  assert.ok((replay?.endMs ?? 0) >= (sent?.endMs ?? 0) - 5);
  for (const span of collector.of(traceId))
    if (span !== request) assert.equal(span.parentSpanId, request?.spanId, span.name);
});

test('a hold is a span as long as it lasted', async () => {
  await using collector = await startCollector();
  await using world = await startWorld({ settings: { NORTHGATE_TRACING_ENDPOINT: collector.url } });
  await shut(world);
  const { traceId, headers } = clientTrace();
  const told = world.send('POST', '/ESCManager/v0/tenants/held', tenantXml('held'), headers);
  await until(async () => (await world.gateway.journal.counts()).held === 1, 'it is held');
  await world.pair.proceed();
  await told;
  const [hold] = named(await collector.whole(traceId, 'hold'), 'hold', internal);
  const [record] = await world.gateway.journal.list({ limit: 1 });
  assert.equal(hold?.attributes['northgate.hold.end'], 'in-flight');
  assert.deepEqual([hold?.startMs, hold?.endMs], [record?.receivedAt, record?.attempts[0]?.at]);
});

test('a report of ESC and its delivery are in the trace, and the client’s callback bears it', async () => {
  await using collector = await startCollector();
  await using completion = await startCompletionWorld({ settings: { NORTHGATE_TRACING_ENDPOINT: collector.url } });
  const { traceId, headers } = clientTrace();
  const ordered = completion.order(operationNamed('create a tenant'), 'shop', headers);
  await completion.ended(ordered);
  const spans = await collector.whole(traceId, 'report', 'deliver', 'transaction');
  const [report] = named(spans, 'report', server);
  const [deliver] = named(spans, 'deliver', client);
  assert.equal(report?.attributes['northgate.report.word'], 'settled');
  assert.equal(deliver?.attributes['northgate.outcome'], 'taken');
  assert.equal(deliver?.attributes['server.address'], '127.0.0.1');
  const heard = completion.client.heard.find(({ url }) => url === `/cb/${ordered.mark}`);
  assert.equal(fieldValue(heard?.headers ?? [], 'traceparent'), `00-${traceId}-${deliver?.spanId}-01`);
  assert.equal(fieldValue(heard?.headers ?? [], 'tracestate'), 'vendor=1');
  // Neither the path of a client's own URL nor the token in the gateway's.
  for (const secret of ['/cb/', '/northgate/v1/callbacks/']) assert.ok(!collector.text.includes(secret), secret);
});

test('a request that joins another is in its own trace, with a link to the other one', async () => {
  await using collector = await startCollector();
  await using world = await startWorld({ settings: { NORTHGATE_TRACING_ENDPOINT: collector.url } });
  const key = { 'Idempotency-Key': '"once"' };
  const [first, second] = [clientTrace(), clientTrace()];
  const send = (headers: Record<string, string>) =>
    world.send('POST', '/ESCManager/v0/tenants/once', tenantXml('once'), { ...key, ...headers });
  await send(first.headers);
  assert.equal((await send(second.headers)).headers['idempotent-replayed'], 'true');
  await until(() => named(collector.of(first.traceId), createTenant, server).length === 1, 'the first one is there');
  const [request] = named(collector.of(first.traceId), createTenant, server);
  const [joined] = named(await collector.whole(second.traceId, createTenant), createTenant);
  assert.equal(joined?.attributes['northgate.joined'], true);
  assert.deepEqual(
    joined?.links.map((link) => [link.traceId, link.spanId]),
    [[first.traceId, request?.spanId]],
  );
});

test('a trace that its client does not keep is carried on and not exported', async () => {
  await using collector = await startCollector();
  await using world = await startWorld({ settings: { NORTHGATE_TRACING_ENDPOINT: collector.url } });
  const { traceId, headers } = clientTrace('00');
  await world.send('POST', '/ESCManager/v0/tenants/unkept', tenantXml('unkept'), headers);
  await world.createTenant('kept');
  await until(() => named(collector.spans, createTenant).length === 2, 'the kept one is there');
  assert.match(atEsc(world, 'unkept')[0] ?? '', new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`));
  assert.deepEqual(collector.of(traceId), []);
});

test('without an endpoint nothing that makes or exports spans is loaded', () => {
  const app = JSON.stringify(new URL('../../src/app.ts', import.meta.url).href);
  // Its API is loaded with the metrics' library.
  const look = `import { createRequire } from 'node:module'; await import(${app});
    const { cache } = createRequire(${app}); console.log(Object.keys(cache).filter((name) => /@opentelemetry.(?!api.)/.test(name)).length, 'of', Object.keys(cache).length)`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', look], { encoding: 'utf8' });
  assert.match(stdout, /^0 of [1-9]/);
});

test('without an endpoint nothing is made or changed: a client’s fields go to ESC as they came', async () => {
  await using world = await startWorld();
  const { headers } = clientTrace();
  await world.send('POST', '/ESCManager/v0/tenants/plain', tenantXml('plain'), headers);
  await world.createTenant('silent');
  assert.deepEqual(atEsc(world, 'plain'), [headers.traceparent]);
  assert.deepEqual(atEsc(world, 'silent'), ['']);
  const [record] = await world.gateway.journal.list({ limit: 1 });
  assert.equal(record?.trace, undefined);
});
