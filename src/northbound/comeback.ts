/**
 * Gathers what `domain/comeback.ts` makes `Retry-After` from. Invariant: nothing is read from the journal on a request's
 * path; how long past switchovers took is read at the start and whenever the gate opens or an epoch ends, and kept as it
 * was if it cannot be read.
 */
import type { Logger } from 'pino';
import { type ComebackFacts, type ComebackKind, comebackSeconds, stageOf } from '../domain/comeback.ts';
import type { PairState } from '../domain/pair-state.ts';
import type { Transaction } from '../domain/transaction.ts';
import type { Journal, SwitchoverRecord } from '../journal/journal.ts';
import { now } from '../pair/clock.ts';
import type { Coordinator } from '../pair/coordinator.ts';

export interface ComebackOptions {
  readonly coordinator: Pick<Coordinator, 'gate' | 'state' | 'listen'>;
  readonly journal: Pick<Journal, 'switchovers'>;
  /** What waits on this replica; `replay/lanes.ts` is it. */
  readonly lanes: { readonly size: number };
  /** `esc.health.settle`. */
  readonly settleMs: number;
  readonly log: Logger;
  /** In [0, 1); `Math.random` unless a test gives another. */
  readonly random?: () => number;
}

/** So many of the newest switchovers are looked at. */
const pastMax = 20;
/** Fewer transactions after a switchover tell nothing of the pace, and one that was stuck must not tell too much. */
const pacedMin = 10;
const paceMaxMs = 500;

export class Comeback {
  readonly #options: ComebackOptions;
  #pastAwayMs: readonly number[] = [];
  #paceMs: number | null = null;

  constructor(options: ComebackOptions) {
    this.#options = options;
    // On opening the newest may not be written yet, and other replicas write too; by the next end it is there.
    options.coordinator.listen({ opened: () => void this.#learn(), epochEnded: () => void this.#learn() });
    void this.#learn();
  }

  /** Reads what past switchovers took; never rejects. */
  async #learn(): Promise<void> {
    try {
      const past = await this.#options.journal.switchovers(pastMax);
      this.#pastAwayMs = past.flatMap(({ detectedAt, readyAt }) => (readyAt === null ? [] : [readyAt - detectedAt]));
      this.#paceMs = paceOf(past);
    } catch (error) {
      this.#options.log.warn({ err: error }, 'past switchovers cannot be read; Retry-After goes by what was known');
    }
  }

  /** Whole seconds for `Retry-After`, 1 to 600; `transaction` is the one promised or asked for, as last recorded. */
  seconds(kind: ComebackKind, transaction?: Transaction): number {
    const { random = Math.random } = this.#options;
    return comebackSeconds(kind, this.#facts(transaction), random());
  }

  #facts(transaction: Transaction | undefined): ComebackFacts {
    const { coordinator, lanes, settleMs } = this.#options;
    const { state } = coordinator;
    const at = now();
    return {
      gate: coordinator.gate(),
      stage: stageOf(state),
      awayMs: state.readyAt === null ? at - state.epochSince : 0,
      settleMs: settleLeftMs(state, settleMs, at),
      pastAwayMs: this.#pastAwayMs,
      queued: lanes.size,
      paceMs: this.#paceMs,
      transaction: transaction === undefined ? null : standing(transaction, at),
    };
  }
}

const settleLeftMs = ({ readyAt, bumping }: PairState, settleMs: number, at: number): number =>
  readyAt === null || bumping ? settleMs : Math.max(0, readyAt + settleMs - at);

function standing({ state }: Transaction, at: number): NonNullable<ComebackFacts['transaction']> {
  const since = 'since' in state ? state.since : state.settledAt;
  return { status: state.status, sinceMs: Math.max(0, at - since) };
}

/** What each transaction took after the newest switchover that made enough of them wait. */
function paceOf(past: readonly SwitchoverRecord[]): number | null {
  for (const { readyAt, recoveredAt, held, replayed } of past) {
    const count = held + replayed;
    if (readyAt === null || recoveredAt === null || count < pacedMin) continue;
    return Math.min(paceMaxMs, (recoveredAt - readyAt) / count);
  }
  return null;
}
