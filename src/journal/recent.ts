/**
 * What this replica knows that the journal must know too: its own confirmed writes, to be written back if the journal comes
 * back without them (R34). The newest version of each open record of its own, and for a minute those that are done or
 * another's by now, as
 * it was at the last write: while the journal is away nothing is forgotten. Bounded: of bodies the oldest go first, those of done records before those of open ones. On the path of a request it costs
 * an entry in a map.
 */
import { isOpen, type Transaction, type TransactionId } from '../domain/transaction.ts';
import type { Bodies } from './journal.ts';

export interface Known {
  readonly transaction: Transaction;
  /** Those that this replica wrote and that had room. */
  readonly bodies: Bodies;
  readonly isReleased: boolean;
}

export interface RecentOptions {
  /** Whose memory it is. */
  readonly replica: string;
  readonly doneKeptMs?: number;
  readonly bodyBytesMax?: number;
  readonly openMax?: number;
  readonly doneMax?: number;
  /** The bounds of time and number are looked at every so many writes: a map that lost its oldest entries is slow to enter. */
  readonly trimEvery?: number;
  /** Milliseconds; never runs back. */
  readonly clock?: () => number;
}

const defaults = {
  doneKeptMs: 60_000,
  bodyBytesMax: 64 * 1024 * 1024,
  openMax: 100_000,
  doneMax: 100_000,
  trimEvery: 256,
  clock: () => performance.now(),
};

/** So much of what bodies may take is left when some had to go, so that not every write finds it full. */
const roomyShare = 15 / 16;

interface Done {
  readonly transaction: Transaction;
  readonly at: number;
}

export class Recent {
  readonly #options: Required<RecentOptions>;
  readonly #open = new Map<TransactionId, Transaction>();
  /** In the order of their last writes. */
  readonly #done = new Map<TransactionId, Done>();
  readonly #bodies = new Map<TransactionId, { readonly bodies: Bodies; readonly bytes: number }>();
  readonly #released = new Set<TransactionId>();
  #bodyBytes = 0;
  #writes = 0;

  constructor(options: RecentOptions) {
    this.#options = { ...defaults, ...options };
  }

  get bodyBytes(): number {
    return this.#bodyBytes;
  }

  /** The journal confirmed it in this version, with these bodies beside what it had. */
  wrote(transaction: Transaction, bodies: Bodies = {}): void {
    const { id, version } = transaction;
    if ((this.#find(id)?.version ?? 0) > version) return;
    this.#keepBodies(id, bodies);
    if (isOpen(transaction) && transaction.owner === this.#options.replica) {
      this.#done.delete(id);
      this.#open.set(id, transaction);
    } else {
      this.#pass(transaction);
    }
    this.#writes += 1;
    const { trimEvery, bodyBytesMax } = this.#options;
    if (this.#bodyBytes > bodyBytesMax) this.#trim(bodyBytesMax * roomyShare);
    else if (this.#writes % trimEvery === 0) this.#trim(bodyBytesMax);
  }

  released(id: TransactionId): void {
    if (this.#find(id) !== undefined) this.#released.add(id);
  }

  /** Another has written a later version: it is that one's to know, and that one may not know all the bodies yet. */
  isOver({ id, version }: { readonly id: TransactionId; readonly version: number }): void {
    const open = this.#open.get(id);
    if (open !== undefined && open.version < version) this.#pass(open);
  }

  /** From now on it is remembered for a while only. */
  #pass(transaction: Transaction): void {
    const { id } = transaction;
    this.#open.delete(id);
    this.#done.delete(id);
    this.#done.set(id, { transaction, at: this.#options.clock() });
  }

  /** Somebody else wrote over this version: it is that one's to know, but for the bytes that only this one wrote. */
  overtaken(id: TransactionId, version: number): void {
    const known = this.#open.get(id);
    if (known?.version === version) this.#pass(known);
  }

  /** All of it now; open ones first. */
  all(): Known[] {
    const done = [...this.#done.values()].map(({ transaction }) => transaction);
    return [...this.#open.values(), ...done].map((transaction) => ({
      transaction,
      bodies: this.#bodies.get(transaction.id)?.bodies ?? {},
      isReleased: this.#released.has(transaction.id),
    }));
  }

  #find(id: TransactionId): Transaction | undefined {
    return this.#open.get(id) ?? this.#done.get(id)?.transaction;
  }

  #keepBodies(id: TransactionId, bodies: Bodies): void {
    let isGiven = false;
    for (const _ in bodies) isGiven = true;
    if (!isGiven) return;
    const before = this.#bodies.get(id);
    const all = before === undefined ? bodies : { ...before.bodies, ...bodies };
    const bytes = Object.values(all).reduce((sum, body) => sum + (body?.byteLength ?? 0), 0);
    this.#bodies.set(id, { bodies: all, bytes });
    this.#bodyBytes += bytes - (before?.bytes ?? 0);
  }

  #dropBodies(id: TransactionId): void {
    this.#bodyBytes -= this.#bodies.get(id)?.bytes ?? 0;
    this.#bodies.delete(id);
  }

  #forget(id: TransactionId): void {
    this.#open.delete(id);
    this.#done.delete(id);
    this.#released.delete(id);
    this.#dropBodies(id);
  }

  #trim(bodyBytesMax: number): void {
    const { doneKeptMs, doneMax, openMax, clock } = this.#options;
    const before = clock() - doneKeptMs;
    for (const [id, { at }] of this.#done) {
      if (at >= before && this.#done.size <= doneMax && this.#bodyBytes <= bodyBytesMax) break;
      this.#forget(id);
    }
    for (const id of this.#bodies.keys()) {
      if (this.#bodyBytes <= bodyBytesMax) break;
      this.#dropBodies(id);
    }
    for (const id of this.#open.keys()) {
      if (this.#open.size <= openMax) break;
      this.#forget(id);
    }
  }
}
