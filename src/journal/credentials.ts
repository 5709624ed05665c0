/**
 * Credentials of a request are kept apart from the rest of it, so that the write that settles a transaction erases them
 * without reading anything: they are of use only for as long as it may have to be sent, or looked at, once more (R27).
 * Invariants: what a store keeps as `request` has a mask in place of each of them; a settled record has none.
 */
import { isSettled, type Transaction } from '../domain/transaction.ts';
import type { Cipher } from './cipher.ts';
import type { Bodies, BodyName } from './journal.ts';
import { packRequest, type RequestMessage, unpackRequest } from './message.ts';

/** Stands where a value was; no credentials read like it. */
const mask = '***';

const fields: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'x-auth-token',
  'x-subject-token',
  'x-access-token',
  'x-api-key',
  'x-csrf-token',
  'api-key',
  'apikey',
  'private-token',
]);

/** Whether a request's field says who calls, and so is nobody's to see and is erased in time. */
export const isCredentialField = (name: string): boolean => fields.has(name.toLowerCase());

/** What a store keeps under a name beside a record; `credentials` is never asked for by itself. */
export type KeptName = BodyName | 'credentials';

/** Sealed, under its name. */
export type SealedBody = readonly [name: KeptName, sealed: Uint8Array];

/** `purpose` of the seal: bytes cannot be moved to another transaction, nor be taken for another body of their own. */
export const purposeOf = (id: string, which: KeptName | 'query'): string => `${which} of ${id}`;

/** In place of credentials that are needed no more; not even sealed. */
const erased = new Uint8Array();

/** Values by their place in the flat list of fields. */
type Credentials = Readonly<Record<string, string>>;

/** All bodies that a write of this record changes, as a store keeps them. */
export function sealedBodies({ id, state }: Transaction, bodies: Bodies, cipher: Cipher): SealedBody[] {
  const sealed: SealedBody[] = [];
  const put = (name: KeptName, body: Uint8Array): void => {
    sealed.push([name, cipher.seal(body, purposeOf(id, name))]);
  };
  const isDone = isSettled(state.status);
  for (const [name, body] of Object.entries(bodies) as [BodyName, Uint8Array][]) {
    const { rest, credentials } = name === 'request' ? parted(body) : { rest: body, credentials: null };
    put(name, rest);
    if (credentials !== null && !isDone) put('credentials', credentials);
  }
  if (isDone) sealed.push(['credentials', erased]);
  return sealed;
}

/** A body as its readers know it, out of what a store found; `credentials` is read for a `request` only. */
export function openedBody(
  cipher: Cipher,
  { id, which }: { readonly id: string; readonly which: BodyName },
  { sealed, credentials }: { readonly sealed: Uint8Array; readonly credentials: Uint8Array | null },
): Uint8Array {
  const body = cipher.open(sealed, purposeOf(id, which));
  if (which !== 'request' || credentials === null || credentials.byteLength === 0) return body;
  return together(body, cipher.open(credentials, purposeOf(id, 'credentials')));
}

/** A request without its credentials, and these; null if it has none. */
export function parted(request: Uint8Array): { rest: Uint8Array; credentials: Uint8Array | null } {
  const message = read(request);
  const found: Record<string, string> = {};
  const headers = message?.headers.map((text, index, all) => {
    if (index % 2 === 0 || text === mask || !isCredentialField(all[index - 1] ?? '')) return text;
    found[index] = text;
    return mask;
  });
  if (message === null || headers === undefined || Object.keys(found).length === 0) {
    return { rest: request, credentials: null };
  }
  return { rest: packRequest({ ...message, headers }), credentials: Buffer.from(JSON.stringify(found)) };
}

function together(rest: Uint8Array, packed: Uint8Array): Uint8Array {
  const message = unpackRequest(rest);
  const credentials = JSON.parse(Buffer.from(packed).toString()) as Credentials;
  return packRequest({ ...message, headers: message.headers.map((text, index) => credentials[index] ?? text) });
}

/** Null for bytes that are no message: then nothing is known of them. */
function read(request: Uint8Array): RequestMessage | null {
  try {
    const message = unpackRequest(request);
    return Array.isArray(message.headers) ? message : null;
  } catch {
    return null;
  }
}
