/** How much of something is under way, so that an end can wait for it, in bounded time. */
import { now } from '../pair/clock.ts';

export class UnderWay {
  readonly #onIdle = new Set<() => void>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Counts `work` while it runs. */
  async track<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#count += 1;
    try {
      return await work();
    } finally {
      this.#count -= 1;
      if (this.#count === 0) for (const wake of [...this.#onIdle]) wake();
    }
  }

  /** Resolves when nothing is under way, or at `deadlineAt`. */
  idle(deadlineAt: number): Promise<void> {
    if (this.#count === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.#onIdle.delete(finish);
        resolve();
      };
      const timer = setTimeout(finish, Math.max(0, deadlineAt - now()));
      this.#onIdle.add(finish);
    });
  }
}
