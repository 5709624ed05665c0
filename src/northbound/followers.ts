/**
 * What another replica records of what this one looks after (R32). Clients that wait here are told, of whoever's transaction
 * it is; and what is this one's own, of which another took a report of ESC, is taken up here at once.
 * The record is read when that replica says that it changed it, and again and again besides, since what it says may be lost.
 * Invariant: nobody is told what the journal does not say.
 */
import { isSettled, type Transaction } from '../domain/transaction.ts';
import { recordedAnswer } from './recorded-answer.ts';
import type { Records } from './records.ts';
import type { Told, Waiters } from './waiters.ts';

export interface FollowersOptions {
  readonly replica: string;
  readonly records: Records;
  readonly waiters: Waiters;
  /** Another replica wrote it, and it is this one's. */
  readonly onOwnChanged: (transaction: Transaction) => void;
  readonly pollEveryMs?: number;
}

const pollEveryMs = 1_000;
const readsAtOnceMax = 64;
/** Of this replica's own, so many are read each second, in turns. */
const ownPerPollMax = 200;

export class Followers {
  readonly #options: FollowersOptions;
  readonly #followed = new Set<string>();
  #timer: NodeJS.Timeout | null = null;
  #unsubscribe: () => void = () => undefined;
  #isPolling = false;
  #next = 0;

  constructor(options: FollowersOptions) {
    this.#options = options;
  }

  start(): void {
    const { records, waiters } = this.#options;
    this.#timer = setInterval(() => void this.#poll(), this.#options.pollEveryMs ?? pollEveryMs);
    this.#unsubscribe = records.journal.subscribe(({ id, owner, isForeign }) => {
      if (isForeign && owner === this.#options.replica) void this.#takeUp(id);
      if (isForeign && waiters.countOf(id) > 0) void this.#check(id);
    });
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#unsubscribe();
  }

  async #takeUp(id: string): Promise<void> {
    const { records, replica, onOwnChanged } = this.#options;
    const transaction = await records.read(id);
    if (transaction !== null && transaction !== 'unavailable' && transaction.owner === replica)
      onOwnChanged(transaction);
  }

  /** A client waits for it here; what is this replica's own is told by whoever records it. */
  follow({ id, owner }: Transaction): void {
    if (owner !== this.#options.replica) this.#followed.add(id);
  }

  /** Any of what is waited for here may be another's by now: the lease had run out. */
  followAll(): void {
    for (const id of this.#options.waiters.ids()) this.#followed.add(id);
  }

  async #poll(): Promise<void> {
    if (this.#isPolling) return;
    this.#isPolling = true;
    const ids = [...this.#followed, ...this.#ownInTurn()];
    for (let from = 0; from < ids.length; from += readsAtOnceMax) {
      await Promise.all(ids.slice(from, from + readsAtOnceMax).map((id) => this.#check(id)));
    }
    this.#isPolling = false;
  }

  #ownInTurn(): string[] {
    const ids = this.#options.waiters.ids();
    const from = this.#next < ids.length ? this.#next : 0;
    this.#next = from + ownPerPollMax;
    return ids.slice(from, this.#next).filter((id) => !this.#followed.has(id));
  }

  async #check(id: string): Promise<void> {
    const { records, waiters } = this.#options;
    if (waiters.countOf(id) === 0) return void this.#followed.delete(id);
    const transaction = await records.read(id);
    if (transaction === null || transaction === 'unavailable') return;
    if (transaction.owner === this.#options.replica) this.#followed.delete(id);
    const told = await toldOf(records, transaction);
    if (told !== null) waiters.tell(id, told);
  }
}

/** What there is to tell of it now; null: it is to be waited for. */
export async function toldOf(records: Records, transaction: Transaction): Promise<Told | null> {
  const answer = await recordedAnswer(records, transaction);
  if (answer !== null) return { kind: 'answer', transaction, answer };
  if (transaction.state.status === 'abandoned') return { kind: 'abandoned', transaction };
  // Settled without an answer, by an operator: its end is told where its status is. One that cannot be read now is waited for.
  const isOver = isSettled(transaction.state.status) && transaction.answer === null;
  return isOver ? { kind: 'promise', transaction } : null;
}
