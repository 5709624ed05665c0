/** What the journal knows to stand in ESC: the create whose effect no later delete has taken away (R15). */
import type { Transaction } from './transaction.ts';

/** The newest completed create of a lane that no completed delete follows; `newestFirst` is the lane's history. */
export function latestStanding(newestFirst: readonly Transaction[]): Transaction | null {
  for (const transaction of newestFirst) {
    if (transaction.state.status !== 'completed') continue;
    if (transaction.policy.kind === 'delete') return null;
    if (transaction.policy.kind === 'create') return transaction;
  }
  return null;
}
