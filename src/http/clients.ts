/**
 * Who calls from the north (R27). With `northbound.clients`: only who is named there, by certificate, password or token, and
 * ESC sees the gateway's own account. Without: everybody's credentials pass through, ESC decides, and the name is an HMAC of
 * them. Failed log-ins are limited by address.
 */
import { createHash, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';
import { GatewayError } from '../domain/problem.ts';
import { firstValue, withField } from '../upstream/headers.ts';
import { isSubject, isValidAt } from './certificate-subject.ts';
import { FailedLogIns } from './failed-log-ins.ts';
import { isPassword } from './password.ts';

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
  readonly log: Logger;
}

export type Identify = (request: IncomingMessage, headers: readonly string[]) => Identified | Promise<Identified>;

type Client = ClientRules['clients'][number];

/** @returns a function that throws GatewayError `unauthorized`, or `rate-limited`, for who is not known. */
export function identifier({ clients, authorization, identityKey, log }: ClientRules): Identify {
  if (clients.length === 0) {
    // Made once: keyed with raw bytes, each name would cost seven times as much.
    const key = createSecretKey(identityKey);
    return (_, headers) => ({ client: nameOfCredentials(firstValue(headers, 'authorization'), key), headers });
  }
  const tries = new FailedLogIns(log);
  return async (request, headers) => {
    const client = bearerOf(clients, request) ?? (await knownBy(clients, request, { headers, tries }));
    return {
      client: client.name,
      headers: authorization === null ? headers : withField(headers, 'Authorization', authorization),
    };
  };
}

/** By certificate: nothing to guess, so nothing is counted. */
function bearerOf(clients: readonly Client[], { socket }: IncomingMessage): Client | null {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return null;
  const certificate = socket.getPeerCertificate();
  // It was valid at the handshake; a connection may stand for longer, and a session may be taken up again.
  if (!isValidAt(certificate, Date.now())) return null;
  const isBearer = ({ certificateSubject }: Client): boolean =>
    certificateSubject !== undefined && isSubject(certificate, certificateSubject);
  return clients.find(isBearer) ?? null;
}

async function knownBy(
  clients: readonly Client[],
  { socket }: IncomingMessage,
  { headers, tries }: { headers: readonly string[]; tries: FailedLogIns },
): Promise<Client> {
  const credentials = firstValue(headers, 'authorization');
  if (credentials === '') throw unauthorized();
  const logIn = { address: socket.remoteAddress ?? '', name: nameTried(clients, credentials) };
  if (logIn.name !== '') await tries.admit(logIn, credentials);
  for (const client of clients) {
    if (!(await matches(client, credentials, tries))) continue;
    tries.remember(credentials);
    return client;
  }
  await tries.failed(logIn, 'northbound');
  throw unauthorized();
}

/** The client whose password it would be; empty: nobody's, or a token, which nobody guesses. */
function nameTried(clients: readonly Client[], credentials: string): string {
  const [scheme = '', value = ''] = credentials.split(/ +(.*)/s);
  if (scheme.toLowerCase() !== 'basic') return '';
  const [tried = ''] = Buffer.from(value, 'base64').toString().split(':');
  return clients.find(({ name }) => name === tried)?.name ?? '';
}

function nameOfCredentials(credentials: string, key: KeyObject): string {
  if (credentials === '') return 'anonymous';
  return `credentials-${createHmac('sha256', key).update(credentials).digest('base64url').slice(0, 22)}`;
}

async function matches(client: Client, given: string, tries: FailedLogIns): Promise<boolean> {
  const [scheme = '', value = ''] = given.split(/ +(.*)/s);
  if (scheme.toLowerCase() === 'bearer' && client.tokenSha256 !== undefined) {
    return isEqual(createHash('sha256').update(value).digest('hex'), client.tokenSha256.toLowerCase());
  }
  if (scheme.toLowerCase() !== 'basic') return false;
  const account = Buffer.from(value, 'base64').toString();
  if (client.password !== undefined) return isEqual(account, `${client.name}:${client.password}`);
  if (client.passwordHash === undefined || !account.startsWith(`${client.name}:`)) return false;
  return tries.wasRight(given) || isPassword(account.slice(client.name.length + 1), client.passwordHash);
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
