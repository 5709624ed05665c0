/**
 * The key of digests that are kept and compared for long: clients' names and requests' fingerprints. Made once with the journal
 * and kept in it, sealed with the key that seals now, so that a change of `journal.key` leaves digests equal that were equal, and
 * who reads the journal cannot try what they were made of. Gateways on one journal have the same.
 */
import { randomBytes } from 'node:crypto';
import type { Instant } from '../domain/transaction.ts';
import type { Cipher } from './cipher.ts';

export interface Digests {
  readonly key: Uint8Array;
  /** Until then gateways of a release without this key may share the journal, and fingerprints are written as they know them. */
  readonly plainUntil: Instant;
}

const digestKeyBytes = 32;
/** A rolling restart, and a way back, take less. */
const plainForMs = 24 * 60 * 60 * 1000;
const purpose = 'the key of digests';

/** Of a journal that is new. */
export const drawnDigests = (): Digests => ({ key: randomBytes(digestKeyBytes), plainUntil: 0 });

/** Of a journal that an earlier release may have written, which made clients' names with this: they stay what they are. */
export const earlierDigests = (key: Uint8Array, now: Instant): Digests => ({ key, plainUntil: now + plainForMs });

/** What earlier releases made clients' names with: the journal's key, else its name. */
export const earlierDigestKey = (key: Uint8Array | null | undefined, name: string): Uint8Array =>
  key ?? Buffer.from(name);

/** As a store keeps it. */
export function sealedDigests({ key, plainUntil }: Digests, cipher: Cipher): string {
  const text = JSON.stringify({ key: Buffer.from(key).toString('base64'), plainUntil });
  return Buffer.from(cipher.seal(Buffer.from(text), purpose)).toString('base64');
}

export interface OpenedDigests {
  readonly digests: Digests;
  /** To be kept instead, sealed with the key that seals now; null: it is. */
  readonly fresh: string | null;
}

/** @throws Error with a sentence if the key that sealed it is not here. */
export function openedDigests(kept: string, cipher: Cipher): OpenedDigests {
  const sealed = Buffer.from(kept, 'base64');
  const { key, plainUntil } = JSON.parse(Buffer.from(cipher.open(sealed, purpose)).toString());
  const digests = { key: Buffer.from(key, 'base64'), plainUntil };
  return { digests, fresh: cipher.isCurrent(sealed) ? null : sealedDigests(digests, cipher) };
}
