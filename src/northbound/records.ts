/**
 * A move of a record: read → pure function → compare-and-set, again on the newer record if somebody was faster.
 * Invariant: what `decide` saw is what the journal replaced; a declined or lost move changes nothing.
 */
import type { Logger } from 'pino';
import { abandoned, isPromisedAsCreated, neverSent } from '../domain/moves.ts';
import { backoffMs } from '../domain/retry.ts';
import type { Transaction } from '../domain/transaction.ts';
import {
  type Bodies,
  type BodyName,
  type Created,
  type Creation,
  type Journal,
  JournalUnavailable,
  type MarkConditions,
  type Replaced,
  type Unavailable,
} from '../journal/journal.ts';
import { UnderWay } from './under-way.ts';

export interface Move {
  readonly transaction: Transaction;
  readonly bodies?: Bodies;
  readonly mark?: MarkConditions;
  /** As in `Replacement`. */
  readonly epoch?: number;
}

export type Changed =
  | { readonly word: 'changed'; readonly transaction: Transaction }
  /** `decide` wanted nothing of the record as it stands now. */
  | { readonly word: 'declined'; readonly transaction: Transaction }
  | { readonly word: 'stale-epoch' | 'behind' | 'missing' | 'unavailable' };

type Met = Extract<Created, { word: 'key-taken' }>;

/** How long a creation may come late to a journal that has answered since, and how often it is forestalled meanwhile. */
const lateMaxMs = 60_000;
const lateTryMs = 500;
const lateCreationsMax = 1000;

/** Nobody moves one record this often at once; past it something is wrong. */
const triesMax = 20;

export class Records {
  readonly journal: Journal;
  readonly #log: Logger;
  #isClosed = false;
  /** Each ends one pause between two tries. */
  readonly #pauses = new Set<() => void>();
  /** Called with a record that was to be undone and has to be carried out after all. */
  onPromised: (transaction: Transaction) => void = () => undefined;
  /** Creations that the journal did not confirm and that are not undone yet. */
  readonly unconfirmed = new UnderWay();
  /** Creations, by id, until the journal has confirmed them, or until they are undone. */
  readonly #creating = new Map<string, Promise<Created>>();
  #lateCreations = 0;
  /** Creations whose clients were told that nothing was sent, and that could not be waited for any longer. */
  readonly #denied = new Set<string>();

  constructor(journal: Journal, log: Logger) {
    this.journal = journal;
    this.#log = log;
  }

  /** Ends the patience of `changeSurely` at once; what is not recorded then is found at the next start. */
  close(): void {
    this.#isClosed = true;
    for (const end of this.#pauses) end();
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#pauses.delete(end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.#pauses.add(end);
    });
  }

  /** One move. `decide` is called on the given record first, and on the current one if that was not it. */
  change(transaction: Transaction, decide: (current: Transaction) => Move | null): Promise<Changed> {
    return this.#change(transaction, decide, false);
  }

  /** The same, again and again while the journal is away: for what has happened and must be told (R35). */
  changeSurely(transaction: Transaction, decide: (current: Transaction) => Move | null): Promise<Changed> {
    return this.#change(transaction, decide, true);
  }

  async #change(
    transaction: Transaction,
    decide: (current: Transaction) => Move | null,
    isPatient: boolean,
  ): Promise<Changed> {
    let current = transaction;
    for (let tries = 0; tries < triesMax; tries += 1) {
      const move = decide(current);
      if (move === null) return { word: 'declined', transaction: current };
      const { replaced, isUnsure } = await this.#replace(move, isPatient);
      if (replaced.word === 'replaced') return { word: 'changed', transaction: replaced.transaction };
      if (replaced.word !== 'stale-version') return { word: replaced.word };
      const read = await this.#reread(current.id, isPatient);
      if (read === 'unavailable') return { word: 'unavailable' };
      if (read === null) return { word: 'missing' };
      if (isUnsure && isCarried(read, current, move.transaction)) return { word: 'changed', transaction: read };
      current = read;
    }
    throw new Error(`defect: transaction ${transaction.id} was moved by others ${triesMax} times in a row`);
  }

  async #reread(id: string, isPatient: boolean): Promise<Transaction | null | 'unavailable'> {
    for (let failures = 1; ; failures += 1) {
      const read = await this.read(id);
      if (read !== 'unavailable' || !isPatient || this.#isClosed) return read;
      await this.#pause(backoffMs(failures, Math.random()));
    }
  }

  /**
   * The same object is handed in again, so that a write whose confirmation was lost finds itself done. `isUnsure`: one was
   * not confirmed before, and may have been made.
   */
  async #replace(move: Move, isPatient: boolean): Promise<{ replaced: Replaced; isUnsure: boolean }> {
    for (let failures = 1; ; failures += 1) {
      const replaced = await this.journal.replace(move);
      if (replaced.word !== 'unavailable') return { replaced, isUnsure: failures > 1 };
      const { id } = move.transaction;
      this.#log.error({ err: replaced.cause, transaction: id }, 'the journal did not confirm a move');
      if (!isPatient || this.#isClosed) return { replaced, isUnsure: true };
      await this.#pause(backoffMs(failures, Math.random()));
    }
  }

  /**
   * The journal's `create`. Of what it does not confirm the client is told that nothing was sent, which is made true for
   * good; so is who meets it meanwhile, by its key or as its twin, since joining it would be waiting for nothing.
   */
  async create(creation: Creation, now: () => number): Promise<Created> {
    const { id } = creation.transaction;
    const creating = this.journal.create(creation);
    this.#creating.set(id, creating);
    const created = await creating;
    if (created.word === 'unavailable') {
      void this.#undo(creation, now).finally(() => this.#creating.delete(id));
      return created;
    }
    this.#creating.delete(id);
    return created.word === 'created' ? created : this.#confirmed(created);
  }

  /** What `create` of it would meet; `free`: nothing. Nothing is written. */
  async meet(transaction: Transaction): Promise<Met | { readonly word: 'free' } | Unavailable> {
    try {
      const holder = await this.journal.holder(transaction);
      return holder === null ? { word: 'free' } : this.#confirmed({ word: 'key-taken', transaction: holder });
    } catch (cause) {
      this.#log.error({ err: cause }, 'who holds a key cannot be read');
      return { word: 'unavailable', cause };
    }
  }

  async #confirmed(met: Met): Promise<Met | Unavailable> {
    const creating = await this.#creating.get(met.transaction.id);
    return creating?.word === 'unavailable' ? creating : met;
  }

  /**
   * Who meets it by its name meanwhile may have sent it again: while that one holds the name nothing can come late, but
   * the name may be free before nothing can. A drain does not wait for that.
   */
  async #undo(creation: Creation, now: () => number): Promise<void> {
    let undone = await this.unconfirmed.track(() => this.#abandon(creation, now));
    if (undone === 'key-taken' && this.#lateCreations >= lateCreationsMax) this.#deny(creation.transaction.id);
    if (undone !== 'key-taken' || this.#lateCreations >= lateCreationsMax) return;
    this.#lateCreations += 1;
    for (const until = now() + lateMaxMs; undone === 'key-taken' && now() < until && !this.#isClosed; ) {
      await this.#pause(lateTryMs);
      undone = await this.#abandon(creation, now);
    }
    this.#lateCreations -= 1;
    if (undone === 'key-taken') this.#deny(creation.transaction.id);
  }

  #deny(id: string): void {
    this.#denied.add(id);
    const [oldest] = this.#denied;
    if (this.#denied.size > lateCreationsMax && oldest !== undefined) this.#denied.delete(oldest);
  }

  /** A creation that is not confirmed or not undone yet; whoever else finds it leaves it alone. */
  isUndoing(id: string): boolean {
    return this.#creating.has(id);
  }

  /** Its client was told that it was not sent; should it have come all the same, `withdraw` makes that true. */
  isDenied(id: string): boolean {
    return this.#denied.has(id);
  }

  /** The creation is repeated until it is confirmed and then abandoned, so that a write that comes late finds it done. */
  async #abandon(creation: Creation, now: () => number): Promise<'undone' | 'key-taken' | 'closed'> {
    for (let failures = 1; !this.#isClosed; failures += 1) {
      const created = await this.journal.create(creation);
      if (created.word === 'key-taken') return 'key-taken';
      if (created.word === 'created') {
        // Another replica may have taken it up meanwhile, and be sending it: then it is that one's.
        await this.withdraw(created.transaction, creation.transaction.owner, now);
        return 'undone';
      }
      await this.#pause(backoffMs(failures, Math.random()));
    }
    return 'closed';
  }

  /** Abandons a creation that `owner` has not sent and still owns, unless somebody who met it was promised a result: then it is carried out. */
  async withdraw(created: Transaction, owner: string, now: () => number): Promise<void> {
    const reason = 'the journal did not confirm it in time, so it was not sent';
    const returned = await this.changeSurely(created, (current) =>
      current.state.status === 'in-flight' && current.owner === owner && current.state.attempt === 1
        ? { transaction: neverSent(current, reason, now()) }
        : null,
    );
    const current = 'transaction' in returned ? returned.transaction : created;
    const ended = await this.changeSurely(current, (held) => {
      const isUnmet = held.promisedAt === null || isPromisedAsCreated(held);
      return held.state.status === 'held' && held.owner === owner && isUnmet
        ? { transaction: abandoned(held, reason, now()) }
        : null;
    });
    if (ended.word === 'declined' && ended.transaction.owner === owner) this.onPromised(ended.transaction);
  }

  /**
   * Its answer was handed over, so an equal request is to be done anew (R26): told until the journal hears it, or this
   * process ends. Never rejects.
   */
  async release(transaction: Transaction): Promise<void> {
    for (let failures = 1; !this.#isClosed; failures += 1) {
      const released = await this.journal.release(transaction);
      if (released === 'released') return;
      const { id } = transaction;
      if (failures === 1) this.#log.warn({ err: released.cause, transaction: id }, 'a twin is not released yet');
      await this.#pause(backoffMs(failures, Math.random()));
    }
  }

  /** Null if it is not there, or the journal does not answer now. */
  async readBody(id: string, which: BodyName): Promise<Uint8Array | null> {
    try {
      return await this.journal.body(id, which);
    } catch (error) {
      this.#log.error({ err: error, transaction: id }, 'a body cannot be read');
      return null;
    }
  }

  /** The same, again and again while the journal is away. Null: it is not there, cannot be opened, or `close` was called. */
  async readBodySurely(id: string, which: BodyName): Promise<Uint8Array | null> {
    for (let failures = 1; ; failures += 1) {
      try {
        return await this.journal.body(id, which);
      } catch (error) {
        if (failures === 1) this.#log.error({ err: error, transaction: id }, 'a body cannot be read; trying again');
        if (this.#isClosed || !(error instanceof JournalUnavailable)) return null;
      }
      await this.#pause(backoffMs(failures, Math.random()));
    }
  }

  async read(id: string): Promise<Transaction | null | 'unavailable'> {
    try {
      return await this.journal.get(id);
    } catch (error) {
      this.#log.error({ err: error, transaction: id }, 'a record cannot be read');
      return 'unavailable';
    }
  }
}

/**
 * Whether a write that was not confirmed was made all the same, and only then overtaken by another one, such as a report's:
 * the record is where only that write can have brought it. Taken for lost, nobody would go on from there.
 */
function isCarried(found: Transaction, before: Transaction, wanted: Transaction): boolean {
  const [at, from, to] = [found, before, wanted].map(({ state, owner, attempts }) => {
    const since = 'since' in state ? state.since : state.settledAt;
    return `${state.status} ${since} ${attempts.at(-1)?.number ?? 0} ${owner}`;
  });
  return at === to && to !== from && found.version > wanted.version + 1;
}
