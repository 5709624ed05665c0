/**
 * The path of one replay, numbered as ARCHITECTURE.md tells it: what may be done, look, mark, send, read, settle.
 * Invariants: what ESC can be asked about is asked before it is sent again (promise 2); what cannot be told and must not
 * be repeated goes to the operator, with a reason (R17); a refusal of a replay is a reason to look, not a failure (R19).
 */
import { waitsFor } from '../domain/lanes.ts';
import * as moves from '../domain/moves.ts';
import { type Answer, isTaken } from '../domain/outcome.ts';
import { backoffMs } from '../domain/retry.ts';
import { isReplayOrdered, type Transaction } from '../domain/transaction.ts';
import { type RequestMessage, unpackRequest } from '../journal/message.ts';
import { recordReading } from '../northbound/record-reading.ts';
import type { Reading, Sender } from '../northbound/sender.ts';
import { now } from '../pair/clock.ts';
import type { UpstreamRequest } from '../upstream/upstream.ts';
import { stuckReason } from './accepted.ts';
import { again, Conclusions, type ConclusionsOptions, left, type Replayed, soonMs } from './conclusions.ts';
import {
  cleanUpEnd,
  cleanUpOf,
  doubtOf,
  type Found,
  isBusyThere,
  isLookedAt,
  isProvenOwn,
  isRefusal,
  mayBeAtWork,
  mayHaveServed,
} from './evidence.ts';
import { historyBefore, laneOf, otherUpdatesOf } from './lane-history.ts';
import { credentialsOf, foundBy, isAsAsked, type Look, type LookOptions, look, mayBeFrom } from './look.ts';
import { noOtherUpdates } from './neighbours.ts';
import { type Permission, permissionFor } from './permission.ts';
import { type Next, nextInLane, nextOf } from './reconcile.ts';
import { stuckAfterOf } from './stuck.ts';

export interface ReplayOptions extends LookOptions, ConclusionsOptions {
  readonly sender: Sender;
  readonly replayAttemptsMax: number;
  /** From the first READY after it was unacknowledged. */
  readonly deadlineMs: number;
  /** `replay.stuckAfter`; null: by R14. */
  readonly stuckAfterMs: number | null;
  /** `replay.cleanUp` is `auto`. */
  readonly mayCleanUp: boolean;
  /** The DELETE that removes what the transaction created, reporting to the gateway under a token of its own (R20). */
  readonly cleanUpRequest: (transaction: Transaction, credentials: readonly string[]) => UpstreamRequest;
}

/** It is to be sent, and what a look before it found. */
interface Sending {
  readonly kind: 'send';
  readonly found: Found;
}

/** Between two looks at something that is moving. */
const lookAgainMs = 500;

export class Replay {
  readonly #options: ReplayOptions;
  readonly #conclusions: Conclusions;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#conclusions = new Conclusions(options);
  }

  /** One step for one unacknowledged transaction, or one whose replay an operator ordered; `readyAt` is the first READY that it saw. */
  async run(transaction: Transaction, readyAt: number): Promise<Replayed> {
    const { records, coordinator } = this.#options;
    const packed = await records.journal.body(transaction.id, 'request');
    if (packed === null)
      return this.#conclusions.leaveToOperator(transaction, 'its request is not in the journal any more');
    const message = unpackRequest(packed);
    const { epoch } = coordinator;

    // 1. Look before anything else, where something can be looked at (promise 2).
    const looked = await this.#reconcile(transaction, message, { epoch, readyAt });
    if (looked.kind !== 'send') return looked;

    // 2. What may be done with it (R3, R17, R18).
    const permission = this.#permission(transaction, readyAt);
    if (permission.do === 'not-observed')
      return this.#conclusions.settleAs(transaction, { epoch, settle: (current) => moves.notObserved(current, now()) });
    if (permission.do === 'operator') return this.#conclusions.leaveToOperator(transaction, permission.reason);

    // 3. Mark (R10).
    const marked = await this.#mark(transaction, epoch, 'send');
    if ('kind' in marked) return marked;

    // 4. Send.
    coordinator.switchovers.count('replayed');
    const reading = await this.#options.sender.send(marked, message);

    // 5. Read the answer and settle.
    return this.#settle(marked, message, { reading, readyAt, found: looked.found });
  }

  /** In flight from here on; or what to do instead. */
  async #mark(transaction: Transaction, epoch: number, kind: 'send' | 'clean-up'): Promise<Transaction | Replayed> {
    const { coordinator } = this.#options;
    const { activeNode: node } = coordinator;
    const marked = await this.#conclusions.change(transaction, (current) => {
      if (!moves.isToBeSent(current)) return null;
      const mark = { epoch, waitsFor: waitsFor(current.place, current.method) };
      return { transaction: moves.marked(current, { epoch, node, now: now(), hasWaited: true, kind }), mark };
    });
    if (marked.word === 'changed') return marked.transaction;
    if (marked.word === 'stale-epoch') await coordinator.learnEpoch();
    if (marked.word === 'behind') return { kind: 'again', delayMs: soonMs, isInTurn: true };
    return marked.word === 'declined' || marked.word === 'missing' ? left : again(soonMs);
  }

  #permission(transaction: Transaction, readyAt: number): Permission {
    const { replayAttemptsMax: attemptsMax, deadlineMs } = this.#options;
    return permissionFor(transaction, { at: now(), readyAt, deadlineMs, attemptsMax });
  }

  /** What the new active node has of it (R13 to R16, R19): to be sent if it is missing there, or nothing can tell. */
  async #reconcile(
    transaction: Transaction,
    message: RequestMessage,
    { epoch, readyAt }: { epoch: number; readyAt: number },
  ): Promise<Replayed | Sending> {
    const { policy, state } = transaction;
    const { journal, stuckAfterMs } = this.#options;
    if (!isLookedAt(transaction)) {
      // What follows from the lane is no look: it does not stand against an operator's order (R2).
      if (isReplayOrdered(transaction)) return { kind: 'send', found: null };
      const lane = await laneOf(journal, transaction);
      const next = nextInLane(transaction, { do: 'send' }, null, { lane, epoch, others: noOtherUpdates });
      const carried = await this.#carryOut(transaction, message, { next, seen: null, epoch, readyAt });
      return carried === 'send' ? { kind: 'send', found: null } : carried;
    }
    const seen = await look(this.#options, transaction, message, epoch);
    if (seen.found === 'away') return again(soonMs);
    // Read after the look, so that whoever may have made what it shows is in it.
    const lane = await laneOf(journal, transaction);
    const others = await otherUpdatesOf(journal, transaction, { message, lane, seen });
    const next = nextOf(transaction, {
      found: seen.found,
      history: await historyBefore(journal, transaction),
      isProvenOwn: isProvenOwn(transaction),
      mayBeOwn: mayBeFrom(message, seen),
      isAsAsked: isAsAsked(message, seen),
      isStuck: state.status === 'unacknowledged' && state.reason === stuckReason,
      cleanUp: cleanUpOf(transaction, epoch, now()),
      mayCleanUp: this.#options.mayCleanUp,
      mayHaveServed: mayHaveServed(transaction, now()),
      mayBeAtWork: mayBeAtWork(transaction, epoch, now()),
      isBusyThere: isBusyThere(transaction, { epoch, at: now(), stuckAfterMs: stuckAfterOf(policy, stuckAfterMs) }),
    });
    const inLane = nextInLane(transaction, next, seen.found, { lane, epoch, others });
    const carried = await this.#carryOut(transaction, message, { next: inLane, seen, epoch, readyAt });
    return carried === 'send' ? { kind: 'send', found: foundBy(transaction, message, seen) } : carried;
  }

  async #carryOut(
    transaction: Transaction,
    message: RequestMessage,
    { next, seen, epoch, readyAt }: { next: Next; seen: Look | null; epoch: number; readyAt: number },
  ): Promise<Replayed | 'send'> {
    switch (next.do) {
      case 'send':
        return 'send';
      case 'settle':
        return this.#conclusions.settleByLook(transaction, next.evidence, { seen, epoch });
      case 'watch':
        // An operator's order to send it again is carried out (R2).
        return isReplayOrdered(transaction) ? 'send' : this.#conclusions.watchAgain(transaction, epoch);
      case 'wait':
        if (now() <= readyAt + this.#options.deadlineMs) return again(lookAgainMs);
        return this.#conclusions.leaveToOperator(
          transaction,
          'what is there did not come to an end within replay.deadline',
        );
      case 'clean-up':
        return this.#cleanUp(transaction, message, { epoch, readyAt });
      case 'operator':
        return isReplayOrdered(transaction) ? 'send' : this.#conclusions.leaveToOperator(transaction, next.reason);
    }
  }

  /** Deletes what its own dropped create left; what comes of it is looked at before it is created again (R15, R20). */
  async #cleanUp(
    transaction: Transaction,
    message: RequestMessage,
    { epoch, readyAt }: { epoch: number; readyAt: number },
  ): Promise<Replayed> {
    const { sender, cleanUpRequest, replayAttemptsMax } = this.#options;
    // Nothing is deleted that would not be created again.
    const permission = this.#permission(transaction, readyAt);
    if (permission.do === 'operator') return this.#conclusions.leaveToOperator(transaction, permission.reason);
    const cleanUps = transaction.attempts.filter(
      ({ kind, outcome }) => kind === 'clean-up' && outcome !== 'never-sent',
    ).length;
    if (cleanUps >= replayAttemptsMax)
      return this.#conclusions.leaveToOperator(transaction, `it was cleaned up ${cleanUps} times in vain`);
    const marked = await this.#mark(transaction, epoch, 'clean-up');
    if ('kind' in marked) return marked;
    const reading = await sender.attempt(marked, cleanUpRequest(marked, credentialsOf(this.#options, message)));
    const ended = await this.#conclusions.change(marked, (current) =>
      current.state.status === 'in-flight' ? { transaction: moves.cleanUpEnded(current, cleanUpEnd(reading)) } : null,
    );
    return ended.word === 'changed' ? again(lookAgainMs) : left;
  }

  async #settle(
    transaction: Transaction,
    message: RequestMessage,
    { reading, readyAt, found }: { reading: Reading; readyAt: number; found: Found },
  ): Promise<Replayed> {
    if (reading.kind === 'answered' && isRefusal(reading.answer.status)) {
      return this.#refused(transaction, message, { answer: reading.answer, readyAt });
    }
    const isGone = reading.kind === 'answered' && transaction.policy.kind === 'delete' && reading.answer.status === 404;
    if (isGone) return this.#gone(transaction, message, { answer: reading.answer, readyAt });
    const doubt = doubtOf(transaction, found);
    if (reading.kind === 'answered' && !isTaken(reading.answer.status) && doubt !== null) {
      const { status } = reading.answer;
      const unacknowledged = await this.#backToUnacknowledged(transaction, status);
      if (unacknowledged === null) return left;
      const reason = `${doubt}, and the replay was answered ${status}`;
      return this.#conclusions.leaveToOperator(unacknowledged, reason);
    }
    const recorded = await recordReading(this.#options, transaction, reading);
    if (recorded === null) return left;
    if (moves.isToBeSent(recorded)) return again(soonMs);
    if (recorded.state.status === 'completed') this.#options.coordinator.switchovers.count('completed');
    this.#options.watch.begin(recorded);
    return left;
  }

  /** A replayed delete answered 404: by ESC, of what is gone, or by what is not ESC yet. A look tells (R19). */
  async #gone(
    transaction: Transaction,
    message: RequestMessage,
    { answer, readyAt }: { answer: Answer; readyAt: number },
  ): Promise<Replayed> {
    const { state } = transaction;
    const epoch = state.status === 'in-flight' ? state.epoch : this.#options.coordinator.epoch;
    const unacknowledged = await this.#backToUnacknowledged(transaction, answer.status);
    if (unacknowledged === null) return left;
    if (transaction.policy.look === null) {
      const evidence = 'ESC has no such resource any more (R19)';
      return this.#conclusions.settleByLook(unacknowledged, evidence, { seen: null, epoch });
    }
    const found = await this.#reconcile(unacknowledged, message, { epoch, readyAt });
    return found.kind === 'send' ? again(lookAgainMs) : found;
  }

  /** A replay answered 409 or 5xx (R18): look, and if that does not settle it, again later. */
  async #refused(
    transaction: Transaction,
    message: RequestMessage,
    { answer, readyAt }: { answer: Answer; readyAt: number },
  ): Promise<Replayed> {
    const { kind } = transaction.policy;
    const { status } = answer;
    const unacknowledged = await this.#backToUnacknowledged(transaction, status);
    if (unacknowledged === null) return left;
    const isConflict = kind === 'create' && status === 409 && !isProvenOwn(transaction);
    if (isConflict && (await historyBefore(this.#options.journal, transaction)) === 'created') {
      // Somebody's earlier create stands: ESC's 409 is the answer (R15).
      return this.#conclusions.settleByRefusal(unacknowledged, answer);
    }
    if (kind === 'create' && transaction.policy.look !== null) {
      const { epoch } = this.#options.coordinator;
      const found = await this.#reconcile(unacknowledged, message, { epoch, readyAt });
      if (found.kind !== 'send') return found;
    }
    const failures = unacknowledged.attempts.filter((attempt) => attempt.status !== undefined).length;
    return again(backoffMs(failures, Math.random()));
  }

  async #backToUnacknowledged(transaction: Transaction, status: number): Promise<Transaction | null> {
    const attempt = transaction.attempts.at(-1)?.number;
    const changed = await this.#conclusions.change(transaction, (current) =>
      current.state.status === 'in-flight' && current.state.attempt === attempt
        ? { transaction: moves.replayRefused(current, status, now()) }
        : null,
    );
    return changed.word === 'changed' ? changed.transaction : null;
  }
}
