/**
 * The two record writes, the same for both stores: seals and packs before, unpacks and tells listeners after.
 * Invariant: what goes to the store in between (`Write`) can be run twice. The identity of a replacement is its object:
 * the same object again finds itself done, an equal other one is another write, so that two who mark the same
 * transaction in flight in the same millisecond are never both told `replaced`.
 */
import { randomBytes } from 'node:crypto';
import type { Transaction } from '../domain/transaction.ts';
import type { Changes } from './changes.ts';
import type { Cipher } from './cipher.ts';
import { type SealedBody, sealedBodies } from './credentials.ts';
import type { Created, Creation, MarkConditions, Replaced, Replacement, Unavailable } from './journal.ts';
import { withOpenQuery, withSealedQuery } from './query.ts';
import { type Form, formOf, headOf, keyHashOf, type Row, transactionOf } from './record.ts';
import { Turn, unavailable } from './turn.ts';

export interface CreateWrite {
  readonly kind: 'create';
  readonly id: string;
  readonly keyHash: string | null;
  /** It has a twin and no key: taken only by the newest transaction of its lane. */
  readonly isTwin: boolean;
  readonly head: string;
  readonly held: Form;
  readonly inFlight: { readonly form: Form; readonly mark: MarkConditions } | null;
  readonly bodies: readonly SealedBody[];
  readonly bytes: number;
}

export interface ReplaceWrite {
  readonly kind: 'replace';
  readonly id: string;
  readonly keyHash: string | null;
  /** Version that must stand. */
  readonly expected: number;
  readonly writeId: string;
  readonly form: Form;
  readonly mark: MarkConditions | null;
  /** That must be current, without the rest of a mark's conditions; null: any. */
  readonly epoch: number | null;
  /** Those that are written; the others stay as they are. */
  readonly bodies: readonly SealedBody[];
  readonly bytes: number;
}

/** Frees a twin's name, if this one still holds it. */
export interface ReleaseWrite {
  readonly kind: 'release';
  readonly id: string;
  readonly keyHash: string;
  readonly bytes: number;
}

export type Write = CreateWrite | ReplaceWrite | ReleaseWrite;

/** What a store says of one write. */
export type Word =
  | { readonly word: 'kept-held' | 'kept-in-flight'; readonly sequence: number }
  /** The id is there already, or another holds the key. */
  | { readonly word: 'found' | 'key-taken'; readonly row: Row }
  | { readonly word: 'replaced' | 'stale-version' | 'stale-epoch' | 'behind' | 'missing' | 'released' }
  | Unavailable;

/** Of a record beside its bodies, for the bounds of a turn. */
const recordBytes = 2048;
const releaseBytes = 128;
const bytesOf = (bodies: readonly SealedBody[]): number =>
  bodies.reduce((sum, [, sealed]) => sum + sealed.byteLength, recordBytes);

const writeIds = new WeakMap<object, string>();
const processId = randomBytes(9).toString('base64url');
let lastWrite = 0;

/** Names a write by the object that asks for it, unlike any other of this process or another. */
export function writeIdOf(asked: object): string {
  const known = writeIds.get(asked);
  if (known !== undefined) return known;
  lastWrite += 1;
  const fresh = `${processId}.${lastWrite}`;
  writeIds.set(asked, fresh);
  return fresh;
}

export class Writer {
  readonly #cipher: Cipher;
  readonly #changes: Changes;
  readonly #turn: Turn<Write, Word>;

  constructor(
    commit: (writes: readonly Write[]) => readonly Word[] | Promise<readonly Word[]>,
    cipher: Cipher,
    changes: Changes,
  ) {
    this.#cipher = cipher;
    this.#changes = changes;
    this.#turn = new Turn(commit);
  }

  async create(creation: Creation): Promise<Created> {
    const { transaction, inFlight } = creation;
    const bodies = sealedBodies(transaction, { request: creation.request }, this.#cipher);
    const said = await this.#turn.add({
      kind: 'create',
      id: transaction.id,
      keyHash: keyHashOf(transaction),
      isTwin: transaction.idempotencyKey === null,
      head: withSealedQuery(headOf(transaction), transaction.path, this.#cipher),
      held: formOf(transaction),
      inFlight: inFlight === undefined ? null : { form: formOf(inFlight.transaction), mark: inFlight.mark },
      bodies,
      bytes: bytesOf(bodies),
    });
    return this.#created(creation, said);
  }

  #created(creation: Creation, said: Word): Created {
    switch (said.word) {
      case 'kept-held':
        return this.#kept(creation.transaction, said.sequence);
      case 'kept-in-flight':
        return this.#kept(creation.inFlight?.transaction ?? creation.transaction, said.sequence);
      case 'found':
      case 'key-taken':
        try {
          return {
            word: said.word === 'found' ? 'created' : 'key-taken',
            transaction: transactionOf(withOpenQuery(said.row, this.#cipher)),
          };
        } catch (cause) {
          return unavailable(cause);
        }
      case 'unavailable':
        return said;
      default:
        return unavailable(new Error(`the store said ${said.word} to a create`));
    }
  }

  #kept(given: Transaction, sequence: number): Created {
    const transaction = { ...given, version: 1, sequence };
    this.#tell(transaction);
    return { word: 'created', transaction };
  }

  async replace(replacement: Replacement): Promise<Replaced> {
    const { transaction } = replacement;
    const { id, version } = transaction;
    const bodies = sealedBodies(transaction, replacement.bodies ?? {}, this.#cipher);
    const said = await this.#turn.add({
      kind: 'replace',
      id,
      keyHash: keyHashOf(transaction),
      expected: version,
      writeId: writeIdOf(replacement),
      form: formOf(transaction),
      mark: replacement.mark ?? null,
      epoch: replacement.epoch ?? null,
      bodies,
      bytes: bytesOf(bodies),
    });
    switch (said.word) {
      case 'replaced': {
        const replaced = { ...transaction, version: version + 1 };
        this.#tell(replaced);
        return { word: 'replaced', transaction: replaced };
      }
      case 'stale-version':
      case 'stale-epoch':
      case 'behind':
      case 'missing':
        return { word: said.word };
      case 'unavailable':
        return said;
      default:
        return unavailable(new Error(`the store said ${said.word} to a replacement`));
    }
  }

  async release(transaction: Transaction): Promise<'released' | Unavailable> {
    const { id, idempotencyKey } = transaction;
    const keyHash = idempotencyKey === null ? keyHashOf(transaction) : null;
    if (keyHash === null) return 'released';
    const said = await this.#turn.add({ kind: 'release', id, keyHash, bytes: releaseBytes });
    return said.word === 'unavailable' ? said : 'released';
  }

  #tell(transaction: Transaction): void {
    const { id, version, state, owner } = transaction;
    this.#changes.tell({ id, version, status: state.status, owner, isForeign: false });
  }

  /** Takes no more writes; resolves when those begun have their word. */
  close(): Promise<void> {
    return this.#turn.close();
  }
}
