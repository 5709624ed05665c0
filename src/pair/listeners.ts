/**
 * Who is told of the pair, and who waits for something of it. Invariant: every wait has a deadline and ends when the
 * gateway closes, so that nobody waits for a pair that is not watched any more.
 */
import type { Instant } from '../domain/transaction.ts';

export interface PairListener {
  /** Sockets of the epoch are to be reset and what it left is unacknowledged (R7). */
  epochEnded?(epoch: number): void;
  /** The gate is open now; called on every opening. */
  opened?(): void;
  /** A VIP probe said READY, in this epoch, to a question asked at `askedAt` (R13). */
  proven?(askedAt: Instant): void;
  /** Anything that people see of the pair changed. */
  changed?(): void;
}

export interface Waiting<Result> {
  /** Null: it ends by what it waits for, or when the gateway closes. */
  readonly deadlineMs: number | null;
  /** What it comes to past the deadline, or when `signal` says that nobody waits any more. */
  readonly late: Result;
  readonly closed: Result;
  readonly signal?: AbortSignal;
}

export class PairListeners {
  readonly #all = new Set<PairListener>();
  readonly #waits = new Set<() => void>();

  add(listener: PairListener): void {
    this.#all.add(listener);
  }

  tell(tell: (listener: PairListener) => void): void {
    for (const listener of [...this.#all]) tell(listener);
  }

  /** Resolves with what the listener finishes with. It is asked for at once, and may finish before it listens. */
  wait<Result>(
    waiting: Waiting<Result>,
    listenerOf: (finish: (result: Result) => void) => PairListener,
  ): Promise<Result> {
    const { deadlineMs, late, closed, signal } = waiting;
    return new Promise((resolve) => {
      let isOver = false;
      let listener: PairListener | null = null;
      const finish = (result: Result): void => {
        isOver = true;
        if (timer !== null) clearTimeout(timer);
        signal?.removeEventListener('abort', onLeft);
        if (listener !== null) this.#all.delete(listener);
        this.#waits.delete(onClose);
        resolve(result);
      };
      const onClose = (): void => finish(closed);
      const onLeft = (): void => finish(late);
      const timer = deadlineMs === null ? null : setTimeout(onLeft, deadlineMs);
      signal?.addEventListener('abort', onLeft);
      this.#waits.add(onClose);
      listener = listenerOf(finish);
      if (!isOver) this.#all.add(listener);
    });
  }

  close(): void {
    for (const end of [...this.#waits]) end();
  }
}
