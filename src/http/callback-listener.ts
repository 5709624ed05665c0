/**
 * ESC's reports on a listener of their own (`callbacks.port`): needed where the northbound asks for client certificates,
 * which ESC has none of. It speaks HTTPS, with the northbound's certificate, where `callbacks.publicUrl` says so.
 */
import http, { type RequestListener } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import type { Config } from '../config/schema.ts';
import { refusalOfUnrouted } from './allowed-methods.ts';
import { type CallbackRoutesOptions, callbackRoutes } from './callback-routes.ts';
import type { RenewableListener } from './northbound-listener.ts';
import { asGatewayError, problemAnswer } from './problem-answer.ts';
import { answerParserError, headersMaxBytes } from './request-checks.ts';
import { contextOf, handshakeMaxMs, type ListenerTls, renewContext, type SecureContext } from './secure-context.ts';

export interface CallbackListenerOptions extends CallbackRoutesOptions {
  readonly config: Pick<Config, 'northbound' | 'callbacks' | 'limits'>;
}

/** How long answers under way may take when the gateway ends. */
const closeMaxMs = 2_000;

/** Null: no port is configured, and the northbound listener takes the reports. Rejects if the address cannot be had. */
export async function listenCallbacks(options: CallbackListenerOptions): Promise<RenewableListener | null> {
  const { northbound, callbacks, limits } = options.config;
  if (callbacks.port === undefined) return null;
  // ESC has no certificate to show.
  const { clientCa: _, ...own } = northbound.tls;
  const tls = callbacks.publicUrl?.startsWith('https:') === true ? contextOf(own) : null;
  const isSecure = tls !== null;
  const app: FastifyInstance = fastify({
    logger: false,
    bodyLimit: options.bodyBytesMax,
    forceCloseConnections: 'idle',
    clientErrorHandler: answerParserError,
    serverFactory: (listener) => makeServer(listener, tls, limits.connections),
  });
  const unrouted = refusalOfUnrouted(app);
  app.setNotFoundHandler((request, reply) => {
    const refusal = asGatewayError(unrouted(request.method, request.url), options.log);
    const { status, headers, body } = problemAnswer(refusal);
    return reply.code(status).headers(headers).send(Buffer.from(body));
  });
  callbackRoutes(app, options);
  await app.listen({ host: callbacks.host ?? northbound.host, port: callbacks.port });
  const { address: host, port } = app.server.address() as AddressInfo;
  const url = `${isSecure ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const close = async (): Promise<void> => {
    const timer = setTimeout(() => app.server.closeAllConnections(), closeMaxMs);
    await app.close();
    clearTimeout(timer);
  };
  const renew = ({ clientCa: _, ...renewed }: ListenerTls): void => renewContext(app.server, renewed);
  return { host, port, url, close, renew };
}

function makeServer(listener: RequestListener, tls: SecureContext | null, connectionsMax: number): http.Server {
  const limits = {
    maxHeaderSize: headersMaxBytes,
    headersTimeout: 10_000,
    requestTimeout: 60_000,
    connectionsCheckingInterval: 2_000,
    keepAliveTimeout: 65_000,
    insecureHTTPParser: false,
    noDelay: true,
  };
  const server =
    tls === null
      ? http.createServer(limits, listener)
      : https.createServer({ ...limits, ...tls, handshakeTimeout: handshakeMaxMs }, listener);
  // Node drops further fields silently; how many there are is bounded by their bytes.
  server.maxHeadersCount = 0;
  server.maxConnections = connectionsMax;
  server.on('checkContinue', listener);
  return server;
}
