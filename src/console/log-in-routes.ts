/**
 * Log-in and log-out. The token comes once, by POST; what the browser keeps is a random session id in a cookie that no
 * script reads and no other site sends. Tries are limited by address, and failed ones are logged, never with the token.
 */
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import { GatewayError } from '../domain/problem.ts';
import { cookieName, type Doorkeeper } from './admission.ts';
import { type Desk, ownPath } from './desk.ts';
import { textOf } from './filter.ts';
import { logInPage } from './log-in-page.ts';
import { type Sessions, sessionMaxMs } from './sessions.ts';

export interface LogInOptions {
  readonly desk: Desk;
  readonly door: Doorkeeper;
  readonly sessions: Sessions;
  /** HTTPS: the cookie is sent over nothing else. */
  readonly isSecure: boolean;
  readonly log: Logger;
}

const triesMax = 10;
const triesPerMs = 60_000;
const addressesMax = 5000;

/** Resolves when the limit is registered. */
export async function logInRoutes(app: FastifyInstance, options: LogInOptions): Promise<void> {
  const { desk, door, sessions, isSecure, log } = options;
  const cookie = { path: '/console', httpOnly: true, sameSite: 'strict' as const, secure: isSecure };

  const ask = (reply: FastifyReply, next: string, problem: string | null): FastifyReply =>
    desk.give(reply, desk.frame(reply.request, null), {
      title: 'Log in',
      place: null,
      body: logInPage({ next, problem }),
    });

  await app.register(rateLimit, {
    global: false,
    cache: addressesMax,
    addHeaders: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
    errorResponseBuilder: () => {
      const detail = 'Too many log-ins from this address. Wait a minute.';
      return new GatewayError('rate-limited', { detail, retryAfterSeconds: triesPerMs / 1000 });
    },
  });

  app.get('/console/log-in', { config: { page: 'open' } }, (request, reply) => {
    if (!door.hasTokens) return reply.redirect('/console/', 303);
    return ask(reply, ownPath(textOf(request.query, 'next')), null);
  });

  app.post(
    '/console/log-in',
    { config: { page: 'open', rateLimit: { max: triesMax, timeWindow: triesPerMs } } },
    (request, reply) => {
      const next = ownPath(textOf(request.body, 'next'));
      const who = door.whose(textOf(request.body, 'token'));
      if (who === null) {
        log.warn({ address: request.ip }, 'a log-in to the console failed');
        return ask(reply.code(401), next, 'That is none of this gateway’s tokens.');
      }
      const before = request.cookies[cookieName];
      if (before !== undefined) sessions.end(before);
      const { id, name } = sessions.begin(who);
      desk.ops.audit.add({ who: name, act: 'logIn', target: null, asked: undefined, status: 200 });
      reply.setCookie(cookieName, id, { ...cookie, maxAge: sessionMaxMs / 1000 });
      return reply.redirect(next, 303);
    },
  );

  app.post('/console/log-out', (request, reply) => {
    desk.admission.checkForm(request, textOf(request.body, 'form'));
    const { id, name } = desk.admission.of(request);
    sessions.end(id);
    desk.ops.audit.add({ who: name, act: 'logOut', target: null, asked: undefined, status: 200 });
    reply.clearCookie(cookieName, cookie).header('Clear-Site-Data', '"cache"');
    return reply.redirect('/console/log-in', 303);
  });
}
