/**
 * Who calls the ops listener: bearer tokens, of which only the SHA-256 is known, compared in constant time. Without
 * tokens the listener is on loopback and everyone there is operator; then a browser must not be made to act for a
 * stranger's page, so foreign origins and foreign names of this host are refused.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Config } from '../config/schema.ts';
import { GatewayError } from '../domain/problem.ts';

export type Role = 'viewer' | 'operator';

export interface Operator {
  readonly name: string;
  readonly role: Role;
}

type Tokens = Config['ops']['tokens'];

const safeMethods: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];
const loopbackNames = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;

/** @throws GatewayError `unauthorized` for who is not known, `forbidden` for a request that another page made. */
export function operatorOf(tokens: Tokens, method: string, headers: IncomingHttpHeaders): Operator {
  refuseForeignPages(method, headers);
  if (tokens.length === 0) {
    mustBeLoopback(headers.host);
    return { name: 'loopback', role: 'operator' };
  }
  const [scheme = '', given = ''] = (headers.authorization ?? '').split(/ +(.*)/s);
  const operator = operatorWith(tokens, given);
  if (scheme.toLowerCase() !== 'bearer' || operator === null) throw unauthorized(headers.authorization !== undefined);
  return operator;
}

/** Whose token that is; null: nobody's. */
export function operatorWith(tokens: Tokens, given: string): Operator | null {
  const digest = createHash('sha256').update(given).digest();
  // All are compared, so that the time does not tell which one it was.
  const [operator] = tokens.filter(({ sha256 }) => timingSafeEqual(digest, Buffer.from(sha256, 'hex')));
  return operator === undefined ? null : { name: operator.name, role: operator.role };
}

/** Without tokens only loopback's own names. @throws GatewayError `forbidden`: a name that a stranger lets point here. */
export function mustBeLoopback(host: string | undefined): void {
  if (!loopbackNames.test(host ?? '')) throw foreignHost();
}

/** @throws GatewayError `forbidden` for a viewer who acts. */
export function mustBe(role: Role, operator: Operator): void {
  if (role === 'viewer' || operator.role === 'operator') return;
  const detail = `${operator.name} is a viewer; acting needs a token with the role operator.`;
  throw new GatewayError('forbidden', { detail, headers: { 'WWW-Authenticate': challenge('insufficient_scope') } });
}

function refuseForeignPages(method: string, { origin, host }: IncomingHttpHeaders): void {
  if (origin === undefined || safeMethods.includes(method)) return;
  if (URL.canParse(origin) && new URL(origin).host === host) return;
  throw new GatewayError('forbidden', { detail: `Pages of ${origin} may not act on this gateway.` });
}

const foreignHost = (): GatewayError =>
  new GatewayError('forbidden', {
    detail: 'Without ops.tokens this listener answers only to localhost, 127.0.0.1 and [::1] in the Host field.',
  });

const unauthorized = (isWrong: boolean): GatewayError =>
  new GatewayError('unauthorized', {
    detail: 'Send one of the tokens of ops.tokens as "Authorization: Bearer TOKEN".',
    headers: { 'WWW-Authenticate': challenge(isWrong ? 'invalid_token' : null) },
  });

/** RFC 6750 section 3. */
const challenge = (error: string | null): string =>
  `Bearer realm="northgate"${error === null ? '' : `, error="${error}"`}`;
