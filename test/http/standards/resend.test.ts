/**
 * When a gateway may send again (RFC 9110 section 9.2.2): a POST or PATCH only if it was certainly never applied, or if
 * ESC can be asked. ESC is a plain one here, so that each request that it gets is seen.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import type { Answering, HeardRequest } from '../../support/echo-esc.ts';
import { type EchoWorld, startEchoWorld } from '../../support/echo-world.ts';
import { freePort } from '../../support/free-port.ts';
import { type RawAnswer, requestText } from '../../support/raw-client.ts';
import { until } from '../../support/until.ts';
import { tenantXml } from '../../support/world.ts';

const tenant = '/ESCManager/v0/tenants/alpha';
/** No operation of the catalogue: there is nothing to look at. */
const unknown = '/ESCManager/v9/nobody/knows';

/** Sends a request; its answer comes when it comes. */
async function ask(
  world: EchoWorld,
  method: string,
  path: string,
  ...fields: string[]
): Promise<() => Promise<RawAnswer>> {
  const client = await world.connect();
  const body = ['POST', 'PUT'].includes(method) ? tenantXml('alpha') : '';
  const length = body === '' ? [] : ['Content-Type: application/xml', `Content-Length: ${body.length}`];
  client.write(requestText([`${method} ${path} HTTP/1.1`, 'Host: a', ...length, ...fields], body));
  return () => client.answer();
}

type Said = 'reset' | { status: number; body?: string };

/** Answers each method with its words in turn, the last one again and again. */
function script(words: Readonly<Record<string, readonly Said[]>>): Answering {
  const heard: Record<string, number> = {};
  return ({ method }, socket) => {
    const turn = heard[method] ?? 0;
    heard[method] = turn + 1;
    const said = words[method]?.[turn] ?? words[method]?.at(-1) ?? 'reset';
    if (said === 'reset') socket.resetAndDestroy();
    else {
      const { status, body = '' } = said;
      const type = body === '' ? '' : 'Content-Type: application/xml\r\n';
      socket.write(`HTTP/1.1 ${status} X\r\n${type}Content-Length: ${body.length}\r\n\r\n${body}`);
    }
  };
}

const there: Said = { status: 200, body: tenantXml('alpha') };
const absent: Said = { status: 404, body: '<error>no such tenant</error>' };

const sent = (requests: readonly HeardRequest[], method: string): HeardRequest[] =>
  requests.filter((each) => each.method === method);

async function becomes(world: EchoWorld, status: string): Promise<void> {
  await until(async () => (await world.transactions())[0]?.state.status === status, `it is ${status}`);
}

test('S0-1 a POST whose connection was refused is sent again by itself: it was certainly never applied', async () => {
  const port = await freePort();
  await using world = await startEchoWorld({ settings: { NORTHGATE_ESC_REST_PORT: String(port) } });
  const answer = await ask(world, 'POST', unknown);
  const reason = async (): Promise<string> => JSON.stringify((await world.transactions())[0]?.attempts ?? []);
  await until(async () => /never-sent/.test(await reason()), 'it was refused');
  await using esc = await listening(port);
  assert.equal((await answer()).status, 200);
  assert.equal(esc.requests.length, 1);
});

/** An ESC that comes to this port only now. */
async function listening(port: number) {
  const requests: string[] = [];
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      requests.push(bytes.toString());
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  return { requests, [Symbol.asyncDispose]: close };
}

test('S0-2 a POST that may have arrived is asked about first, and not sent again if it was applied', async () => {
  await using world = await startEchoWorld({ answering: script({ POST: ['reset'], GET: [there] }) });
  const { status, body } = await (await ask(world, 'POST', tenant))();
  assert.match(String(status), /^2/);
  assert.equal(body.byteLength, 0);
  assert.equal(sent(world.esc.requests, 'POST').length, 1);
  assert.ok(sent(world.esc.requests, 'GET').length > 0);
});

test('S0-2 T-07 a POST that was not applied is sent again after the question, unchanged and in its own trace', async () => {
  await using world = await startEchoWorld({ answering: script({ POST: ['reset', { status: 201 }], GET: [absent] }) });
  const trace = 'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const answer = await (await ask(world, 'POST', tenant, trace, 'tracestate: a=1', 'X-Odd: \xe4'))();
  assert.equal(answer.status, 201);
  const [first, second, ...more] = sent(world.esc.requests, 'POST');
  assert.deepEqual(more, []);
  assert.ok(first?.head.includes(trace));
  assert.equal(second?.head, first?.head);
  assert.deepEqual(second?.body, first?.body);
});

test('S0-2 a POST that ESC cannot be asked about is left to the operator, and the journal says so', async () => {
  const settings = { NORTHGATE_HOLD_TIMEOUT: '2s' };
  await using world = await startEchoWorld({ settings, answering: script({}) });
  const answer = await (await ask(world, 'POST', unknown))();
  assert.equal(answer.status, 202);
  await becomes(world, 'awaiting-operator');
  const [transaction] = await world.transactions();
  assert.match(JSON.stringify(transaction?.attempts), /unknown/);
  assert.ok(transaction?.state.status === 'awaiting-operator' && transaction.state.reason.length > 0);
  assert.equal(sent(world.esc.requests, 'POST').length, 1);
});

test('S0-3 a replay that fails again is not repeated without asking again, nor for ever', async () => {
  const settings = { NORTHGATE_HOLD_TIMEOUT: '2s', NORTHGATE_REPLAY_MAX_ATTEMPTS: '3' };
  const heard: string[] = [];
  const scripted = script({ POST: ['reset'], GET: [absent] });
  const answering: Answering = (request, ...rest) => {
    heard.push(request.method);
    scripted(request, ...rest);
  };
  await using world = await startEchoWorld({ settings, answering });
  assert.equal((await (await ask(world, 'POST', tenant))()).status, 202);
  await becomes(world, 'awaiting-operator');
  const methods = heard.join(' ');
  assert.ok(heard.filter((method) => method === 'POST').length <= 4, methods);
  assert.doesNotMatch(methods, /POST POST/);
});

for (const [method, looks, again, status] of [
  ['DELETE', [absent], [], 2],
  ['DELETE', [there, absent], [{ status: 404, body: '<error/>' }], 2],
  ['PUT', [absent], [{ status: 200 }], 2],
] as const) {
  test(`S0-4 a ${method} that is sent again, and answered ${again[0]?.status ?? 'by a look'}, has the outcome of the first`, async () => {
    const answering = script({ [method]: ['reset', ...again], GET: looks });
    await using world = await startEchoWorld({ answering });
    const answer = await (await ask(world, method, tenant))();
    assert.equal(Math.floor(answer.status / 100), status, String(answer.status));
    assert.equal(sent(world.esc.requests, method).length, 1 + again.length);
  });
}

test('S0-4 a GET is asked again until ESC answers, and the client notices nothing', async () => {
  await using world = await startEchoWorld({ answering: script({ GET: ['reset', 'reset', there] }) });
  const answer = await (await ask(world, 'GET', tenant))();
  assert.equal(answer.body.toString(), tenantXml('alpha'));
  assert.equal(world.esc.requests.length, 3);
});

test('S0-5 an answer that has begun is never replaced by another one', async () => {
  const answering: Answering = (_, socket) => socket.end('HTTP/1.1 200 OK\r\nX-Try: 1\r\nContent-Length: 9\r\n\r\nabc');
  await using world = await startEchoWorld({ answering });
  const client = await world.connect();
  client.write(requestText([`GET ${tenant} HTTP/1.1`, 'Host: a']));
  await client.ended();
  assert.equal(client.bytes.toString().match(/X-Try/g)?.length, 1);
  assert.match(client.bytes.toString(), /\r\n\r\nabc$/);
  assert.equal(world.esc.requests.length, 1);
});
