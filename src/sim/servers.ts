// HTTP on the connections of a pair: REST and health, with TLS if the pair has a certificate. It finds out which node a
// request reached and hands it on; what a request means is rest.ts, what a node reports is health.ts.
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import type { Cluster, Served } from './cluster.ts';
import { errorAnswer, readBody, send } from './exchange.ts';
import { type HealthReport, healthOf, renderHealth } from './health.ts';
import type { Connection, PortName } from './network.ts';
import type { SimNode } from './node.ts';
import type { PairSettings } from './profiles.ts';
import { isAuthorized, type RestContext, serveRest } from './rest.ts';

/** A report to give instead of the true one; `silent` takes the question and never answers. */
export type HealthOverride = HealthReport | 'silent' | 'junk' | undefined;

export class HttpServers {
  /** What the health monitor says in place of the truth. */
  healthOverride: HealthOverride;
  readonly #settings: PairSettings;
  readonly #cluster: Cluster;
  readonly #rest: RestContext;
  readonly #servers: Record<PortName, Server>;
  readonly #secureContext: SecureContext | undefined;
  /** By the stream that HTTP runs on, TLS or not. */
  readonly #connectionOf = new WeakMap<Duplex, Connection<Served>>();
  #requestCount = 0;

  constructor(settings: PairSettings, cluster: Cluster, rest: RestContext) {
    this.#settings = settings;
    this.#cluster = cluster;
    this.#rest = rest;
    this.#secureContext = settings.tls && createSecureContext(settings.tls);
    this.#servers = {
      rest: httpServer((request, response) => void this.#serveRest(request, response)),
      health: httpServer((request, response) => this.#serveHealth(request, response)),
    };
  }

  /** Serves a connection that reached a node. */
  attach(connection: Connection<Served>): void {
    const { wire, port } = connection;
    const secureContext = this.#secureContext;
    const stream: Duplex = secureContext ? new TLSSocket(wire, { isServer: true, secureContext }) : wire;
    stream.on('error', () => {});
    this.#connectionOf.set(stream, connection);
    this.#servers[port].emit('connection', stream);
  }

  async #serveRest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const connection = this.#connectionOf.get(request.socket);
    const body = await readBody(request, this.#settings.limits.bodyMaxBytes);
    const life = connection?.owner.life;
    if (!connection || !life?.isAlive || body === 'left') return;
    const { method = '', url: path = '' } = request;
    const { wire, owner } = connection;
    const exchange = { request, response, node: owner.node, life, wire, method, path, transaction: randomUUID() };
    if (body === 'too-large') return send({ ...exchange, body: '' }, errorAnswer(413, 'the body is too large'));
    this.#requestCount += 1;
    await serveRest({ ...exchange, body }, this.#rest, this.#requestCount);
  }

  #serveHealth(request: IncomingMessage, response: ServerResponse): void {
    const connection = this.#connectionOf.get(request.socket);
    const override = this.healthOverride;
    request.resume();
    if (!connection || override === 'silent') return;
    if (override === 'junk') return void response.end('<<<');
    if (request.url?.split('?')[0] !== '/esc/health') return void response.writeHead(404).end();
    if (!isAuthorized(request.headers.authorization, this.#settings.auth)) {
      return void response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="ESC"' }).end();
    }
    const report = override ?? this.#report(connection.owner.node);
    const { status, contentType, body } = renderHealth(report, request.headers.accept ?? '', this.#settings.profiles);
    response.writeHead(status, { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(body) }).end(body);
  }

  #report(node: SimNode): HealthReport {
    if (node.brokenCode !== undefined) return { statusCode: node.brokenCode, stage: undefined };
    const phase = node.saysReady ? 'P4' : node.phase;
    return healthOf(this.#cluster.order, node.running, phase, this.#cluster.isPeerBack);
  }
}

function httpServer(listener: (request: IncomingMessage, response: ServerResponse) => void): Server {
  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 }, listener);
  // A client that closed its side may still wait for its answer, and ESC cannot tell it from one that left. The property is
  // Node's own and without documentation; test/sim/path.test.ts fails without it.
  return Object.assign(server, { httpAllowHalfOpen: true });
}
