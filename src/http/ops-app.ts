/**
 * The ops API as one fastify instance that does not listen yet: access, routes, document, one form of error.
 * Answers are written as JSON as they are; a test holds them against their schemas, so that nothing is coerced in silence.
 */
import http, { type RequestListener } from 'node:http';
import https from 'node:https';
import swagger from '@fastify/swagger';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';
import { registerConsole } from '../console/console.ts';
import { auditEntrySchema } from '../ops/audit.ts';
import { deadLetterSchema } from '../ops/dead-letters.ts';
import type { Ops } from '../ops/ops.ts';
import { nodeSchema, observedSchema, pairStatusSchema, replicaSchema, switchoverSchema } from '../ops/pair-view.ts';
import { attemptSchema, callbackSchema, transactionSchema } from '../ops/transaction-view.ts';
import { refusalOfUnrouted } from './allowed-methods.ts';
import { limitConnections } from './connection-places.ts';
import { documentPage } from './document-routes.ts';
import { mustBeLoopback, operatorWith } from './operators.ts';
import { guard } from './ops-access.ts';
import { problemSchema } from './ops-answers.ts';
import { deadLetterPageSchema, deadLetterRoutes } from './ops-dead-letter-routes.ts';
import { describeOps } from './ops-document.ts';
import { gateOrderSchema, observationSchema, pairRoutes } from './ops-pair-routes.ts';
import { auditPageSchema, documentSchema, healthSchema, serviceRoutes } from './ops-service-routes.ts';
import { pageSchema, resolutionSchema, transactionRoutes } from './ops-transaction-routes.ts';
import { asGatewayError, problemAnswer } from './problem-answer.ts';
import { answerParserError, headersMaxBytes, refuseDelivery } from './request-checks.ts';
import { contextOf, handshakeMaxMs } from './secure-context.ts';
import type { TypedApp } from './typebox-types.ts';

export interface OpsAppOptions {
  readonly config: { readonly ops: Pick<Config['ops'], 'host' | 'port' | 'tls' | 'tokens'> };
  readonly log: Logger;
  readonly ops: Ops;
}

const bodyMaxBytes = 64 * 1024;
const parameterMaxChars = 255;
/** Operators, their browsers' streams (at most 200) and what monitors: more is a mistake, or a flood. */
const connectionsMax = 500;

/** Resolves when its routes are registered. */
export async function makeOpsApp({ config, log, ops }: OpsAppOptions): Promise<FastifyInstance> {
  const asProblem = (error: unknown) => problemAnswer(asGatewayError(error, log));
  const app: FastifyInstance = fastify({
    logger: false,
    bodyLimit: bodyMaxBytes,
    routerOptions: { maxParamLength: parameterMaxChars },
    forceCloseConnections: 'idle',
    ajv: { customOptions: { removeAdditional: false, coerceTypes: 'array', allErrors: false } },
    frameworkErrors: (error, _, reply: FastifyReply) => {
      const { status, headers, body } = asProblem(error);
      void reply.code(status).headers(headers).send(Buffer.from(body));
    },
    serverFactory: (listener) => makeServer(listener, config.ops.tls),
  });
  app.setSerializerCompiler(() => JSON.stringify);
  // JSON is all that is taken; fastify would take plain text too.
  app.removeContentTypeParser('text/plain');
  app.addHook('onSend', async (_, reply) => {
    reply.header('X-Content-Type-Options', 'nosniff');
    if (!reply.hasHeader('Cache-Control')) reply.header('Cache-Control', 'no-store');
    // Of this host alone (RFC 6797 section 6.1.2): what else is under its name is not the gateway's to say.
    if (config.ops.tls.cert !== undefined) reply.header('Strict-Transport-Security', 'max-age=31536000');
  });
  app.setErrorHandler((error, _, reply) => {
    const { status, headers, body } = asProblem(error);
    return reply.code(status).headers(headers).send(Buffer.from(body));
  });
  const unrouted = refusalOfUnrouted(app);
  app.setNotFoundHandler((request) => {
    throw unrouted(request.method, request.url);
  });

  app.addHook('onRequest', async (request) => refuseDelivery(request));
  const access = guard(app, config.ops.tokens, log);
  app.addHook('onResponse', async (request, reply) => {
    const operator = access.of(request);
    if (request.routeOptions.config.access !== 'operator' || operator === null) return;
    const { id = null } = request.params as { id?: string };
    const act = request.routeOptions.schema?.operationId ?? request.url;
    ops.audit.add({ who: operator.name, act, target: id, asked: request.body, status: reply.statusCode });
  });

  const schemas = [
    problemSchema,
    callbackSchema,
    attemptSchema,
    transactionSchema,
    pageSchema,
    deadLetterSchema,
    deadLetterPageSchema,
    observedSchema,
    nodeSchema,
    replicaSchema,
    switchoverSchema,
    pairStatusSchema,
    auditEntrySchema,
    auditPageSchema,
    gateOrderSchema,
    observationSchema,
    resolutionSchema,
    documentSchema,
    healthSchema,
  ];
  for (const schema of schemas) app.addSchema(schema);
  await app.register(swagger, describeOps());
  const typed = app as unknown as TypedApp;
  pairRoutes(typed, ops, access);
  transactionRoutes(typed, ops, access);
  deadLetterRoutes(typed, ops);
  serviceRoutes(typed, ops);
  documentPage(app, '/docs', 'Northgate operations');
  const { tokens, tls } = config.ops;
  await registerConsole(app, {
    ops,
    log,
    door: { hasTokens: tokens.length > 0, whose: (token) => operatorWith(tokens, token), mustBeLoopback },
    isSecure: tls.cert !== undefined,
    asGatewayError: (error) => asGatewayError(error, log),
  });
  return app;
}

function makeServer(listener: RequestListener, tls: Config['ops']['tls']): http.Server {
  const limits = {
    maxHeaderSize: headersMaxBytes,
    headersTimeout: 10_000,
    requestTimeout: 30_000,
    connectionsCheckingInterval: 2_000,
    keepAliveTimeout: 65_000,
    insecureHTTPParser: false,
    noDelay: true,
  };
  const secure = contextOf(tls);
  const server =
    secure === null
      ? http.createServer(limits, listener)
      : https.createServer({ ...limits, ...secure, handshakeTimeout: handshakeMaxMs }, listener);
  server.on('clientError', answerParserError);
  limitConnections(server, connectionsMax);
  return server;
}
