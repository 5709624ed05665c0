/**
 * The listener that orchestrators call. Proxied paths branch off before fastify's router, so that nothing is on their
 * way that they do not need; fastify serves the gateway's own resources under `/northgate/v1`.
 */
import http, { type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';
import { GatewayError } from '../domain/problem.ts';
import { northboundOf, rawPathOf, readPath } from '../esc/request-path.ts';
import type { Pass } from '../northbound/pass.ts';
import type { Caller, Transact } from '../northbound/transact.ts';
import { towardsEsc } from '../upstream/headers.ts';
import type { Identify } from './clients.ts';
import { asGatewayError, giveProblem, problemAnswer } from './problem-answer.ts';
import { answerParserError, checkRequest, headersMaxBytes, isSafe } from './request-checks.ts';

export interface NorthboundOptions {
  readonly config: Pick<Config, 'northbound' | 'limits'>;
  readonly log: Logger;
  readonly transact: Transact;
  readonly pass: Pass;
  readonly identify: Identify;
  /** VIP and nodes, whose authority never reaches a client (R25). */
  readonly escHosts: readonly string[];
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

/** Rejects if the address cannot be had. */
export async function listenNorthbound(options: NorthboundOptions): Promise<Listener> {
  const { northbound, limits } = options.config;
  const { cert, key } = northbound.tls;
  const scheme = cert === undefined ? 'http' : 'https';
  const app: FastifyInstance = fastify({
    logger: false,
    bodyLimit: limits.bodyBytes,
    serverFactory: (own) => {
      const listener: RequestListener = (request, response) => {
        if (isProxied(request)) void proxy(options, scheme, request, response);
        else own(request, response);
      };
      const made = makeServer(listener, cert === undefined || key === undefined ? null : { cert, key });
      made.maxConnections = limits.connections;
      return made;
    },
  });
  app.setErrorHandler((error, _, reply) => {
    const { status, headers, body } = problemAnswer(asGatewayError(error, options.log));
    return reply.code(status).headers(headers).send(body);
  });
  app.setNotFoundHandler((request, reply) => {
    const detail = `There is no ${request.url.split('?')[0]} here; ESC's REST northbound is under /ESCManager.`;
    const { status, headers, body } = problemAnswer(new GatewayError('not-found', { detail, sent: 'no' }));
    return reply.code(status).headers(headers).send(body);
  });
  options.routes(app);
  await app.listen({ host: northbound.host, port: northbound.port });
  const { address: host, port } = app.server.address() as AddressInfo;
  const url = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return { host, port, url, close: () => app.close() };
}

function makeServer(listener: RequestListener, tls: { cert: string; key: string } | null): http.Server {
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
    tls === null ? http.createServer(limits, listener) : https.createServer({ ...limits, ...tls }, listener);
  server.on('clientError', answerParserError);
  // A body that announces itself too large is refused before it is asked for (RFC 9110 section 10.1.1).
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => listener(request, response));
  return server;
}

/** Paths of ESC's northbounds; the ETSI one answers 404 until it is built. */
const isProxied = (request: IncomingMessage): boolean => {
  const rawPath = rawPathOf(request.url ?? '');
  return northboundOf(rawPath, readPath(rawPath)) === 'rest';
};

async function proxy(
  options: NorthboundOptions,
  scheme: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const left = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) left.abort();
  });
  // A broken connection is told by `close`; without a listener an error of it would end the process.
  request.on('error', () => undefined);
  response.on('error', () => undefined);
  try {
    checkRequest(request);
    const headers = towardsEsc(request.rawHeaders, request);
    const { client, headers: decided } = options.identify(request, headers);
    const own = `${scheme}://${request.headers.host ?? 'localhost'}`;
    const caller: Caller = {
      client,
      headers: decided,
      authorities: { own, esc: options.escHosts },
      hasLeft: left.signal,
    };
    if (request.headers.expect?.toLowerCase() === '100-continue') response.writeContinue();
    const path = isSafe(request.method ?? '') ? options.pass : options.transact;
    await path.handle(request, response, caller);
  } catch (error) {
    giveProblem(response, asGatewayError(error, options.log), !request.complete);
  }
}
