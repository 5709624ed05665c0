/** Transactions whose client still has to get its HTTP answer from this replica: their reports wait for it (R23). */
import type { ServerResponse } from 'node:http';
import type { Transaction } from '../domain/transaction.ts';

export class PendingAnswers {
  readonly #pending = new Set<string>();
  /** Called when the answer was handed to the socket, or the client is gone. */
  onHandedOver: (id: string) => void = () => undefined;

  add(transaction: Transaction, response: ServerResponse): void {
    if (response.destroyed || transaction.wants.length === 0) return;
    this.#pending.add(transaction.id);
    response.once('close', () => {
      this.#pending.delete(transaction.id);
      this.onHandedOver(transaction.id);
    });
  }

  has(id: string): boolean {
    return this.#pending.has(id);
  }
}
