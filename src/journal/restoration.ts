/**
 * A record on its way back into a journal that came back older (R34), as both stores write it: sealed and packed.
 * Invariant: like every other write it may run twice; the identity of a restoration is its object.
 */
import type { Cipher } from './cipher.ts';
import { type SealedBody, sealedBodies } from './credentials.ts';
import type { Restoration } from './journal.ts';
import { withSealedQuery } from './query.ts';
import { type Form, formOf, headOf, keyHashOf } from './record.ts';
import { writeIdOf } from './writer.ts';

export interface RestoreWrite {
  readonly id: string;
  readonly version: number;
  readonly sequence: number;
  readonly writeId: string;
  /** Version that it replaces; 0: there is no such record. */
  readonly over: number;
  readonly head: string;
  readonly form: Form;
  readonly keyHash: string | null;
  readonly isTwin: boolean;
  /** False: what it holds of its name is freed. */
  readonly holdsKey: boolean;
  readonly bodies: readonly SealedBody[];
}

export function restoreWriteOf(restoration: Restoration, cipher: Cipher): RestoreWrite {
  const { transaction, over, bodies, isReleased } = restoration;
  const { id, version, sequence, idempotencyKey } = transaction;
  const form = formOf(transaction);
  return {
    id,
    version,
    sequence,
    writeId: writeIdOf(restoration),
    over,
    head: withSealedQuery(headOf(transaction), transaction.path, cipher),
    form,
    keyHash: keyHashOf(transaction),
    isTwin: idempotencyKey === null,
    holdsKey: form.entry.holdsKey && !isReleased,
    bodies: sealedBodies(transaction, bodies, cipher),
  };
}
