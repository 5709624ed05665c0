/**
 * The path of one replay, numbered as ARCHITECTURE.md tells it: what may be done, look, mark, send, read, settle.
 * Invariants: what ESC can be asked about is asked before it is sent again (promise 2); what cannot be told and must not
 * be repeated goes to the operator, with a reason (R17); a refusal of a replay is a reason to look, not a failure (R19).
 */
import { waitsFor } from '../domain/lanes.ts';
import * as moves from '../domain/moves.ts';
import type { Answer } from '../domain/outcome.ts';
import { backoffMs } from '../domain/retry.ts';
import { isReplayOrdered, type Transaction } from '../domain/transaction.ts';
import { packAnswer, type RequestMessage, unpackRequest } from '../journal/message.ts';
import { recordReading } from '../northbound/record-reading.ts';
import type { Records } from '../northbound/records.ts';
import type { Reading, Sender } from '../northbound/sender.ts';
import type { Waiters } from '../northbound/waiters.ts';
import { now } from '../pair/clock.ts';
import type { Coordinator } from '../pair/coordinator.ts';
import { historyOf, type LookOptions, look } from './look.ts';

export interface ReplayOptions extends LookOptions {
  readonly coordinator: Coordinator;
  readonly records: Records;
  readonly sender: Sender;
  readonly waiters: Waiters;
  readonly replayAttemptsMax: number;
  /** From the first READY after it was unacknowledged. */
  readonly deadlineMs: number;
}

/** `left`: the lane is free of it. `again`: it waits on, at least so long. */
export type Replayed = { readonly kind: 'left' } | { readonly kind: 'again'; readonly delayMs: number };

const left: Replayed = { kind: 'left' };
const again = (delayMs: number): Replayed => ({ kind: 'again', delayMs });
/** After something that the next probe or the next opening of the gate will change. */
const soonMs = 100;
/** Between two looks at something that is moving. */
const lookAgainMs = 500;

export class Replay {
  readonly #options: ReplayOptions;

  constructor(options: ReplayOptions) {
    this.#options = options;
  }

  /** One step for one unacknowledged transaction, or one whose replay an operator ordered; `readyAt` is the first READY that it saw. */
  async run(transaction: Transaction, readyAt: number): Promise<Replayed> {
    const { records, coordinator } = this.#options;
    // 1. What may be done with it (R17, R18).
    const refusal = this.#refusal(transaction, readyAt);
    if (refusal !== null) return this.#leaveToOperator(transaction, refusal);
    const packed = await records.journal.body(transaction.id, 'request');
    if (packed === null) return this.#leaveToOperator(transaction, 'its request is not in the journal any more');
    const message = unpackRequest(packed);
    const { epoch } = coordinator;

    // 2. Look before sending (promise 2).
    const { kind } = transaction.policy;
    if (transaction.policy.look !== null && (kind === 'create' || kind === 'delete')) {
      const found = await this.#reconcile(transaction, message, epoch);
      if (found !== 'send') return found;
    }

    // 3. Mark (R10).
    const { activeNode: node } = coordinator;
    const marked = await records.changeSurely(transaction, (current) => {
      if (!moves.isToBeSent(current)) return null;
      const mark = { epoch, waitsFor: waitsFor(current.place, current.method) };
      return { transaction: moves.marked(current, { epoch, node, now: now(), hasWaited: true }), mark };
    });
    if (marked.word === 'stale-epoch') await coordinator.learnEpoch();
    if (marked.word === 'declined' || marked.word === 'missing') return left;
    if (marked.word !== 'changed') return again(soonMs);

    // 4. Send.
    coordinator.switchovers.count('replayed');
    const reading = await this.#options.sender.send(marked.transaction, message);

    // 5. Read the answer and settle.
    return this.#settle(marked.transaction, message, reading);
  }

  #refusal(transaction: Transaction, readyAt: number): string | null {
    const { policy, attempts, method } = transaction;
    // An operator has decided that it is sent once more (R2).
    if (isReplayOrdered(transaction)) return null;
    if (policy.replay === 'never') return `its policy is never to send a ${method} again`;
    const refusedWith = attempts.at(-1)?.status;
    if (policy.replay === 'operator' && refusedWith !== undefined) return `the replay was answered ${refusedWith}`;
    if (policy.replay === 'operator') {
      return `nothing can be looked up that would tell whether ${policy.operation ?? method} was done, and sending it again might do it twice`;
    }
    const sends = attempts.filter((attempt) => attempt.kind === 'send' && attempt.outcome !== 'never-sent').length;
    if (sends > this.#options.replayAttemptsMax) return `it was sent ${sends} times without an answer that settles it`;
    if (now() > readyAt + this.#options.deadlineMs) return 'replay.deadline has passed since ESC was ready again';
    return null;
  }

  /** What the new active node has of it (R14, R15, R19): `send` if it is missing there. */
  async #reconcile(transaction: Transaction, message: RequestMessage, epoch: number): Promise<Replayed | 'send'> {
    const found = await look(this.#options, transaction, message, epoch);
    if (found === 'away') return again(soonMs);
    if (transaction.policy.kind === 'delete') {
      return found === 'absent' ? this.#settleByLook(transaction, 'the resource is gone') : 'send';
    }
    if (found === 'absent' || found === 'unreadable') return 'send';
    const history = await historyOf(this.#options.journal, transaction);
    if (history === 'created') return 'send';
    // What is under way may be the end of the one before: wait until it shows.
    if (history === 'deleted' && found === 'under-way') return again(lookAgainMs);
    if (found === 'broken' && isReplayOrdered(transaction)) return 'send';
    if (found === 'broken') return this.#leaveToOperator(transaction, 'what it created is in error in ESC');
    return this.#settleByLook(transaction, `the resource is there (${found === 'done' ? 'done' : 'under way'})`);
  }

  async #settle(transaction: Transaction, message: RequestMessage, reading: Reading): Promise<Replayed> {
    if (reading.kind === 'answered' && isRefusal(reading.answer.status)) {
      return this.#refused(transaction, message, reading);
    }
    if (reading.kind === 'answered' && transaction.policy.kind === 'delete' && reading.answer.status === 404) {
      const unacknowledged = await this.#backToUnacknowledged(transaction, 404);
      return unacknowledged === null
        ? left
        : this.#settleByLook(unacknowledged, 'ESC has no such resource any more (R19)');
    }
    const recorded = await recordReading(this.#options, transaction, reading);
    if (recorded === null) return left;
    if (moves.isToBeSent(recorded)) return again(soonMs);
    if (recorded.state.status === 'completed') this.#options.coordinator.switchovers.count('completed');
    return left;
  }

  /** A replay answered 409 or 5xx (R18): look, and if that does not settle it, again later. */
  async #refused(
    transaction: Transaction,
    message: RequestMessage,
    reading: Extract<Reading, { kind: 'answered' }>,
  ): Promise<Replayed> {
    const { kind } = transaction.policy;
    const { status } = reading.answer;
    const unacknowledged = await this.#backToUnacknowledged(transaction, status);
    if (unacknowledged === null) return left;
    const isConflict = kind === 'create' && status === 409;
    if (isConflict && (await historyOf(this.#options.journal, transaction)) === 'created') {
      // Somebody's earlier create stands: ESC's 409 is the answer (R15).
      return this.#settleByRefusal(unacknowledged, reading.answer);
    }
    if (kind === 'create' && transaction.policy.look !== null) {
      const found = await this.#reconcile(unacknowledged, message, this.#options.coordinator.epoch);
      if (found !== 'send') return found;
    }
    const failures = unacknowledged.attempts.filter((attempt) => attempt.status !== undefined).length;
    return again(backoffMs(failures, Math.random()));
  }

  async #backToUnacknowledged(transaction: Transaction, status: number): Promise<Transaction | null> {
    const attempt = transaction.attempts.at(-1)?.number;
    const changed = await this.#options.records.changeSurely(transaction, (current) =>
      current.state.status === 'in-flight' && current.state.attempt === attempt
        ? { transaction: moves.replayRefused(current, status, now()) }
        : null,
    );
    return changed.word === 'changed' ? changed.transaction : null;
  }

  async #settleByRefusal(transaction: Transaction, answer: Answer): Promise<Replayed> {
    const { records, waiters } = this.#options;
    const { status, body } = answer;
    const changed = await records.changeSurely(transaction, (current) => {
      if (current.state.status !== 'unacknowledged') return null;
      const settled = moves.settledByRefusal(current, { status, bodyBytes: body.byteLength, now: now() });
      return { transaction: settled, bodies: { response: packAnswer(answer) } };
    });
    if (changed.word === 'changed')
      waiters.tell(transaction.id, { kind: 'answer', transaction: changed.transaction, answer });
    return left;
  }

  async #settleByLook(transaction: Transaction, evidence: string): Promise<Replayed> {
    const { records, waiters, coordinator } = this.#options;
    const changed = await records.changeSurely(transaction, (current) =>
      moves.isToBeSent(current) ? { transaction: moves.settledByLook(current, evidence, now()) } : null,
    );
    if (changed.word !== 'changed') return left;
    coordinator.switchovers.count('reconciled');
    coordinator.switchovers.count('completed');
    const answer = { status: changed.transaction.policy.successStatus, headers: [], body: new Uint8Array() };
    waiters.tell(transaction.id, { kind: 'answer', transaction: changed.transaction, answer });
    return left;
  }

  async #leaveToOperator(transaction: Transaction, reason: string): Promise<Replayed> {
    await this.#options.records.changeSurely(transaction, (current) =>
      current.state.status === 'unacknowledged' ? { transaction: moves.leftToOperator(current, reason, now()) } : null,
    );
    return left;
  }
}

/** R18: what says "not now" or "there is something" rather than "no". */
const isRefusal = (status: number): boolean => status === 409 || status >= 500;
