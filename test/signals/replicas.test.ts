/** A gateway dies, and another one finishes its transactions: the traces go on there, on one real Redis. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { CallbackServer } from '../callbacks/relaying.ts';
import { freePort } from '../support/free-port.ts';
import { redisSkip } from '../support/redis.ts';
import { nameOf, startReplicas } from '../support/replicas.ts';
import { until } from '../support/until.ts';
import { tenantXml } from '../support/world.ts';
import { startCollector } from './collector.ts';

test('a transaction that another gateway takes up goes on in the same trace', { skip: redisSkip }, async () => {
  await using collector = await startCollector();
  await using parts = new AsyncDisposableStack();
  const client = parts.adopt(new CallbackServer(), (each) => each.close());
  await client.listen();
  const port = await freePort();
  const tracing = { NORTHGATE_TRACING_ENDPOINT: collector.url };
  await using site = await startReplicas({
    settings: {
      ...tracing,
      NORTHGATE_CALLBACKS_ALLOW: '127.0.0.1',
      NORTHGATE_CALLBACKS_PUBLIC_URL: `http://127.0.0.1:${port}`,
    },
  });
  const first = await site.gateway();
  // ESC reports to the one that will be left.
  const second = await site.gateway({ settings: { NORTHGATE_NORTHBOUND_PORT: String(port) } });
  const [dead, heir] = [await nameOf(first), await nameOf(second)];
  const traceId = randomBytes(16).toString('hex');
  site.pair.inject({ fault: 'hang', when: 'before', match: { method: 'POST', path: '/adopted' } });
  const headers = {
    traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01`,
    Callback: `http://127.0.0.1:${client.port}/cb`,
    'Idempotency-Key': '"adopted"',
  };
  const path = '/ESCManager/v0/tenants/adopted';
  const told = site.send(first, 'POST', path, { body: tenantXml('adopted'), headers });
  await until(() => site.pair.faultsWaiting === 0, 'ESC has the attempt, and says nothing');

  await first.kill();

  assert.equal((await told).status, 0, 'its client got no answer');
  await site.settled();
  const spans = await collector.whole(traceId, 'look', 'replay', 'report', 'deliver', 'transaction');
  assert.deepEqual(new Set(spans.map(({ replica }) => replica)), new Set([heir]), `nothing is left of ${dead}`);
  const parents = new Set(spans.map(({ parentSpanId }) => parentSpanId));
  const { trace } = await site.record('/adopted');
  assert.deepEqual([...parents], [trace?.traceparent.split('-')[2]], 'all hang on the request that the dead one took');
  const [attempt] = spans.filter(
    ({ attributes }) => attributes['northgate.outcome'] === 'answered' && attributes['northgate.attempt'] === 2,
  );
  assert.equal(attempt?.attributes['http.request.resend_count'], 1);
});

test('a repetition at another gateway is linked to the trace of the first one', { skip: redisSkip }, async () => {
  await using collector = await startCollector();
  await using site = await startReplicas({ settings: { NORTHGATE_TRACING_ENDPOINT: collector.url } });
  const [first, second] = await Promise.all([site.gateway(), site.gateway()]);
  const traces = [first, second].map(() => randomBytes(16).toString('hex'));
  for (const [index, gateway] of [first, second].entries()) {
    const traceparent = `00-${traces[index]}-${randomBytes(8).toString('hex')}-01`;
    await site.createTenant(gateway, 'twice', { traceparent, 'Idempotency-Key': '"twice"' });
  }
  const joined = () => collector.spans.find(({ attributes }) => attributes['northgate.joined'] === true);
  await until(() => joined() !== undefined, 'the repetition is there');
  assert.equal(joined()?.traceId, traces[1]);
  assert.equal(joined()?.links[0]?.traceId, traces[0]);
  assert.equal(joined()?.replica, await nameOf(second));
});
