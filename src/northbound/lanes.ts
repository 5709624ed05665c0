/** The lanes' keeper, as far as the paths of requests, replays and operators need it; `replay/lanes.ts` is it. */
import type { Transaction } from '../domain/transaction.ts';

export interface Lanes {
  /** A held or unacknowledged transaction is sent in its turn from now on. */
  wait(transaction: Transaction): void;
  /** It is not sent from now on, unless it is being sent: then false. */
  withdraw(id: string): boolean;
  /** Whether something of it was sent from here; null: it does not wait here. */
  hasTried(id: string): boolean | null;
  /** Its client was promised a result: it stays, whoever waits. */
  keep(id: string): void;
  freshBegins(lane: string): void;
  freshEnds(lane: string): void;
}
