/**
 * The listener that orchestrators call. Proxied paths branch off before fastify's router, so that nothing is on their
 * way that they do not need; fastify serves the gateway's own resources under `/northgate/v1`.
 */
import { randomUUID } from 'node:crypto';
import http, { type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import { callbackPath } from '../callbacks/token.ts';
import type { Config } from '../config/schema.ts';
import { GatewayError } from '../domain/problem.ts';
import { northboundOf, rawPathOf, readPath } from '../esc/request-path.ts';
import { checkAnnounced } from '../northbound/body.ts';
import type { Caller } from '../northbound/client.ts';
import type { Pass } from '../northbound/pass.ts';
import type { Transact } from '../northbound/transact.ts';
import type { Tracing } from '../tracing/tracing.ts';
import { hasPassed, towardsEsc } from '../upstream/headers.ts';
import type { Identify } from './clients.ts';
import { Conversation } from './conversation.ts';
import { asGatewayError, giveProblem, problemAnswer } from './problem-answer.ts';
import {
  allowed,
  announcesBody,
  answerParserError,
  checkRequest,
  comeRound,
  forwardsMaxOf,
  headersMaxBytes,
  isSafe,
  notAllowed,
  refuseDelivery,
} from './request-checks.ts';
import type { CountRequest } from './request-rate.ts';
import { contextOf, handshakeMaxMs, type ListenerTls, renewContext, type SecureContext } from './secure-context.ts';

export interface NorthboundOptions {
  readonly config: Pick<Config, 'northbound' | 'limits'>;
  readonly log: Logger;
  readonly transact: Transact;
  readonly pass: Pass;
  readonly identify: Identify;
  /** VIP and nodes, whose authority never reaches a client (R25). */
  readonly escHosts: readonly string[];
  /** Absent or null: nothing is traced. */
  readonly tracing?: Tracing | null;
  /** Told of every request that is acted on or refused here. */
  readonly onRequest?: (request: IncomingMessage, response: ServerResponse) => void;
  /** Null: no limit. */
  readonly countRequest: CountRequest | null;
  /** Registers the gateway's own resources. */
  readonly routes: (app: FastifyInstance) => void;
}

export interface Listener {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  /** Takes no new connections, ends idle ones, and waits for the answers under way. */
  close(): Promise<void>;
}

export interface RenewableListener extends Listener {
  /** New connections get these certificates; those that stand keep theirs. Of a plain listener nothing changes. */
  renew(tls: ListenerTls): void;
}

/** Rejects if the address cannot be had. */
export async function listenNorthbound(options: NorthboundOptions): Promise<RenewableListener> {
  const { northbound, limits } = options.config;
  const scheme = northbound.tls.cert === undefined ? 'http' : 'https';
  // Of this listener alone, so that two gateways in a row are no circle.
  const pseudonym = `northgate-${randomUUID().slice(0, 8)}`;
  const refuse = (error: unknown, reply: FastifyReply): unknown => {
    const { status, headers, body } = problemAnswer(asGatewayError(error, options.log));
    // Of a string fastify would say a charset, which JSON has not (RFC 8259 section 11).
    return reply.code(status).headers(headers).send(Buffer.from(body));
  };
  const app: FastifyInstance = fastify({
    logger: false,
    bodyLimit: limits.bodyBytes,
    // fastify puts its own answer beside any other listener's.
    clientErrorHandler: answerParserError,
    frameworkErrors: (error, _, reply) => refuse(error, reply),
    serverFactory: (own) => {
      const listener: RequestListener = (request, response) =>
        take(options, { scheme, pseudonym, own }, request, response);
      const made = makeServer(listener, contextOf(northbound.tls));
      made.maxConnections = limits.connections;
      return made;
    },
  });
  app.setErrorHandler((error, _, reply) => refuse(error, reply));
  app.setNotFoundHandler((request, reply) => refuse(notFound(request.url), reply));
  options.routes(app);
  await app.listen({ host: northbound.host, port: northbound.port });
  const { address: host, port } = app.server.address() as AddressInfo;
  const url = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return { host, port, url, close: () => closed(app), renew: (tls) => renewContext(app.server, tls) };
}

const idleCheckMs = 20;
/** Everyone who waited has been answered when the close begins; who takes longer to read it, or never asked, is cut off. */
const closeMaxMs = 2_000;

/** Connections that end their last answer after the close began are idle then, and are ended too. */
async function closed(app: FastifyInstance): Promise<void> {
  const idle = setInterval(() => app.server.closeIdleConnections(), idleCheckMs);
  const all = setTimeout(() => app.server.closeAllConnections(), closeMaxMs);
  try {
    await app.close();
  } finally {
    clearInterval(idle);
    clearTimeout(all);
  }
}

function makeServer(listener: RequestListener, tls: SecureContext | null): http.Server {
  const limits = {
    maxHeaderSize: headersMaxBytes,
    headersTimeout: 10_000,
    requestTimeout: 60_000,
    connectionsCheckingInterval: 2_000,
    keepAliveTimeout: 65_000,
    requireHostHeader: false,
    insecureHTTPParser: false,
    noDelay: true,
  };
  const server =
    tls === null
      ? http.createServer(limits, listener)
      : https.createServer({ ...limits, ...tls, handshakeTimeout: handshakeMaxMs }, listener);
  // Node drops further fields silently; how many there are is bounded by their bytes.
  server.maxHeadersCount = 0;
  server.on('connect', (_, socket: Socket) => Conversation.on(socket).refuse(notAllowed('CONNECT')));
  // A body that announces itself too large is refused before it is asked for (RFC 9110 section 10.1.1).
  server.on('checkContinue', listener);
  server.on('checkExpectation', listener);
  return server;
}

/** Where a request goes: to ESC, to the gateway's own resources, or back. */
function take(
  options: NorthboundOptions,
  { own, ...named }: Named & { own: RequestListener },
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const conversation = Conversation.on(request.socket);
  const hasLeft = conversation.begin(request, response);
  if (hasLeft === null) return;
  options.onRequest?.(request, response);
  const refuse = (error: unknown, isLast: boolean): void => {
    if (isLast) conversation.lastAnswer();
    giveProblem(response, asGatewayError(error, options.log), isLast);
  };
  try {
    checkRequest(request);
  } catch (error) {
    refuse(error, true);
    return;
  }
  const { url = '' } = request;
  const rawPath = rawPathOf(url);
  try {
    // What ESC reports may come from a gateway in ESC's place.
    if (!rawPath.startsWith(`${callbackPath}/`)) refuseDelivery(request);
  } catch (error) {
    refuse(error, announcesBody(request));
    return;
  }
  // Paths of ESC's northbounds; the ETSI one answers 404 until it is built.
  if (northboundOf(rawPath, readPath(rawPath)) === 'rest') {
    proxy(options, named, { request, response, hasLeft }).catch((error: unknown) => {
      refuse(error, announcesBody(request) && !request.complete);
    });
  } else if (url === '*') {
    answerOptions(response);
  } else if (rawPath.startsWith('/northgate/')) {
    own(request, response);
  } else {
    refuse(notFound(url), announcesBody(request));
  }
}

const notFound = (url: string): GatewayError =>
  new GatewayError('not-found', {
    detail: `There is no ${url.split('?')[0]} here; ESC's REST northbound is under /ESCManager.`,
    sent: 'no',
  });

/** What the gateway itself takes, of whatever path (RFC 9110 section 9.3.7). */
const answerOptions = (response: ServerResponse): void => {
  response.writeHead(204, { Allow: allowed }).end();
};

/** How the gateway is called: the scheme it is reached by, and its name in `Via`. */
interface Named {
  readonly scheme: string;
  readonly pseudonym: string;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly hasLeft: AbortSignal;
}

/** @throws what ends the request: a GatewayError, or a defect. */
async function proxy(options: NorthboundOptions, { scheme, pseudonym }: Named, exchange: Exchange): Promise<void> {
  const { request, response, hasLeft } = exchange;
  const { rawHeaders, httpVersion } = request;
  const trace = options.tracing?.request(request, response, scheme) ?? null;
  if (hasPassed(rawHeaders, pseudonym)) throw comeRound();
  const forwardsMax = forwardsMaxOf(request);
  if (forwardsMax === 0) return answerOptions(response);
  const headers = towardsEsc(rawHeaders, { httpVersion, pseudonym, forwardsMax });
  const { client, headers: decided } = await options.identify(request, headers);
  await options.countRequest?.(client);
  // Found meanwhile, when nobody listened yet.
  const broken = Conversation.on(request.socket).brokenBy(request);
  if (broken !== null) throw broken;
  const { host = '', expect } = request.headers;
  const caller: Caller = {
    client,
    headers: trace === null ? decided : trace.onward(decided),
    trace,
    // Without a Host the client's way here is not known, and what names ESC becomes a path.
    authorities: { own: host === '' ? '' : `${scheme}://${host}`, esc: options.escHosts },
    hasLeft,
  };
  if (expect !== undefined && request.httpVersion === '1.1') {
    checkAnnounced(request, options.config.limits.bodyBytes);
    response.writeContinue();
  }
  const path = isSafe(request.method ?? '') ? options.pass : options.transact;
  await path.handle(request, response, caller);
}
