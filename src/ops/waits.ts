/**
 * What this replica's transactions wait for, read off their records as they are written: a hold until they are sent, a
 * replay from the moment nobody knows what became of them to the one when somebody does. For metrics and traces.
 * Invariant: it remembers so many at most, and forgets what another replica has written; it decides nothing.
 */
import type { Instant, Transaction } from '../domain/transaction.ts';

/** How a replay ended: ESC was sent it again; it was found there; neither could be told, or was allowed. */
export const verdicts = ['sent-again', 'found-done', 'found-under-way', 'failed', 'left-to-operator'] as const;
type ReplayVerdict = (typeof verdicts)[number];

/** A wait that is over. */
export type Waited =
  /** `to`: what ended it. */
  | {
      readonly kind: 'hold';
      readonly since: Instant;
      readonly endedAt: Instant;
      readonly to: 'in-flight' | 'abandoned';
    }
  | { readonly kind: 'replay'; readonly since: Instant; readonly endedAt: Instant; readonly verdict: ReplayVerdict };

interface Wait {
  readonly kind: Waited['kind'];
  readonly since: Instant;
  /** Attempts that there were when it began. */
  readonly attempts: number;
}

const waitsMax = 100_000;

export class Waits {
  readonly #waits = new Map<string, Wait>();

  /** A record as this replica has written it. @returns the wait that ended with it; null: none did. */
  written(transaction: Transaction): Waited | null {
    const { id, state } = transaction;
    const wait = this.#waits.get(id);
    const isWaiting = state.status === 'held' || state.status === 'unacknowledged';
    if (isWaiting && wait === undefined)
      this.#begin(transaction, state.status === 'held' ? 'hold' : 'replay', state.since);
    // A replay goes on while it is sent, and sent again.
    if (wait === undefined || isWaiting || (wait.kind === 'replay' && state.status === 'in-flight')) return null;
    this.#waits.delete(id);
    return ended(transaction, wait);
  }

  /** Another replica has written it: it waits there, if at all. */
  forget(id: string): void {
    this.#waits.delete(id);
  }

  /** Since when the longest of them waits; null: none does. */
  oldest(kind: Waited['kind']): Instant | null {
    let oldest: Instant | null = null;
    for (const wait of this.#waits.values()) {
      if (wait.kind === kind && (oldest === null || wait.since < oldest)) oldest = wait.since;
    }
    return oldest;
  }

  #begin({ id, attempts }: Transaction, kind: Waited['kind'], since: Instant): void {
    const [first] = this.#waits.size >= waitsMax ? this.#waits.keys() : [];
    if (first !== undefined) this.#waits.delete(first);
    this.#waits.set(id, { kind, since, attempts: attempts.length });
  }
}

function ended(transaction: Transaction, { kind, since, attempts }: Wait): Waited {
  const { state } = transaction;
  const endedAt = 'settledAt' in state ? state.settledAt : state.since;
  if (kind === 'hold') {
    return { kind, since, endedAt, to: state.status === 'in-flight' ? 'in-flight' : 'abandoned' };
  }
  const wasSent = transaction.attempts.slice(attempts).some((attempt) => attempt.kind === 'send');
  return { kind, since, endedAt, verdict: verdictOf(state.status, wasSent) };
}

function verdictOf(status: Transaction['state']['status'], wasSent: boolean): ReplayVerdict {
  if (status === 'awaiting-operator') return 'left-to-operator';
  if (status === 'failed' || status === 'abandoned') return 'failed';
  if (wasSent) return 'sent-again';
  return status === 'completed' ? 'found-done' : 'found-under-way';
}
