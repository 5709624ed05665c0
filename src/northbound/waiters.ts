/**
 * Clients that wait for the answer of a transaction on this replica, each with its own time (R24). They are told
 * only what the journal has recorded (R23).
 */

import { promised } from '../domain/moves.ts';
import type { Answer } from '../domain/outcome.ts';
import type { Instant, Transaction } from '../domain/transaction.ts';
import { now } from '../pair/clock.ts';

export type Told =
  | {
      readonly kind: 'answer';
      readonly transaction: Transaction;
      readonly answer: Answer;
      /** Recorded before this client asked: it is answered from the journal. */
      readonly isReplayed?: boolean;
    }
  /** A result is promised: the client gets a 202 now. */
  | { readonly kind: 'promise'; readonly transaction: Transaction }
  | { readonly kind: 'abandoned'; readonly transaction: Transaction }
  /** Its time ran out, or the gateway is ending. */
  | { readonly kind: 'expired' }
  | { readonly kind: 'left' };

export class Waiters {
  readonly #waiting = new Map<string, Set<(told: Told) => void>>();
  /** Told 202 of what was sent while the journal was away (R35), until it is recorded. */
  readonly #unrecorded = new Map<string, Instant>();

  /** Resolves with what it is told, at the latest at `deadlineAt`; `left` when `hasLeft` fires. */
  wait(id: string, deadlineAt: number, hasLeft: AbortSignal): Promise<Told> {
    return new Promise((resolve) => {
      const finish = (told: Told): void => {
        clearTimeout(timer);
        hasLeft.removeEventListener('abort', onLeft);
        const others = this.#waiting.get(id);
        others?.delete(finish);
        if (others?.size === 0) this.#waiting.delete(id);
        resolve(told);
      };
      const onLeft = (): void => finish({ kind: 'left' });
      const timer = setTimeout(() => finish({ kind: 'expired' }), Math.max(0, deadlineAt - now()));
      hasLeft.addEventListener('abort', onLeft);
      const others = this.#waiting.get(id);
      if (others === undefined) this.#waiting.set(id, new Set([finish]));
      else others.add(finish);
      if (hasLeft.aborted) onLeft();
    });
  }

  tell(id: string, told: Told): void {
    for (const finish of [...(this.#waiting.get(id) ?? [])]) finish(told);
  }

  /** A 202 was given that the journal has not confirmed. */
  promisedUnrecorded(id: string, at: Instant): void {
    this.#unrecorded.set(id, at);
  }

  isRecorded(id: string): void {
    this.#unrecorded.delete(id);
  }

  /** The record as clients were told: with a promise that was given and is not in it yet. */
  withPromise(current: Transaction): Transaction {
    const at = this.#unrecorded.get(current.id);
    return at === undefined ? current : promised(current, at);
  }

  /** How many wait for this one. */
  countOf(id: string): number {
    return this.#waiting.get(id)?.size ?? 0;
  }

  /** All that somebody waits for. */
  ids(): string[] {
    return [...this.#waiting.keys()];
  }

  /** The gateway ends: everyone is let go with what can be said now. */
  expireAll(): void {
    for (const id of this.ids()) this.tell(id, { kind: 'expired' });
  }
}
