/** What the journal knows to stand in ESC: the create whose effect no later delete has taken away (R15). */
import type { Transaction } from './transaction.ts';

/**
 * The newest create of a lane that ESC took and that no completed delete follows; `newestFirst` is the lane's history.
 * An accepted one stands too: what it makes is in ESC from its 2xx on, and may stay so whatever becomes of it.
 */
export function latestStanding(newestFirst: readonly Transaction[]): Transaction | null {
  for (const transaction of newestFirst) {
    const { status } = transaction.state;
    const { kind } = transaction.policy;
    if (kind === 'delete' && status === 'completed') return null;
    if (kind === 'create' && (status === 'completed' || status === 'accepted')) return transaction;
  }
  return null;
}
