/**
 * The server that the replicas' journal is on: it can be frozen or killed (what it confirmed is there afterwards), and it
 * tells the replicas of each other's writes, as a rule. All that is written passes here, and is checked (R1).
 */
import type { DatabaseSync } from 'node:sqlite';
import { isWaiting, legalMoves, occupiesLane, type Transaction } from '../../src/domain/transaction.ts';
import type { Journal, Replacement } from '../../src/journal/journal.ts';
import type { Random } from '../chaos/random.ts';
import type { Clock, Owner } from './clock.ts';
import { JournalLink } from './journal-link.ts';
import { type Epoch, JournalLoss } from './journal-loss.ts';
import { leaseMs } from './times.ts';

export interface JournalServerOptions {
  readonly store: Journal;
  /** On which the store stands. */
  readonly database: DatabaseSync;
  readonly clock: Clock;
  readonly random: Random;
  readonly tell: (what: string, ...details: unknown[]) => void;
  readonly complain: (rule: string, says: string, transaction?: string | null) => void;
  /** A record as it was before, as it is now, and who wrote it. */
  readonly moved: (before: Transaction, after: Transaction, by: Owner) => void;
}

const usualMs = [0.1, 1] as const;
const slowShare = 0.02;
const slowMaxMs = 60;
const untoldShare = 0.1;

export class JournalServer {
  readonly store: Journal;
  readonly clock: Clock;
  readonly random: Random;
  readonly links = new Set<JournalLink>();
  /** Each record as it was written last. */
  readonly records = new Map<string, Transaction>();
  /** Since when each epoch is the journal's. */
  readonly epochs: Epoch[] = [];
  /** The life in which somebody noted that the journal is whole. */
  trusted: number | null = 1;
  readonly loss: JournalLoss;
  lostAt = Number.NEGATIVE_INFINITY;
  /** The epoch in which it lost something: trust in that one ends (R34). */
  lostIn = 0;
  isTroubled = false;
  /** How many calls something happens to while there is trouble. */
  mishapShare = 0.01;
  /** Times that it was started. */
  lives = 1;
  readonly #options: JournalServerOptions;
  #state: 'up' | 'down' | 'frozen' = 'up';
  #due: (() => void)[] = [];

  constructor(options: JournalServerOptions) {
    this.#options = options;
    this.store = options.store;
    this.clock = options.clock;
    this.random = options.random;
    this.loss = new JournalLoss(options.database, this);
  }

  /** As it stands, or stood before it was lost and while replicas may act on it still. */
  known(id: string): Transaction | undefined {
    const [stands, lost] = [this.records.get(id), this.loss.lost.get(id)];
    return (lost?.version ?? 0) > (stands?.version ?? 0) ? lost : stands;
  }

  link(owner: Owner): JournalLink {
    for (const each of this.links) if (each.owner.isDead) this.links.delete(each);
    const link = new JournalLink(this, owner);
    this.links.add(link);
    return link;
  }

  delayMs(): number {
    return this.random.isLucky(slowShare) ? this.random.between(0, slowMaxMs) : this.random.between(...usualMs);
  }

  freeze(): void {
    this.#state = 'frozen';
  }

  /** Its connections break: who waits for an answer gets none, whatever was carried out. */
  kill(): void {
    this.#state = 'down';
    this.lives += 1;
    this.#due = [];
  }

  /** It comes back without its last words, or without any; `loss.keep` said since when. */
  lose(isAll: boolean): void {
    this.lostIn = this.epoch;
    this.loss.forget(isAll);
    this.lostAt = this.clock.now;
    this.#options.tell('journal', isAll ? 'has lost everything' : 'has lost its last words', this.loss.lost.size);
  }

  run(): void {
    this.#state = 'up';
    for (const work of this.#due.splice(0)) work();
  }

  get isUp(): boolean {
    return this.#state === 'up';
  }

  take(work: () => void, refuse: () => void): void {
    if (this.#state === 'down') refuse();
    else if (this.#state === 'frozen') this.#due.push(work);
    else work();
  }

  wrote(transaction: Transaction, by: JournalLink): void {
    const { tell, complain } = this.#options;
    const { id, version, state, owner, attempts, place } = transaction;
    const before = this.records.get(id);
    if (before !== undefined && before.version >= version) {
      if (before.version === version) return;
      complain('a version written twice', `${version} after ${before.version}`, id);
    }
    this.records.set(id, transaction);
    this.loss.found(transaction);
    const last = attempts.at(-1);
    const attempt =
      last === undefined ? '' : `${last.kind} ${last.number} of epoch ${last.epoch} ${last.outcome ?? ''}`;
    const reason = 'reason' in state ? state.reason : '';
    tell('journal', by.owner.name, id, place.lane, `v${version}`, state.status, reason, attempt, owner);
    if (before !== undefined) {
      this.#checkMove(before, transaction);
      this.#options.moved(before, transaction, by.owner);
    }
    for (const link of this.links) {
      const isForeign = link !== by;
      if (isForeign && this.random.isLucky(untoldShare)) continue;
      const change = { id, version, status: state.status, owner, isForeign };
      this.clock.after(isForeign ? this.delayMs() : 0, link.owner, () => link.hear(change));
    }
  }

  get epoch(): number {
    return this.epochs.at(-1)?.epoch ?? 0;
  }

  /** Not one that found itself done. */
  isNew({ id, version }: Transaction): boolean {
    return (this.records.get(id)?.version ?? 0) < version;
  }

  /** Of a write that was made: what it was to be made on condition of (R10, R13). */
  checkConditions({ transaction, mark, epoch }: Replacement): void {
    const { complain } = this.#options;
    const asked = mark?.epoch ?? epoch;
    if (asked !== undefined && asked !== this.epoch)
      complain('written in an epoch that is over', `${asked}, and it is ${this.epoch}`, transaction.id);
    const before = mark === undefined ? null : this.#firstBefore(transaction);
    if (before !== null) complain('marked before an earlier one (R8, R9)', before, transaction.id);
  }

  /** An earlier one in its lane or on an ancestor of its resource, or below what it deletes, that is not answered. */
  #firstBefore({ sequence, place, method }: Transaction): string | null {
    const isAbove = (above: Transaction, below: readonly string[]): boolean => below.includes(above.place.lane);
    for (const each of this.records.values()) {
      if (each.sequence >= sequence) continue;
      const isOfLane = each.place.lane === place.lane && occupiesLane(each.state.status);
      const isRelated =
        isAbove(each, place.ancestors) || (method === 'DELETE' && each.place.ancestors.includes(place.lane));
      if (isOfLane || (isRelated && isWaiting(each.state.status))) return each.id;
    }
    return null;
  }

  #checkMove(before: Transaction, after: Transaction): void {
    const [from, to] = [before.state.status, after.state.status];
    const { attempts, reports, policy } = after;
    const attemptOf = (wanted: number) => attempts.find(({ number }) => number === wanted);
    const last = reports.at(-1);
    const isRelayed = last !== undefined && last.delivery.state !== 'none';
    if (isRelayed && last.from === 'esc' && attemptOf(last.attempt)?.kind === 'clean-up')
      this.#options.complain('the report of a clean-up is relayed (R20)', `${last.eventType}`, after.id);
    const isByReport = from !== to && 'settledAt' in after.state && after.state.reason.startsWith('ESC reported');
    const over = this.epochs.find(({ epoch }) => epoch === (attemptOf(last?.attempt ?? 0)?.epoch ?? 0) + 1);
    const isLongOver = over !== undefined && over.since + leaseMs < this.clock.now;
    if (isByReport && from === 'accepted' && isLongOver && policy.look !== null)
      this.#options.complain('settled by a report of an ended epoch (R28)', `${last?.eventType}`, after.id);
    if (from !== to && !legalMoves[from].includes(to))
      this.#options.complain('an illegal move (R1)', `${from} to ${to}`, after.id);
    if (before.attempts.length > after.attempts.length)
      this.#options.complain('an attempt is gone from the record', `${before.attempts.length}`, after.id);
  }

  /** It was written back (R34). */
  async restored(id: string, by: JournalLink): Promise<void> {
    const record = await this.store.get(id);
    if (record === null) return;
    this.records.set(id, record);
    this.loss.found(record);
    this.#options.tell('journal', by.owner.name, id, `v${record.version}`, 'is written back', record.state.status);
  }

  raised(epoch: number): void {
    if (epoch > this.epoch) this.epochs.push({ epoch, since: this.clock.now });
  }

  bumped<Said extends { word: string; epoch?: number }>(said: Said, by: JournalLink): Said {
    if (said.word === 'bumped' && said.epoch !== undefined) {
      this.epochs.push({ epoch: said.epoch, since: this.clock.now });
      this.#options.tell('journal', by.owner.name, 'begins epoch', said.epoch);
    }
    return said;
  }

  ended(replica: string, by: JournalLink): void {
    this.#options.tell('journal', by.owner.name, 'ends its lease');
    for (const link of this.links) {
      if (link === by || this.random.isLucky(untoldShare)) continue;
      this.clock.after(this.delayMs(), link.owner, () => link.hearOfLease(replica));
    }
  }
}
