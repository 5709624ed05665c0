/**
 * A record on its way back into a journal that came back older (R34), as both stores write it: sealed and packed.
 * Invariant: like every other write it may run twice; the identity of a restoration is its object.
 */
import type { Cipher } from './cipher.ts';
import type { BodyName, Restoration } from './journal.ts';
import { type Form, formOf, headOf, keyHashOf } from './record.ts';
import { purposeOf, type SealedBody, writeIdOf } from './writer.ts';

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
  const given = Object.entries(bodies) as [BodyName, Uint8Array][];
  return {
    id,
    version,
    sequence,
    writeId: writeIdOf(restoration),
    over,
    head: headOf(transaction),
    form,
    keyHash: keyHashOf(transaction),
    isTwin: idempotencyKey === null,
    holdsKey: form.entry.holdsKey && !isReleased,
    bodies: given.map(([name, body]) => [name, cipher.seal(body, purposeOf(id, name))]),
  };
}
