/**
 * Who wants to hear of changes. A listener that throws is a defect of the listener's and must not cost the write
 * that is told, so it is thrown apart from it.
 */
import type { Change } from './journal.ts';

export class Changes {
  readonly #listeners = new Set<(change: Change) => void>();

  /** Returns the end of it. */
  subscribe(listener: (change: Change) => void): () => void {
    // Wrapped, so that one function subscribed twice is two subscriptions.
    const own = (change: Change): void => listener(change);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  tell(change: Change): void {
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        setImmediate(() => {
          throw error;
        });
      }
    }
  }

  clear(): void {
    this.#listeners.clear();
  }
}
