/**
 * Who calls from the north (R27). With `northbound.clients`: only who is named there, and ESC sees the gateway's own
 * account. Without: everybody's credentials pass through, ESC decides, and the name is an HMAC of them.
 */
import { createHash, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Config } from '../config/schema.ts';
import { GatewayError } from '../domain/problem.ts';
import { firstValue, withField } from '../upstream/headers.ts';

interface Identified {
  readonly client: string;
  /** The request's field list as it goes to ESC. */
  readonly headers: readonly string[];
}

export interface ClientRules {
  readonly clients: Config['northbound']['clients'];
  /** The gateway's own account as an Authorization value; null: none. */
  readonly authorization: string | null;
  /** For the names of clients that are not configured. */
  readonly identityKey: Uint8Array;
}

export type Identify = (request: IncomingMessage, headers: readonly string[]) => Identified;

/** @returns a function that throws GatewayError `unauthorized` for who is not known. */
export function identifier({ clients, authorization, identityKey }: ClientRules): Identify {
  if (clients.length === 0) {
    // Made once: keyed with raw bytes, each name would cost seven times as much.
    const key = createSecretKey(identityKey);
    return (_, headers) => ({ client: nameOfCredentials(firstValue(headers, 'authorization'), key), headers });
  }
  return (_, headers) => {
    const client = clients.find((known) => matches(known, firstValue(headers, 'authorization')));
    if (client === undefined) throw unauthorized();
    return {
      client: client.name,
      headers: authorization === null ? headers : withField(headers, 'Authorization', authorization),
    };
  };
}

function nameOfCredentials(credentials: string, key: KeyObject): string {
  if (credentials === '') return 'anonymous';
  return `credentials-${createHmac('sha256', key).update(credentials).digest('base64url').slice(0, 22)}`;
}

function matches(client: ClientRules['clients'][number], given: string): boolean {
  const [scheme = '', value = ''] = given.split(/ +(.*)/s);
  if (scheme.toLowerCase() === 'bearer' && client.tokenSha256 !== undefined) {
    return isEqual(createHash('sha256').update(value).digest('hex'), client.tokenSha256.toLowerCase());
  }
  if (scheme.toLowerCase() === 'basic' && client.password !== undefined) {
    return isEqual(Buffer.from(value, 'base64').toString(), `${client.name}:${client.password}`);
  }
  return false;
}

/** In time that does not tell how much of it was right. */
function isEqual(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

const unauthorized = (): GatewayError =>
  new GatewayError('unauthorized', {
    detail: 'Send the credentials of one of the configured clients (northbound.clients).',
    sent: 'no',
    headers: { 'WWW-Authenticate': 'Basic realm="northgate", charset="UTF-8"' },
  });
