/**
 * What an operator can do to a transaction (R2): replay, cancel, resolve. Each is a move of the record by
 * compare-and-set, then the lanes and the waiting clients are told. What its status forbids is a `conflict`.
 */
import * as operatorMoves from '../domain/operator-moves.ts';
import { GatewayError } from '../domain/problem.ts';
import type { Transaction } from '../domain/transaction.ts';
import type { Lanes } from '../northbound/lanes.ts';
import { actionOf, withMadeUpReport } from '../northbound/made-up.ts';
import type { Move, Records } from '../northbound/records.ts';
import type { Waiters } from '../northbound/waiters.ts';
import { now } from '../pair/clock.ts';
import type { Coordinator } from '../pair/coordinator.ts';
import { notFound } from './transactions.ts';

export interface ActsOptions {
  readonly replica: string;
  readonly records: Records;
  readonly waiters: Waiters;
  readonly lanes: Lanes;
  readonly coordinator: Coordinator;
  /** Its completion may have to reach the client (R2). */
  readonly onSettled: (transaction: Transaction) => void;
}

export interface Resolution {
  readonly as: 'completed' | 'failed';
  readonly note: string;
}

export class Acts {
  readonly #options: ActsOptions;

  constructor(options: ActsOptions) {
    this.#options = options;
  }

  /** Sent once more in its turn, whatever its policy says. @throws GatewayError `not-found`, `conflict`, `journal-unavailable`. */
  async replay(id: string, by: string): Promise<Transaction> {
    const { replica: owner, lanes } = this.#options;
    const ordered = await this.#move(id, 'replayed', (current) =>
      operatorMoves.replayOrdered(current, { by, owner, now: now() }),
    );
    // In its owner's lanes; one that is there already is not listed twice.
    if (ordered.transaction.owner === owner) lanes.wait(ordered.transaction);
    return ordered.transaction;
  }

  /** Never sent, and never to be. Who was promised a result hears of it by a report (R24). @throws as `replay`. */
  async cancel(id: string, by: string): Promise<Transaction> {
    const { lanes, waiters, coordinator, onSettled } = this.#options;
    const action = await this.#actionOf(id);
    const status = { code: 500, message: `Cancelled by ${by}; nothing was sent` };
    const { transaction } = await this.#move(
      id,
      'cancelled',
      (current) => operatorMoves.cancelled(current, { by, now: now() }),
      (moved) =>
        moved.promisedAt === null
          ? { transaction: moved }
          : withMadeUpReport(moved, { status, look: null, action, now: now() }),
    );
    lanes.withdraw(transaction.id);
    coordinator.switchovers.count('abandoned');
    onSettled(transaction);
    waiters.tell(id, { kind: 'abandoned', transaction });
    return transaction;
  }

  /** Settled by what a person found out. Who waits gets the first 2xx, or a 202 that says `failed`. @throws as `replay`. */
  async resolve(id: string, { as, note }: Resolution, by: string): Promise<Transaction> {
    const { lanes, waiters } = this.#options;
    const code = as === 'completed' ? 200 : 500;
    const action = await this.#actionOf(id);
    const { transaction } = await this.#move(
      id,
      'resolved',
      (current) => operatorMoves.resolved(current, { as, note, by, now: now() }),
      (moved) =>
        withMadeUpReport(moved, { status: { code, message: `Resolved by ${by}` }, look: null, action, now: now() }),
    );
    lanes.withdraw(transaction.id);
    this.#options.onSettled(transaction);
    if (as === 'completed') {
      const answer = { status: transaction.policy.successStatus, headers: [], body: new Uint8Array() };
      waiters.tell(id, { kind: 'answer', transaction, answer });
    } else {
      waiters.tell(id, { kind: 'expired' });
    }
    return transaction;
  }

  /** Which event a made-up report of an action bears is in its request. */
  async #actionOf(id: string): Promise<string | null> {
    const read = await this.#options.records.read(id);
    return read === null || read === 'unavailable' ? null : actionOf(this.#options.records, read);
  }

  /** A decision that gives the record back as it is was carried out before. */
  async #move(
    id: string,
    done: string,
    decide: (current: Transaction) => Transaction | null,
    completion: (moved: Transaction) => Move = (transaction) => ({ transaction }),
  ): Promise<{ transaction: Transaction; isMoved: boolean }> {
    const { records } = this.#options;
    const read = await records.read(id);
    if (read === 'unavailable') throw journalUnavailable(undefined);
    if (read === null) throw notFound(id);
    let isDoneBefore = false;
    const changed = await records.change(read, (current) => {
      const transaction = decide(current);
      isDoneBefore = transaction === current;
      return transaction === null || isDoneBefore ? null : completion(transaction);
    });
    if (changed.word === 'changed') return { transaction: changed.transaction, isMoved: true };
    if (changed.word === 'missing') throw notFound(id);
    if (changed.word !== 'declined') throw journalUnavailable(changed.word);
    if (isDoneBefore) return { transaction: changed.transaction, isMoved: false };
    throw new GatewayError('conflict', {
      detail: `${id} is ${changed.transaction.state.status} and cannot be ${done}.`,
      transaction: id,
    });
  }
}

const journalUnavailable = (cause: unknown): GatewayError =>
  new GatewayError('journal-unavailable', {
    detail: 'The journal did not confirm it; look at the transaction before trying again.',
    retryAfterSeconds: 5,
    cause,
  });
