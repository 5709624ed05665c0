/**
 * This replica's lease: for as long as it holds, no other one takes up its transactions (R32). It ends a fifth of its time
 * before the store forgets it, counted from when its last renewal was sent, so that a replica that was frozen or cut off
 * knows that it is over before anybody adopts.
 * Invariant: a renewal that is not confirmed extends nothing.
 */
import type { Logger } from 'pino';
import type { Instant } from '../domain/transaction.ts';
import type { Journal } from '../journal/journal.ts';
import { now } from './clock.ts';

export interface LeaseOptions {
  readonly replica: string;
  readonly journal: Pick<Journal, 'renewLease' | 'endLease' | 'leases'>;
  readonly log: Logger;
  readonly ttlMs: number;
}

const heldShare = 0.8;
const renewalsPerTtl = 3;
const markShare = 0.25;

export class Lease {
  readonly #options: LeaseOptions;
  #heldUntil: Instant = 0;
  #timer: NodeJS.Timeout | null = null;
  #isRenewing = false;
  #isClosed = false;
  readonly #renewed = new Set<(wasLost: boolean) => void>();

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  /** A send begins so long after its mark at most, else it is marked again (R32). */
  get markMaxMs(): number {
    return this.#options.ttlMs * markShare;
  }

  /** Whether nobody else can have taken up what is this replica's. */
  get holds(): boolean {
    return now() < this.#heldUntil;
  }

  /** Rejects if the journal does not take it. */
  async start(): Promise<void> {
    const renewed = await this.#renew();
    if (renewed !== null) throw new Error('the journal does not take the lease', { cause: renewed });
    this.#timer = setInterval(() => void this.#tick(), this.#options.ttlMs / renewalsPerTtl);
  }

  /** Called after each renewal; `wasLost`: it had run out before. */
  onRenewed(listener: (wasLost: boolean) => void): void {
    this.#renewed.add(listener);
  }

  /** Resolves when it holds, or at `deadlineAt`, with whether it does. */
  untilHeld(deadlineAt: Instant): Promise<boolean> {
    if (this.holds) return Promise.resolve(true);
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.#renewed.delete(finish);
        resolve(this.holds);
      };
      const timer = setTimeout(finish, Math.max(0, deadlineAt - now()));
      this.#renewed.add(finish);
    });
  }

  /** Other replicas whose lease holds by the store's clock. Rejects with JournalUnavailable. */
  async others(): Promise<string[]> {
    const leases = await this.#options.journal.leases();
    return leases
      .filter(({ replica, isLive }) => isLive && replica !== this.#options.replica)
      .map((each) => each.replica);
  }

  /** Nothing is this replica's any more, and the others are told, so that they go on at once. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#isClosed = true;
    this.#heldUntil = 0;
    await this.#options.journal.endLease(this.#options.replica);
  }

  async #tick(): Promise<void> {
    if (this.#isRenewing) return;
    this.#isRenewing = true;
    const wasLost = !this.holds;
    const cause = await this.#renew();
    this.#isRenewing = false;
    if (cause !== null) this.#options.log.error({ err: cause }, 'the lease could not be renewed');
    else for (const renewed of [...this.#renewed]) renewed(wasLost);
  }

  /** Null, or why not. */
  async #renew(): Promise<unknown> {
    const { journal, replica, ttlMs } = this.#options;
    const sentAt = now();
    const renewed = await journal.renewLease(replica, ttlMs);
    if (renewed !== 'renewed') return renewed.cause;
    if (!this.#isClosed) this.#heldUntil = sentAt + ttlMs * heldShare;
    return null;
  }
}
