/**
 * What a key must meet again: method, target and body of a request, as one short text. It is keyed, since a body with little in it
 * could be tried out by who reads the journal. Records of earlier releases have it as a plain SHA-256, and are met all the same.
 */
import { createHash, createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { Instant } from '../domain/transaction.ts';
import type { Digests } from '../journal/digests.ts';

export interface Fingerprinted {
  readonly method: string;
  readonly path: string;
  readonly body: Uint8Array;
}

/** No hex digest begins so. */
const keyedMark = 'k1.';

export class Fingerprints {
  readonly #key: KeyObject;
  readonly #plainUntil: Instant;

  constructor({ key, plainUntil }: Digests) {
    this.#key = createSecretKey(createHmac('sha256', key).update('northgate fingerprints').digest());
    this.#plainUntil = plainUntil;
  }

  /** As it is to be kept of a request that came then. */
  of(request: Fingerprinted, receivedAt: Instant): string {
    return receivedAt < this.#plainUntil ? plainOf(request) : this.#keyedOf(request);
  }

  /** Whether a kept one was made of an equal request, by whichever release. */
  isOf(kept: string, request: Fingerprinted): boolean {
    return kept === (kept.startsWith(keyedMark) ? this.#keyedOf(request) : plainOf(request));
  }

  #keyedOf({ method, path, body }: Fingerprinted): string {
    const digest = createHmac('sha256', this.#key).update(`${method} ${path}\n`).update(body).digest('base64url');
    return `${keyedMark}${digest}`;
  }
}

const plainOf = ({ method, path, body }: Fingerprinted): string =>
  createHash('sha256').update(`${method} ${path}\n`).update(body).digest('hex');
