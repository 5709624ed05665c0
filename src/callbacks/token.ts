/**
 * The tokens in the URLs that ESC reports to: which transaction, which attempt, and for what. Unguessable: an HMAC
 * (RFC 2104, SHA-256) over all of it. Invariant: what `read` gives back was made with one of the keys.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { TransactionId } from '../domain/transaction.ts';

/** What is reported there: to the `Callback` URL, to `Callback-ESC-Events`, or of a clean-up (R20). */
export type TokenKind = 'callback' | 'events' | 'clean-up';

export interface TokenParts {
  readonly transactionId: TransactionId;
  /** Number of the attempt. */
  readonly attempt: number;
  readonly kind: TokenKind;
}

const letterOf: Readonly<Record<TokenKind, string>> = { callback: 'c', events: 'e', 'clean-up': 'x' };
const kindOf: ReadonlyMap<string, TokenKind> = new Map([
  ['c', 'callback'],
  ['e', 'events'],
  ['x', 'clean-up'],
]);

/** Short enough for a step of a path in fastify's router (100 characters) with the ids that the gateway makes. */
const proofChars = 32;
const tokenMaxChars = 200;
const form = /^([\w-]{1,100})\.([1-9]\d{0,8})\.([cex])\.([\w-]{32})$/;

export class Tokens {
  readonly #keys: readonly Buffer[];

  /** The journal's key, and older ones whose tokens still hold. The tokens' own keys are made of them. */
  constructor(key: Uint8Array, oldKeys: readonly Uint8Array[] = []) {
    this.#keys = [key, ...oldKeys].map((each) =>
      createHmac('sha256', each).update('northgate callback tokens').digest(),
    );
  }

  make({ transactionId, attempt, kind }: TokenParts): string {
    const claim = `${transactionId}.${attempt}.${letterOf[kind]}`;
    return `${claim}.${proofOf(this.#keys[0] ?? Buffer.alloc(0), claim)}`;
  }

  /** Null: not one of ours, in time that does not tell how much of it was right. */
  read(token: string): TokenParts | null {
    const match = token.length > tokenMaxChars ? null : form.exec(token);
    if (match === null) return null;
    const [, transactionId = '', attempt = '', letter = '', proof = ''] = match;
    const kind = kindOf.get(letter);
    const claim = `${transactionId}.${attempt}.${letter}`;
    const isOurs = this.#keys.map((key) => timingSafeEqual(Buffer.from(proofOf(key, claim)), Buffer.from(proof)));
    return isOurs.includes(true) && kind !== undefined ? { transactionId, attempt: Number(attempt), kind } : null;
  }
}

const proofOf = (key: Buffer, claim: string): string =>
  createHmac('sha256', key).update(claim).digest('base64url').slice(0, proofChars);

/** Where ESC reports: below `callbacks.publicUrl`. */
export const callbackUrl = (publicUrl: string, token: string): string =>
  `${publicUrl.replace(/\/+$/, '')}${callbackPath}/${token}`;

/** What the listener serves it under. */
export const callbackPath = '/northgate/v1/callbacks';
