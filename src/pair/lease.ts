/**
 * This replica's lease: for as long as it holds, no other one takes up its transactions (R32). It ends a fifth of its time
 * before the store forgets it, counted from when its last renewal was sent, so that a replica that was frozen or cut off
 * knows that it is over before anybody adopts.
 * Invariant: a renewal that is not confirmed extends nothing.
 * It also knows whether this replica could renew without a break: only then does the silence of another one mean that it is dead.
 */
import type { Logger } from 'pino';
import type { Instant } from '../domain/transaction.ts';
import type { Journal, Lease as StoredLease, Unavailable } from '../journal/journal.ts';
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
/** Who lives has renewed within this part of a lease. */
const coverShare = 0.5;
const coverPollShare = 0.05;
/** After a renewal that failed, so that one lost answer of the journal does not cost the lease. */
const renewAgainMs = 200;
/** A longer pause between two renewals is a break: another replica's lease may have ended in it although that one lives. */
const breakShare = 0.5;

export class Lease {
  readonly #options: LeaseOptions;
  #heldUntil: Instant = 0;
  /** The same by the machine's clock, which goes on while a suspended machine's other one stands still. */
  #heldUntilByWall: Instant = 0;
  #confirmedAt: Instant | null = null;
  /** Renewals had a break until then; null: never since the start. */
  #brokenUntil: Instant | null = null;
  #timer: NodeJS.Timeout | null = null;
  #again: NodeJS.Timeout | null = null;
  #isRenewing = false;
  #isClosed = false;
  #hasPeers = false;
  readonly #renewed = new Set<(wasLost: boolean) => void>();
  /** Who waits until it holds. */
  readonly #awaited = new Set<() => void>();

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  /** A send begins so long after its mark at most, else it is marked again (R32). */
  get markMaxMs(): number {
    return this.#options.ttlMs * markShare;
  }

  /** Whether nobody else can have taken up what is this replica's. */
  get holds(): boolean {
    return now() < this.#heldUntil && Date.now() < this.#heldUntilByWall;
  }

  /** How long it holds without another renewal; 0: it is over. */
  get remainingMs(): number {
    return Math.max(0, Math.min(this.#heldUntil - now(), this.#heldUntilByWall - Date.now()));
  }

  /**
   * Whether its renewals came through without a break for the time of a lease, in which others that live could renew theirs
   * too. After a time in which the journal was away, or this process asleep, nobody is to be taken for dead.
   */
  get isSteady(): boolean {
    return this.#brokenUntil === null || now() >= this.#brokenUntil + this.#options.ttlMs;
  }

  /** Rejects if the journal does not take it. */
  async start(): Promise<void> {
    const renewed = await this.#renew();
    if (renewed.word !== 'renewed') throw new Error('the journal does not take the lease', { cause: renewed.cause });
    this.#timer = setInterval(() => void this.#tick(), this.#options.ttlMs / renewalsPerTtl);
  }

  /** Called after each renewal; `wasLost`: it had run out before. */
  onRenewed(listener: (wasLost: boolean) => void): void {
    this.#renewed.add(listener);
  }

  /** Resolves when it holds, at `deadlineAt`, or when this replica ends, with whether it does. */
  untilHeld(deadlineAt: Instant): Promise<boolean> {
    if (this.holds) return Promise.resolve(true);
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.#awaited.delete(finish);
        resolve(this.holds);
      };
      const timer = setTimeout(finish, Math.max(0, deadlineAt - now()));
      this.#awaited.add(finish);
    });
  }

  /** Other replicas whose lease holds by the store's clock. Rejects with JournalUnavailable. */
  async others(): Promise<string[]> {
    return (await this.#ofOthers()).filter(({ isLive }) => isLive).map(({ replica }) => replica);
  }

  /** Other replicas whose lease is over, as far as the store remembers them: for a day. Rejects with JournalUnavailable. */
  async ended(): Promise<string[]> {
    return (await this.#ofOthers()).filter(({ isLive }) => !isLive).map(({ replica }) => replica);
  }

  async #ofOthers(): Promise<StoredLease[]> {
    const leases = await this.#options.journal.leases();
    const others = leases.filter(({ replica }) => replica !== this.#options.replica);
    this.#hasPeers = others.some(({ isLive }) => isLive);
    return others;
  }

  /** Whether another replica lived when that was read last, as after each renewal. */
  get hasPeers(): boolean {
    return this.#hasPeers;
  }

  /**
   * Whether the lease of another replica has held since before this one's began, and was renewed since, so that somebody
   * watched the pair all the time (R5). All replicas have leases of one length. One that began later does not count: of
   * several that start or wake at once, the first one is not covered.
   * Rejects with JournalUnavailable.
   */
  async isCovered(): Promise<boolean> {
    const { journal, replica, ttlMs } = this.#options;
    const deadlineAt = now() + ttlMs * coverShare;
    const endedFirst = new Map<string, Instant>();
    for (;;) {
      const leases = (await journal.leases()).filter(({ isLive }) => isLive);
      const own = leases.find((each) => each.replica === replica)?.since ?? Number.POSITIVE_INFINITY;
      const older = leases.filter(({ since }) => since < own);
      // One that is not renewed any more is that of a dead one that has not run out yet.
      const isRenewed = ({ replica: other, expiresAt }: StoredLease): boolean =>
        expiresAt - ttlMs >= own || expiresAt > (endedFirst.get(other) ?? Number.POSITIVE_INFINITY);
      if (older.some(isRenewed)) return true;
      for (const each of older) if (!endedFirst.has(each.replica)) endedFirst.set(each.replica, each.expiresAt);
      if (older.length === 0 || now() >= deadlineAt) return false;
      await new Promise((resolve) => setTimeout(resolve, ttlMs * coverPollShare));
    }
  }

  /** Nothing is this replica's any more, and the others are told, so that they go on at once. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    if (this.#again !== null) clearTimeout(this.#again);
    this.#isClosed = true;
    this.#heldUntil = 0;
    for (const letGo of [...this.#awaited]) letGo();
    await this.#options.journal.endLease(this.#options.replica);
  }

  async #tick(): Promise<void> {
    if (this.#isRenewing) return;
    this.#isRenewing = true;
    const renewed = await this.#renew();
    this.#isRenewing = false;
    if (renewed.word === 'renewed') return this.#tell(renewed.wasLost);
    this.#options.log.error({ err: renewed.cause }, 'the lease could not be renewed');
    if (!this.#isClosed) this.#again = setTimeout(() => void this.#tick(), renewAgainMs);
  }

  #tell(wasLost: boolean): void {
    for (const letGo of [...this.#awaited]) letGo();
    for (const listener of [...this.#renewed]) listener(wasLost);
  }

  /** `wasLost`: it had run out before this was confirmed. */
  async #renew(): Promise<{ readonly word: 'renewed'; readonly wasLost: boolean } | Unavailable> {
    const { journal, replica, ttlMs } = this.#options;
    const [sentAt, sentAtByWall] = [now(), Date.now()];
    const renewed = await journal.renewLease(replica, ttlMs);
    if (renewed !== 'renewed') return renewed;
    const wasLost = !this.holds;
    const confirmedAt = now();
    if (this.#confirmedAt !== null && confirmedAt > this.#confirmedAt + ttlMs * breakShare)
      this.#brokenUntil = confirmedAt;
    this.#confirmedAt = confirmedAt;
    if (!this.#isClosed) {
      this.#heldUntil = sentAt + ttlMs * heldShare;
      this.#heldUntilByWall = sentAtByWall + ttlMs * heldShare;
    }
    return { word: 'renewed', wasLost };
  }
}
