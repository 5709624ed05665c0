/** What the journal knows of a resource before a transaction came (R15), from the lane's history alone. Pure. */
import { sentOf, type Transaction } from './transaction.ts';

/** What stands of a resource, besides what the transaction itself may have made. */
export type History =
  /** Nothing: what is there may be this transaction's doing. */
  | 'none'
  /** An earlier create of it stands. */
  | 'created'
  /** An earlier delete of it was accepted, and may still be running. */
  | 'deleting'
  /** An earlier create or delete of it may have been done or not, and an operator is to say. */
  | 'unsure';

/**
 * `newestFirst`: what came before on the lane; the newest create or delete that had an effect, or may have had one, decides.
 * An accepted create stands: what it makes is in ESC from its 2xx on, and may stay so whatever becomes of it.
 */
export function historyOf(newestFirst: readonly Transaction[]): History {
  for (const transaction of newestFirst) {
    const found = effectOf(transaction);
    if (found !== null) return found;
  }
  return 'none';
}

function effectOf(transaction: Transaction): History | null {
  const { state, policy } = transaction;
  if (policy.kind !== 'create' && policy.kind !== 'delete') return null;
  if (state.status === 'completed' || state.status === 'accepted') {
    if (policy.kind === 'create') return 'created';
    return state.status === 'accepted' || policy.ack === 'answer' ? 'deleting' : 'none';
  }
  return isInDoubt(transaction) ? 'unsure' : null;
}

/** Sent, and neither settled nor accepted. */
const isInDoubt = (transaction: Transaction): boolean =>
  ['in-flight', 'unacknowledged', 'awaiting-operator'].includes(transaction.state.status) &&
  sentOf(transaction) !== 'no';
