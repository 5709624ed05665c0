/**
 * A program: the services of one ESC node, started by keepalived's notify script in the node's namespace and killed by
 * it. They start in the order of the chapter's user-data, in scaled time; the network, the VIP and death are real. What
 * a request means is the simulator's (`src/sim`).
 */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { createSecureContext, TLSSocket } from 'node:tls';
import { errorAnswer, readBody, send } from '../../src/sim/exchange.ts';
import { Faults } from '../../src/sim/faults.ts';
import { healthOf, renderHealth } from '../../src/sim/health.ts';
import { Life } from '../../src/sim/life.ts';
import { type SimNode, standbyNode } from '../../src/sim/node.ts';
import { type PairSettings, pairSettings } from '../../src/sim/profiles.ts';
import { serveRest } from '../../src/sim/rest.ts';
import { startOrder } from '../../src/sim/services.ts';
import { causes, phaseDurations } from '../../src/sim/takeover.ts';
import { Wire } from '../../src/sim/wire.ts';
import { Membership } from './membership.ts';
import { addresses, healthPort, keepalivedHealthPort, type NodeName, restPort } from './network.ts';

/** Given as JSON on the command line. */
export interface NodeStart {
  readonly node: NodeName;
  readonly storePath: string;
  /** Made when the services are READY: from then on keepalived's script asks the health monitor. */
  readonly readyFile: string;
  readonly timeScale: number;
  /** The node's own, both PEM; null: plain HTTP. */
  readonly certificate: { readonly cert: string; readonly key: string } | null;
}

const roleAskedEveryMs = 300;

const start = JSON.parse(process.argv[2] ?? '{}') as NodeStart;
const settings: PairSettings = pairSettings({
  vip: addresses.vip,
  nodes: [addresses.esc1, addresses.esc2],
  timeScale: start.timeScale,
  limits: { loggedBodyMaxBytes: 512 },
});
const order = startOrder(settings.services);
const node: SimNode = standbyNode(addresses[start.node], start.node === 'esc1' ? 0 : 1, 'refused');
const membership = await Membership.join(start.storePath, start.node);

await beginTo('drbd');
let store = await membership.promote();
while (store === null) {
  await pause(roleAskedEveryMs);
  store = await membership.promote();
}
const life = new Life(settings, node.address, store);
node.life = life;
keepRole();
const durations = phaseDurations(store.list('deployment').length, causes.planned);
await beginTo('filesystem');
(start.certificate === null ? createHttpServer(health) : createSecureServer(start.certificate, health)).listen(
  healthPort,
);
// keepalived's script speaks no TLS.
createHttpServer(health).listen(keepalivedHealthPort);
// The last one is the application, and comes up in its container.
for (const name of order.slice(order.indexOf('filesystem') + 1, -1)) await beginTo(name, durations.P1);
node.phase = 'P2';
serveResources().listen(restPort);
await scaled(durations.P2);
node.phase = 'P3';
node.running = order;
membership.reached('P3');
await scaled(durations.P3);
node.phase = 'P4';
writeFileSync(start.readyFile, '');
membership.reached('P4');

function scaled(ms: number): Promise<void> {
  return pause(ms * settings.timeScale);
}

/** A service's share of the time until the container answers. */
async function beginTo(name: string, wholeMs = phaseDurations(0, causes.planned).P1): Promise<void> {
  node.phase = 'P1';
  await scaled(wholeMs / order.length);
  node.running = order.slice(0, order.indexOf(name) + 1);
}

/** A node whose role went to the other one, and that can know it, has no file system any more: its services die. */
function keepRole(): void {
  const timer = setInterval(() => {
    void membership.isPrimary().then((isPrimary) => {
      if (isPrimary) return;
      console.log(`${new Date().toISOString()} the role is the other node's: the services end`);
      clearInterval(timer);
      process.exit(1);
    });
  }, roleAskedEveryMs);
}

function health(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  if (request.url?.split('?')[0] !== '/esc/health') return void response.writeHead(404).end();
  const report = healthOf(order, node.running, node.phase, true);
  const { status, contentType, body } = renderHealth(report, request.headers.accept ?? '', settings.profiles);
  response.writeHead(status, { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(body) }).end(body);
}

function serveResources(): ReturnType<typeof createTcpServer> {
  const context = {
    settings,
    vim: membership.vim(),
    requests: membership.requests(),
    faults: new Faults(),
    isInMaintenance: () => false,
    crash: () => undefined,
  };
  const secureContext = start.certificate === null ? null : createSecureContext(start.certificate);
  /** By the stream that HTTP runs on, TLS or not. */
  const wires = new WeakMap<Duplex, Wire>();
  let count = 0;
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(request, settings.limits.bodyMaxBytes);
    const wire = wires.get(request.socket);
    if (body === 'left' || wire === undefined) return;
    const { method = '', url: path = '' } = request;
    const exchange = { request, response, node, life, wire, method, path, transaction: randomUUID() };
    if (body === 'too-large') return send({ ...exchange, body: '' }, errorAnswer(413, 'the body is too large'));
    count += 1;
    await serveRest({ ...exchange, body }, context, count);
  };
  const http = createHttpServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 }, (request, response) => {
    void serve(request, response);
  });
  // A client that closed its side may still wait for its answer: see src/sim/servers.ts.
  Object.assign(http, { httpAllowHalfOpen: true });
  return createTcpServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const wire = new Wire(socket, 'running', false, settings.limits.wireBufferMaxBytes);
    const stream: Duplex = secureContext === null ? wire : new TLSSocket(wire, { isServer: true, secureContext });
    stream.on('error', () => undefined);
    wires.set(stream, wire);
    http.emit('connection', stream);
  });
}
