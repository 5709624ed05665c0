/**
 * A VIP that moves between two nodes with a certificate each, on real TLS (R6): no request goes to another node than the
 * one that was seen READY. The health monitor is asked at the start and at bad signs only, so that what notices is the
 * connection.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import https from 'node:https';
import type net from 'node:net';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import tls from 'node:tls';
import { promisify } from 'node:util';
import { certificateOf, connector, open } from '../../src/upstream/sockets.ts';
import { makeCertificate } from '../config/certificate.ts';
import { filePlace } from '../journal/file-place.ts';
import { type Forwarder, startForwarder } from '../support/forwarder.ts';
import { until } from '../support/until.ts';
import { startGatewayWith } from '../support/world.ts';

type Certificate = ReturnType<typeof makeCertificate>;

const ready = '{"status_code":2000,"stage":"READY","message":"ESC services are running."}';

/** A node: what it was asked, its two ports, and how connections to it ended. */
class Node {
  readonly heard: string[] = [];
  resets = 0;
  /** Requests whose path has this in it are not answered. */
  silentTo = 'silent';
  readonly #rest: https.Server;
  readonly #health: https.Server;

  constructor(rest: Certificate, health: Certificate = rest) {
    this.#rest = https.createServer(rest, (request, response) => {
      request.resume();
      if (request.method !== 'GET') this.heard.push(`${request.method} ${request.url}`);
      if (request.url?.includes(this.silentTo)) return;
      response.writeHead(request.method === 'GET' ? 404 : 200, { 'Content-Type': 'application/xml' }).end('<x/>');
    });
    this.#rest.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      if (error.code === 'ECONNRESET') this.resets += 1;
      socket.destroy();
    });
    this.#health = https.createServer(health, (_, response) => {
      response.setHeader('Content-Type', 'application/json').end(ready);
    });
  }

  get rest() {
    return this.#rest.address() as AddressInfo;
  }

  get health() {
    return this.#health.address() as AddressInfo;
  }

  async start(): Promise<this> {
    for (const server of [this.#rest, this.#health]) await once(server.listen(0, '127.0.0.1'), 'listening');
    return this;
  }

  connections(): Promise<number> {
    return promisify(this.#rest.getConnections.bind(this.#rest))();
  }

  renew(rest: Certificate, health: Certificate = rest): void {
    this.#rest.setSecureContext(rest);
    this.#health.setSecureContext(health);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of [this.#rest, this.#health]) {
      server.closeAllConnections();
      await once(server.close(), 'close');
    }
  }
}

const own = makeCertificate('esc1', ['127.0.0.1']);
const others = makeCertificate('esc2', ['127.0.0.1']);

/** Two nodes, the VIP at the first one, and a gateway that found it READY. */
async function site(first = [own, own], second = [others, others]) {
  await using parts = new AsyncDisposableStack();
  const startNode = async ([rest = own, health = own]: Certificate[]): Promise<Node> =>
    parts.use(await new Node(rest, health).start());
  const [a, b] = [await startNode(first), await startNode(second)];
  const rest: Forwarder = parts.use(await startForwarder(a.rest));
  const health: Forwarder = parts.use(await startForwarder(a.health));
  const { url } = (await filePlace().then((place) => parts.use(place))).options;
  const gateway = parts.use(
    await startGatewayWith({
      NORTHGATE_NORTHBOUND_HOST: '127.0.0.1',
      NORTHGATE_NORTHBOUND_PORT: '0',
      NORTHGATE_OPS_PORT: '0',
      NORTHGATE_ESC_VIP: '127.0.0.1',
      NORTHGATE_ESC_REST_PORT: String(rest.port),
      NORTHGATE_ESC_HEALTH_PORT: String(health.port),
      NORTHGATE_ESC_HEALTH_INTERVAL: '1h',
      NORTHGATE_ESC_HEALTH_RISE: '1',
      NORTHGATE_ESC_TLS_VERIFY: 'false',
      NORTHGATE_REPLAY_RAMP_UP: '0s',
      NORTHGATE_DRAIN_TIMEOUT: '0s',
      NORTHGATE_JOURNAL_URL: `sqlite:${url.kind === 'sqlite' ? url.path : ''}`,
    }),
  );
  await until(() => gateway.coordinator.isOpen, 'the gate is open');
  const all = parts.move();
  const moveVip = (): void => {
    rest.leadNewTo(b.rest);
    health.leadNewTo(b.health);
  };
  const post = async (name: string): Promise<number> => {
    const answer = await fetch(`${gateway.northbound.url}/ESCManager/v0/tenants/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/xml' },
      body: '<tenant/>',
    });
    await answer.arrayBuffer();
    return answer.status;
  };
  const attemptsOf = async (name: string) => {
    const all = await gateway.journal.list({ limit: 100 });
    return all.find(({ path }) => path.endsWith(`/${name}`))?.attempts ?? [];
  };
  const { epoch } = gateway.coordinator;
  return { a, b, gateway, epoch, moveVip, post, attemptsOf, [Symbol.asyncDispose]: () => all[Symbol.asyncDispose]() };
}

const pathOf = (name: string): string => `POST /ESCManager/v0/tenants/${name}`;

test('R6 R11 a new connection that leads to another node takes nothing of a request: it was never sent, and the epoch ends', async () => {
  await using here = await site();
  const { a, b, epoch } = here;
  assert.equal(await here.post('before'), 200);
  const silent = here.post('silent');
  await until(() => a.heard.includes(pathOf('silent')), 'the only connection is busy');
  b.silentTo = 'nothing';
  here.moveVip();

  assert.equal(await here.post('after'), 200);

  const [first, second, ...more] = await here.attemptsOf('after');
  assert.deepEqual(
    [first?.outcome, first?.epoch, second?.outcome, second?.epoch],
    ['never-sent', epoch, 'answered', epoch + 1],
  );
  assert.match(first?.evidence ?? '', /another node answers at the VIP/);
  assert.deepEqual(more, []);
  assert.equal(await silent, 200, 'what the node before had is looked up at the other one, and sent there');
  await until(() => b.heard.length === 3, 'so is what it had accepted');
  assert.deepEqual(a.heard, [pathOf('before'), pathOf('silent')]);
  assert.deepEqual([...b.heard].sort(), [pathOf('after'), pathOf('before'), pathOf('silent')]);
  await until(async () => (await a.connections()) === 1, 'only the resting connection to the node before is left');
});

test('a connection that was there before the VIP moved belongs to its node still', async () => {
  await using here = await site();
  await here.post('before');
  here.moveVip();
  assert.equal(await here.post('on-it'), 200);
  assert.deepEqual([here.a.heard, here.b.heard], [[pathOf('before'), pathOf('on-it')], []]);
  assert.equal(here.gateway.coordinator.epoch, here.epoch);
});

test('R6 the first connection of an epoch, too, is to the node that was seen READY in it', async () => {
  await using here = await site();
  here.moveVip();
  assert.equal(await here.post('first'), 200);
  const attempts = await here.attemptsOf('first');
  assert.deepEqual(
    attempts.map(({ outcome, epoch }) => [outcome, epoch]),
    [
      ['never-sent', here.epoch],
      ['answered', here.epoch + 1],
    ],
  );
  assert.deepEqual([here.a.heard, here.b.heard], [[], [pathOf('first')]]);
});

test('a node may show another certificate at its health monitor than requests find', async () => {
  await using here = await site([own, makeCertificate('monitor', ['127.0.0.1'])]);
  const answers = await Promise.all(['one', 'two', 'three', 'four'].map((name) => here.post(name)));
  assert.deepEqual(answers, [200, 200, 200, 200]);
  assert.deepEqual([here.gateway.coordinator.epoch, here.a.heard.length], [here.epoch, 4]);
});

test('where both nodes have the same certificate nothing tells them apart, and nothing is refused', async () => {
  await using here = await site([own, own], [own, own]);
  const silent = here.post('silent').catch(() => 0);
  await until(() => here.a.heard.length === 1, 'the only connection is busy');
  here.moveVip();
  assert.equal(await here.post('after'), 200);
  assert.deepEqual([here.b.heard, here.gateway.coordinator.epoch], [[pathOf('after')], here.epoch]);
  await here.gateway.close();
  await silent;
});

for (const [what, both] of [
  ['both of its ports', true],
  ['the port of requests only', false],
] as const) {
  test(`a certificate that is renewed on ${what} of the active node costs one epoch, and no more`, async () => {
    await using here = await site();
    const silent = here.post('silent');
    await until(() => here.a.heard.length === 1, 'the only connection is busy');
    const renewed = makeCertificate('esc1', ['127.0.0.1']);
    here.a.renew(renewed, both ? renewed : own);
    here.a.silentTo = 'nothing';
    assert.deepEqual(await Promise.all([here.post('one'), here.post('two'), silent]), [200, 200, 200]);
    assert.equal(here.gateway.coordinator.epoch, here.epoch + 1);
  });
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`with ${version} no session is resumed, for then the certificate would not be known`, async () => {
    const reused: boolean[] = [];
    const server = tls.createServer({ ...own, maxVersion: version }, (socket) => {
      reused.push(socket.isSessionReused());
      socket.on('error', () => undefined).write('x');
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const options = { host: '127.0.0.1', port, trust: { verify: false } };
    const shown: string[] = [];
    for (let round = 1; round <= 3; round += 1) {
      const socket = open(options);
      await once(socket, 'data');
      shown.push(socket instanceof tls.TLSSocket ? certificateOf(socket) : '');
      await once(socket.destroy(), 'close');
    }
    const [first = ''] = shown;
    assert.match(first, /^[0-9A-F]{2}(:[0-9A-F]{2}){31}$/);
    assert.deepEqual(
      [shown, reused],
      [
        [first, first, first],
        [false, false, false],
      ],
    );
    await once(server.close(), 'close');
  });
}

test('a connection that is refused is reset, and never given to anybody', async () => {
  await using node = await new Node(own).start();
  const live = new Set<net.Socket>();
  const connect = connector(
    {
      ...{ host: '127.0.0.1', port: node.rest.port, connectTimeoutMs: 60_000, trust: { verify: false } },
      admit: async () => 'it is somebody else',
    },
    live,
  );
  const given = await new Promise((resolve) => {
    connect({ hostname: '', protocol: '', port: '' }, (error, socket) => resolve(error?.message ?? socket));
  });
  assert.equal(given, 'it is somebody else');
  await until(() => node.resets === 1 && live.size === 0, 'it is reset');
});
