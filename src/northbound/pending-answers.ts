/** Transactions whose client still has to get its HTTP answer from this replica: their reports wait for it (R23). */
import type { ServerResponse } from 'node:http';
import type { Transaction } from '../domain/transaction.ts';

export class PendingAnswers {
  /** How many of its clients wait; those that joined wait too. */
  readonly #pending = new Map<string, number>();
  /** Called when the answer was handed to the socket, or the client is gone. */
  onHandedOver: (id: string) => void = () => undefined;

  add(transaction: Transaction, response: ServerResponse): void {
    if (response.destroyed || transaction.wants.length === 0) return;
    const { id } = transaction;
    this.#pending.set(id, (this.#pending.get(id) ?? 0) + 1);
    response.once('close', () => {
      const left = (this.#pending.get(id) ?? 1) - 1;
      if (left > 0) return void this.#pending.set(id, left);
      this.#pending.delete(id);
      this.onHandedOver(id);
    });
  }

  has(id: string): boolean {
    return this.#pending.has(id);
  }
}
