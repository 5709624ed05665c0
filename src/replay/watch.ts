/**
 * Follows what ESC accepted until it settles (R3, R14, R31): reports settle it by themselves; here it is looked at when
 * they are silent, doubted when its epoch ends, and read as broken when it does not move after a switchover.
 * Invariant: an accepted transaction of this replica is always in the timetable.
 */
import { hash } from 'node:crypto';
import PQueue from 'p-queue';
import type { Logger } from 'pino';
import * as moves from '../domain/moves.ts';
import type { Policy, Transaction } from '../domain/transaction.ts';
import { type RequestMessage, unpackRequest } from '../journal/message.ts';
import type { Lanes } from '../northbound/lanes.ts';
import { actionOfSurely, withMadeUpReport } from '../northbound/made-up.ts';
import type { Records } from '../northbound/records.ts';
import { Timetable } from '../northbound/timetable.ts';
import { now } from '../pair/clock.ts';
import type { Coordinator } from '../pair/coordinator.ts';
import { type NextOfAccepted, nextOfAccepted } from './accepted.ts';
import { laneOf, otherUpdatesOf } from './lane-history.ts';
import { isAsAsked, type Look, type LookOptions, look } from './look.ts';
import { nextInLane } from './reconcile.ts';
import { stuckAfterOf } from './stuck.ts';

export interface WatchOptions extends LookOptions {
  readonly replica: string;
  readonly log: Logger;
  readonly records: Records;
  readonly coordinator: Coordinator;
  /** Where what is doubted goes. */
  readonly lanes: () => Lanes;
  /** `completion.askAfter`. */
  readonly askAfterMs: number;
  /** `replay.stuckAfter`; null: by R14. */
  readonly stuckAfterMs: number | null;
  readonly onSettled: (transaction: Transaction) => void;
}

type Accepted = Transaction & { readonly state: Extract<Transaction['state'], { status: 'accepted' }> };

const looksAtOnceMax = 4;
/** While the gate is shut, or the journal away. */
const laterMs = 500;
const stuckLooks = 4;
const stuckLookMaxMs = 5_000;

export class Watch {
  readonly #options: WatchOptions;
  readonly #timetable: Timetable;
  readonly #looking = new PQueue({ concurrency: looksAtOnceMax });
  /** Digest of what ESC showed last, to see whether anything moved. */
  readonly #shown = new Map<string, string>();

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#timetable = new Timetable((id) => this.#turnSafely(id), now);
    options.coordinator.listen({ epochEnded: () => this.#lookAtAll(), opened: () => this.#lookAtAll() });
  }

  /** What is accepted is followed from now on, what is settled is told on. `isUrgent`: looked at at once (R31: at a start). */
  begin(transaction: Transaction, isUrgent = false): void {
    if ('settledAt' in transaction.state) this.#options.onSettled(transaction);
    if (!isAccepted(transaction) || transaction.owner !== this.#options.replica) return;
    this.#timetable.set(transaction.id, isUrgent ? now() : this.#dueAt(transaction));
  }

  /** A report asks for a look (R28). */
  lookSoon(transaction: Transaction): void {
    if (this.#timetable.has(transaction.id)) this.#timetable.set(transaction.id, now());
  }

  has(id: string): boolean {
    return this.#timetable.has(id);
  }

  async close(): Promise<void> {
    await this.#timetable.close();
  }

  get size(): number {
    return this.#timetable.size;
  }

  /** When an epoch ends, so that what was accepted in it is doubted before the gate opens again; and when it opens. */
  #lookAtAll(): void {
    for (const id of this.#timetable.ids()) this.#timetable.set(id, now());
  }

  #dueAt({ state, policy }: Accepted): number {
    const { askAfterMs } = this.#options;
    if (state.isWatched) return now() + this.#stuckLookMs(policy);
    if (policy.look === null) return state.since + policy.completeWithinMs;
    return Math.max(state.signAt, now() - askAfterMs) + askAfterMs;
  }

  #stuckLookMs = (policy: Policy): number =>
    Math.min(stuckLookMaxMs, stuckAfterOf(policy, this.#options.stuckAfterMs) / stuckLooks);

  /** Whatever goes wrong, it is followed on. */
  async #turnSafely(id: string): Promise<number | null> {
    try {
      return await this.#turn(id);
    } catch (error) {
      this.#options.log.error(
        { err: error, transaction: id },
        'what ESC accepted could not be looked at; it is tried again',
      );
      return now() + this.#options.askAfterMs;
    }
  }

  /** @returns when it is due again; null: not followed any more. */
  async #turn(id: string): Promise<number | null> {
    const { records, coordinator, replica } = this.#options;
    const transaction = await records.read(id);
    if (transaction === 'unavailable') return now() + laterMs;
    if (transaction === null || !isAccepted(transaction) || transaction.owner !== replica) return this.#forget(id);
    if (transaction.state.epoch < coordinator.epoch) return this.#doubt(transaction, 'its epoch ended unfinished');
    if (!coordinator.isOpen) return now() + laterMs;
    const dueAt = this.#dueAt(transaction);
    if (transaction.policy.look !== null) return await this.#looking.add(() => this.#look(transaction));
    return dueAt > now() ? dueAt : this.#settle(transaction, (current) => moves.notObserved(current, now()), null);
  }

  async #look(transaction: Accepted): Promise<number | null> {
    const { records, coordinator } = this.#options;
    // While it waited for its turn, its epoch may have ended.
    if (transaction.state.epoch < coordinator.epoch || !coordinator.isOpen) return now();
    const packed = await records.readBody(transaction.id, 'request');
    if (packed === null) return now() + laterMs;
    const message = unpackRequest(packed);
    const { epoch } = coordinator;
    const seen = await look(this.#options, transaction, message, epoch);
    if (seen.found === 'away' || coordinator.epoch !== epoch) return now() + laterMs;
    const isDone = isDoneBy(transaction, message, seen);
    const isMoving = seen.found === 'under-way' || seen.found === 'unreadable';
    const lane = isMoving && transaction.policy.kind !== 'delete' ? [] : await laneOf(records.journal, transaction);
    const isStuck = isDone ? false : await this.#isStuck(transaction, seen);
    const next = nextOfAccepted(transaction, { found: seen.found, isDone, isStuck, age: ageOf(transaction), lane });
    return next.do === 'done'
      ? this.#done(transaction, { message, lane, seen, epoch })
      : this.#carryOut(transaction, next, seen);
  }

  /** Done, if it is its own work. */
  async #done(
    transaction: Accepted,
    { message, lane, seen, epoch }: { message: RequestMessage; lane: Transaction[]; seen: Look; epoch: number },
  ): Promise<number | null> {
    const others = await otherUpdatesOf(this.#options.journal, transaction, { message, lane, seen });
    const done = { do: 'settle', evidence: 'a look found it done' } as const;
    const found = seen.found === 'away' ? null : seen.found;
    const next = nextInLane(transaction, done, found, { lane, others, epoch });
    const reason = 'a look found what another one may have done';
    return this.#carryOut(transaction, next.do === 'settle' ? next : { do: 'doubt', reason }, seen);
  }

  async #carryOut(
    transaction: Accepted,
    next: Exclude<NextOfAccepted, { do: 'done' }>,
    seen: Look,
  ): Promise<number | null> {
    const { coordinator, askAfterMs } = this.#options;
    switch (next.do) {
      case 'wait':
        return now() + (transaction.state.isWatched ? this.#stuckLookMs(transaction.policy) : askAfterMs);
      case 'doubt':
        if (next.isDistrusted) coordinator.distrust(`transaction ${transaction.id} was accepted and is not there`);
        return this.#doubt(transaction, next.reason);
      case 'fail': {
        const { reason } = next;
        const failed = (current: Transaction): Transaction => moves.failedByLook(current, reason, now());
        return this.#settle(transaction, failed, seen, { code: 500, message: reason });
      }
      case 'settle': {
        const { evidence } = next;
        const settle = (current: Transaction): Transaction => moves.settledByLook(current, evidence, now());
        return this.#settle(transaction, settle, seen.found === 'absent' ? null : seen);
      }
    }
  }

  /** Whether what is watched has not moved for as long as R14 gives it; a movement is a sign of life, and is noted. */
  async #isStuck(transaction: Accepted, seen: Look): Promise<boolean> {
    const { records, stuckAfterMs } = this.#options;
    const { id, state, policy } = transaction;
    const shown = hash('sha256', seen.body);
    const hasMoved = this.#shown.has(id) && this.#shown.get(id) !== shown;
    this.#shown.set(id, shown);
    if (hasMoved) await records.change(transaction, (current) => ({ transaction: moves.signSeen(current, now()) }));
    return state.isWatched && !hasMoved && now() - state.signAt > stuckAfterOf(policy, stuckAfterMs);
  }

  async #doubt(transaction: Accepted, reason: string): Promise<number | null> {
    const changed = await this.#options.records.changeSurely(transaction, (current) =>
      current.state.status === 'accepted' && current.owner === transaction.owner
        ? { transaction: moves.doubted(current, reason, now()) }
        : null,
    );
    if (changed.word === 'changed') this.#options.lanes().wait(changed.transaction);
    return this.#forget(transaction.id);
  }

  async #settle(
    transaction: Accepted,
    settle: (current: Transaction) => Transaction,
    seen: Look | null,
    status = { code: 200, message: 'Completed; found by Northgate' },
  ): Promise<number | null> {
    const action = await actionOfSurely(this.#options.records, transaction);
    const { epoch } = transaction.state;
    const changed = await this.#options.records.changeSurely(transaction, (current) =>
      current.state.status === 'accepted' && current.owner === transaction.owner
        ? { ...withMadeUpReport(settle(current), { status, look: seen, action, now: now() }), epoch }
        : null,
    );
    if (changed.word === 'stale-epoch') {
      await this.#options.coordinator.learnEpoch();
      return now();
    }
    if (changed.word === 'changed') this.#options.onSettled(changed.transaction);
    return this.#forget(transaction.id);
  }

  #forget(id: string): null {
    this.#shown.delete(id);
    return null;
  }
}

const isAccepted = (transaction: Transaction): transaction is Accepted => transaction.state.status === 'accepted';

function ageOf({ state, policy }: Accepted): 'within' | 'past' | 'past-twice' {
  const times = (now() - state.since) / policy.completeWithinMs;
  if (times <= 1) return 'within';
  return times <= 2 ? 'past' : 'past-twice';
}

function isDoneBy({ policy }: Transaction, message: RequestMessage, seen: Look): boolean {
  if (policy.kind === 'delete') return seen.found === 'absent';
  if (policy.kind === 'update') return seen.found === 'done' && isAsAsked(message, seen);
  return policy.kind === 'create' && seen.found === 'done';
}
