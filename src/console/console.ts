/**
 * The web console as one part of the ops listener's fastify instance: headers, sessions, pages, and every error as a page
 * that says what to do. Pages are made on the server and work without scripts; with them they follow what happens.
 */
import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import helmet, { type FastifyHelmetOptions } from '@fastify/helmet';
import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import type { Logger } from 'pino';
import { GatewayError } from '../domain/problem.ts';
import type { Ops } from '../ops/ops.ts';
import { now } from '../pair/clock.ts';
import { actRoutes } from './act-routes.ts';
import { Admission, type Doorkeeper, isLive, NotLoggedIn } from './admission.ts';
import { assetRoutes, readAssets } from './assets.ts';
import { Desk } from './desk.ts';
import { errorPage } from './error-page.ts';
import { LiveStreams } from './live.ts';
import { logInRoutes } from './log-in-routes.ts';
import { readRoutes } from './read-routes.ts';
import { Sessions } from './sessions.ts';

export interface ConsoleOptions {
  readonly ops: Ops;
  readonly log: Logger;
  readonly door: Doorkeeper;
  readonly isSecure: boolean;
  /** Whatever was thrown as the error that a page tells of; what is a defect is logged there. */
  readonly asGatewayError: (error: unknown) => GatewayError;
}

/** Nothing from elsewhere, nothing inline. */
const headers = (isSecure: boolean): FastifyHelmetOptions => ({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'"],
      connectSrc: ["'self'"],
      formAction: ["'self'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
  // With `no-referrer` browsers say `Origin: null` with our own forms (Fetch, "append a request Origin header").
  referrerPolicy: { policy: 'same-origin' },
  strictTransportSecurity: isSecure ? { maxAge: 31_536_000 } : false,
  xFrameOptions: { action: 'deny' },
});

const formMaxBytes = 64 * 1024;

/** Resolves when its routes are registered. */
export async function registerConsole(app: FastifyInstance, options: ConsoleOptions): Promise<void> {
  const assets = await readAssets();
  const pages: FastifyPluginAsync = async (scope) => {
    const sessions = new Sessions(now);
    const admission = new Admission(options.door, sessions);
    const desk = new Desk(options.ops, admission, assets);
    scope.addHook('onRoute', (route) => {
      // Not of the API: the ops guard lets it pass, its own asks for a session, and the document says nothing of it.
      route.config = { ...route.config, access: 'anyone' };
      route.schema = { ...route.schema, hide: true };
    });
    await scope.register(helmet, headers(options.isSecure));
    await scope.register(cookie);
    await scope.register(formbody, { bodyLimit: formMaxBytes });
    admission.guard(scope);
    answerErrors(scope, desk, options);
    assetRoutes(scope, assets);
    readRoutes(scope, desk);
    actRoutes(scope, desk);
    await logInRoutes(scope, { ...options, desk, sessions });
    liveRoute(scope, desk);
    scope.get('/console', { config: { page: 'open' } }, (_, reply) => reply.redirect('/console/', 308));
    scope.get('/console/*', ({ url }) => {
      throw new GatewayError('not-found', { detail: `The console has no page ${url.split('?', 1)[0]}.` });
    });
  };
  await app.register(pages);
}

function answerErrors(app: FastifyInstance, desk: Desk, { asGatewayError }: ConsoleOptions): void {
  app.setErrorHandler((error, request, reply) => {
    if (error instanceof NotLoggedIn) {
      const next = request.method === 'GET' && !request.url.startsWith('/console/events') ? request.url : '/console/';
      const target = `/console/log-in?next=${encodeURIComponent(next)}`;
      // htmx leads the whole page there, instead of putting the log-in into a part of it.
      return isLive(request) ? reply.code(401).header('HX-Redirect', target).send() : reply.redirect(target, 303);
    }
    const known = asGatewayError(error);
    const { retryAfterSeconds } = known.details;
    if (retryAfterSeconds !== undefined) reply.header('Retry-After', String(retryAfterSeconds));
    const session = desk.admission.find(request);
    const page = { title: `Error ${known.status}`, place: null, body: errorPage(known) };
    return desk.give(reply.code(known.status), desk.frame(request, session), page);
  });
}

function liveRoute(app: FastifyInstance, desk: Desk): void {
  const streams = new LiveStreams(desk.ops.events);
  app.addHook('preClose', async () => streams.close());
  app.get('/console/events', { exposeHeadRoute: false }, (request, reply) => {
    streams.begin(reply.raw, () => desk.admission.isStillIn(request));
    reply.hijack();
  });
}
