/** Transactions whose client still has to get its HTTP answer from this replica: their reports wait for it (R23). */
import type { ServerResponse } from 'node:http';
import type { Transaction } from '../domain/transaction.ts';

export class PendingAnswers {
  /** How many of its clients wait; those that joined wait too. */
  readonly #pending = new Map<string, number>();
  /** Called when the answer was handed to the socket, or the client is gone. */
  onHandedOver: (id: string) => void = () => undefined;

  /** `wants`: of all that its reports are for; who wants none is not kept waiting by an answer. */
  add({ id, wants }: Pick<Transaction, 'id' | 'wants'>, response: ServerResponse): void {
    if (response.destroyed || wants.length === 0) return;
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
