/**
 * How a replay ends without being sent again, or after its answer: settled by what a look proved or ESC refused, followed
 * on, or left to the operator. Each is one compare-and-set of what is still this replica's.
 * Invariant: what was learnt in an epoch that the journal knows to have ended concludes nothing (R13).
 */
import * as moves from '../domain/moves.ts';
import type { Answer } from '../domain/outcome.ts';
import { isReplayOrdered, type Transaction } from '../domain/transaction.ts';
import { packAnswer } from '../journal/message.ts';
import { actionOfSurely, withMadeUpReport } from '../northbound/made-up.ts';
import { tellAnswer } from '../northbound/record-reading.ts';
import type { Changed, Move, Records } from '../northbound/records.ts';
import type { Waiters } from '../northbound/waiters.ts';
import { now } from '../pair/clock.ts';
import type { Coordinator } from '../pair/coordinator.ts';
import type { Look } from './look.ts';

export interface ConclusionsOptions {
  readonly coordinator: Coordinator;
  readonly records: Records;
  readonly waiters: Waiters;
  readonly watch: { begin(transaction: Transaction): void };
  readonly onSettled: (transaction: Transaction) => void;
}

/** `left`: the lane is free of it. `again`: it waits on, at least so long; `isInTurn`: only for those before it, so nothing has failed. */
export type Replayed =
  | { readonly kind: 'left' }
  | { readonly kind: 'again'; readonly delayMs: number; readonly isInTurn?: boolean };

export const left: Replayed = { kind: 'left' };
export const again = (delayMs: number): Replayed => ({ kind: 'again', delayMs });
/** After something that the next probe or the next opening of the gate will change. */
export const soonMs = 100;

export interface Settling {
  /** In which what it is settled by was learnt. */
  readonly epoch: number;
  readonly settle: (current: Transaction) => Transaction;
  readonly seen?: Look | null;
  /** Of the completion that is made up; success unless given. */
  readonly status?: { readonly code: number; readonly message: string };
}

export class Conclusions {
  readonly #options: ConclusionsOptions;

  constructor(options: ConclusionsOptions) {
    this.#options = options;
  }

  /** A move of what is still this replica's: what another one adopted is that one's to go on with. */
  change(transaction: Transaction, decide: (current: Transaction) => Move | null): Promise<Changed> {
    const { owner } = transaction;
    return this.#options.records.changeSurely(transaction, (current) =>
      current.owner === owner ? decide(current) : null,
    );
  }

  async #learnEpoch(): Promise<Replayed> {
    await this.#options.coordinator.learnEpoch();
    return again(soonMs);
  }

  /** It is there and moving: accepted, with a first 2xx for a client that has none yet (R22), and its lane is free. */
  async watchAgain(transaction: Transaction, epoch: number): Promise<Replayed> {
    const changed = await this.change(transaction, (current) =>
      current.state.status === 'unacknowledged'
        ? { transaction: moves.foundUnderWay(current, { epoch, now: now() }), epoch }
        : null,
    );
    if (changed.word === 'stale-epoch') return this.#learnEpoch();
    if (changed.word !== 'changed') return left;
    tellAnswer(this.#options, changed.transaction, null);
    this.#options.watch.begin(changed.transaction);
    return left;
  }

  async settleByRefusal(transaction: Transaction, answer: Answer): Promise<Replayed> {
    const { onSettled, records } = this.#options;
    const { status, body } = answer;
    const action = await actionOfSurely(records, transaction);
    const epoch = transaction.attempts.at(-1)?.epoch ?? 0;
    const changed = await this.change(transaction, (current) => {
      if (current.state.status !== 'unacknowledged') return null;
      const settled = moves.settledByRefusal(current, { status, bodyBytes: body.byteLength, now: now() });
      const bodies = current.answer === null ? { response: packAnswer(answer) } : {};
      if (current.answer === null && current.promisedAt === null) return { transaction: settled, bodies, epoch };
      const told = { code: status, message: `ESC answered ${status}` };
      const move = withMadeUpReport(settled, { status: told, look: null, action, now: now() });
      return { ...move, bodies: { ...bodies, ...move.bodies }, epoch };
    });
    if (changed.word === 'stale-epoch') return this.#learnEpoch();
    if (changed.word !== 'changed') return left;
    tellAnswer(this.#options, changed.transaction, transaction.answer === null ? answer : null);
    onSettled(changed.transaction);
    return left;
  }

  async settleByLook(
    transaction: Transaction,
    evidence: string,
    { seen, epoch }: { seen: Look | null; epoch: number },
  ): Promise<Replayed> {
    const settle = (current: Transaction): Transaction => moves.settledByLook(current, evidence, now());
    const settled = await this.settleAs(transaction, { epoch, settle, seen: seen?.found === 'absent' ? null : seen });
    this.#options.coordinator.switchovers.count('reconciled');
    return settled;
  }

  /** Settled without a word of ESC: who waits is told, and the completion is made up (R22, R30). */
  async settleAs(
    transaction: Transaction,
    { epoch, settle, seen = null, status = found }: Settling,
  ): Promise<Replayed> {
    const { records, coordinator, onSettled } = this.#options;
    const action = await actionOfSurely(records, transaction);
    const changed = await this.change(transaction, (current) =>
      moves.isToBeSent(current) && !isOrderedSince(transaction, current)
        ? { ...withMadeUpReport(settle(current), { status, look: seen, action, now: now() }), epoch }
        : null,
    );
    if (changed.word === 'stale-epoch') return this.#learnEpoch();
    if (changed.word === 'declined' && isOrderedSince(transaction, changed.transaction)) return again(soonMs);
    if (changed.word !== 'changed') return left;
    coordinator.switchovers.count('completed');
    tellAnswer(this.#options, changed.transaction, null);
    onSettled(changed.transaction);
    return left;
  }

  async leaveToOperator(transaction: Transaction, reason: string): Promise<Replayed> {
    const changed = await this.change(transaction, (current) =>
      current.state.status === 'unacknowledged' && !isOrderedSince(transaction, current)
        ? { transaction: moves.leftToOperator(current, reason, now()) }
        : null,
    );
    return changed.word === 'declined' && isOrderedSince(transaction, changed.transaction) ? again(soonMs) : left;
  }
}

/** Whether an operator, perhaps at another gateway, ordered its replay after it was read: what was concluded does not know that (R2). */
const isOrderedSince = (read: Transaction, current: Transaction): boolean =>
  current.owner === read.owner && isReplayOrdered(current) && !isReplayOrdered(read);

const found = { code: 200, message: 'Completed; found by Northgate' };
