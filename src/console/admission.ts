/**
 * Before every page: who asks, and whether another site's page made the browser ask. Pages say what they need in
 * `config.page`. Without `ops.tokens` everyone on loopback is operator, as for the ops API.
 * Invariant: nothing that changes something passes without a same-origin sign of the browser and, but for log-in, the form token.
 */
import { timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { GatewayError } from '../domain/problem.ts';
import { randomText, type Session, type Sessions, type Who } from './sessions.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** `open`: without a session. Absent: with one. */
    page?: 'open';
  }
}

export interface Doorkeeper {
  /** Whether `ops.tokens` are set, so that people log in. */
  readonly hasTokens: boolean;
  /** Whose token that is; null: nobody's. */
  readonly whose: (token: string) => Who | null;
  /** Refuses, without tokens, names of this host that are not loopback's. @throws GatewayError `forbidden`. */
  readonly mustBeLoopback: (host: string | undefined) => void;
}

/** Thrown where a session is missing; the browser is led to the log-in. */
export class NotLoggedIn extends Error {
  override readonly name = 'NotLoggedIn';
}

export const cookieName = 'northgate_session';

/** What the live update of a page sends along (htmx). */
export const isLive = ({ headers }: FastifyRequest): boolean => headers['hx-request'] === 'true';

export class Admission {
  readonly #door: Doorkeeper;
  readonly #sessions: Sessions;
  readonly #visitors = new WeakMap<FastifyRequest, Session>();
  /** Everybody's on loopback: a stranger's page cannot read it either. */
  readonly #loopback: Session = { id: '', name: 'loopback', role: 'operator', formToken: randomText() };

  constructor(door: Doorkeeper, sessions: Sessions) {
    this.#door = door;
    this.#sessions = sessions;
  }

  guard(app: FastifyInstance): void {
    app.addHook('onRequest', async (request) => this.#admit(request));
  }

  get hasLogIn(): boolean {
    return this.#door.hasTokens;
  }

  /** Who made a request that has passed. */
  of(request: FastifyRequest): Session {
    const session = this.#visitors.get(request);
    if (session === undefined) throw new NotLoggedIn();
    return session;
  }

  /** Null: nobody, or not found out because the request was refused before. */
  find(request: FastifyRequest): Session | null {
    return this.#visitors.get(request) ?? null;
  }

  /** Whether the session that a request came with still stands. */
  isStillIn(request: FastifyRequest): boolean {
    return this.#sessionOf(request, false) !== null;
  }

  /** @throws GatewayError `forbidden` for a form that this console did not give to this visitor. */
  checkForm(request: FastifyRequest, given: string): void {
    const { formToken } = this.of(request);
    if (isSame(given, formToken)) return;
    throw new GatewayError('forbidden', {
      detail: 'This form is not from your session: open the page again and send it from there.',
    });
  }

  #admit(request: FastifyRequest): void {
    if (!this.#door.hasTokens) this.#door.mustBeLoopback(request.headers.host);
    if (request.method !== 'GET' && request.method !== 'HEAD') refuseForeignPages(request);
    const session = this.#sessionOf(request, !isLive(request));
    if (session !== null) this.#visitors.set(request, session);
    else if (request.routeOptions.config.page !== 'open') throw new NotLoggedIn();
  }

  #sessionOf(request: FastifyRequest, isUse: boolean): Session | null {
    if (!this.#door.hasTokens) return this.#loopback;
    const id = request.cookies[cookieName];
    return id === undefined ? null : this.#sessions.find(id, isUse);
  }
}

/**
 * Browsers say where a request comes from: `Sec-Fetch-Site` (Fetch Metadata) to trustworthy origins, `Origin` (Fetch) with
 * every POST. What says neither is no browser, and has the ops API.
 */
function refuseForeignPages({ headers }: FastifyRequest): void {
  const { origin, host } = headers;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') throw foreign();
  if (origin !== undefined && !(URL.canParse(origin) && new URL(origin).host === host)) throw foreign();
  if (site === undefined && origin === undefined) throw foreign();
}

const foreign = (): GatewayError =>
  new GatewayError('forbidden', { detail: 'Only pages of this console may act on it; nothing was done.' });

function isSame(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return one.byteLength === other.byteLength && timingSafeEqual(one, other);
}
