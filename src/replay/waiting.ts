/** What the lanes know of a transaction that waits here, beside its place in `domain/lane-table.ts`. Bookkeeping only. */
import type { Entry } from '../domain/lane-table.ts';
import { groupsOf, waitsFor } from '../domain/lanes.ts';
import { sentOf, type Transaction } from '../domain/transaction.ts';

export interface Waiting {
  readonly entry: Entry;
  readonly receivedAt: number;
  /** It was never sent. */
  isHeld: boolean;
  /** It waited for the gate, so it is paced. */
  isPaced: boolean;
  /** Only a probe asked after this instant shows that ESC can be asked or sent to (R13). */
  since: number;
  /** First READY seen while it was unacknowledged (R18). */
  readyAt: number | null;
  /** Its client was promised a result (R24). */
  isPromised: boolean;
  /** It was marked to be sent, so ESC may have it. */
  isTried: boolean;
  /** Its turn has begun: only the turn itself may end it. */
  isRunning: boolean;
  /** It was put here again while its turn ran. */
  cameAgain: boolean;
  /** Turns in a row that ended with another try. */
  failures: number;
  /** It is tried again when this fires, or the gate opens. */
  timer: NodeJS.Timeout | null;
}

/** As it begins to wait. */
export function waitingOf(transaction: Transaction): Waiting {
  const { id, sequence, place, method, state, receivedAt, attempts } = transaction;
  const isHeld = state.status === 'held';
  return {
    entry: { id, sequence, lane: place.lane, groups: groupsOf(place), waitsFor: waitsFor(place, method) },
    receivedAt,
    isHeld,
    isPaced: false,
    since: 'since' in state && attempts.length > 0 ? state.since : 0,
    readyAt: null,
    isPromised: transaction.promisedAt !== null,
    isTried: !isHeld || sentOf(transaction) !== 'no',
    isRunning: false,
    cameAgain: false,
    failures: 0,
    timer: null,
  };
}
