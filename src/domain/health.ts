/**
 * What a row of probes concludes of the VIP or of a node: a verdict that turns only after `rise` or `fall` in a row.
 * Invariant: `ready` is never concluded from one probe of several asked for, nor lost by one.
 */
import type { Instant } from './transaction.ts';

/** `ready`: takes every request. `starting`: something answers, but not that. `down`: no answer, or none that can be read. */
export type Health = 'ready' | 'starting' | 'down';

/** One probe's answer. `at` is when the question was sent, not when the answer came (R12, R13 depend on it). */
export interface Observation {
  readonly at: Instant;
  readonly endedAt: Instant;
  readonly health: Health;
  readonly statusCode: number | null;
  readonly stage: 'INIT' | 'READY' | null;
  /** For people: ESC's message, or what went wrong. */
  readonly message: string;
  /** What tells one node from the other at the VIP (certificate fingerprint), null where nothing does. */
  readonly identity: string | null;
  /** Whether anything came back: false for silence and time-outs, true for an answer, a refusal or a reset. */
  readonly heard: boolean;
}

export interface Verdict {
  readonly health: Health;
  readonly since: Instant;
  /** Observations in a row that speak against `health`. */
  readonly against: number;
  readonly last: Observation | null;
}

export interface Turning {
  readonly rise: number;
  readonly fall: number;
}

export const unobserved = (now: Instant): Verdict => ({ health: 'down', since: now, against: 0, last: null });

/** The verdict after one more observation. `ready` needs `rise` in a row, losing it `fall` in a row; below it the last one counts. */
export function observed(verdict: Verdict, observation: Observation, turning: Turning): Verdict {
  const says = observation.health;
  const crosses = (says === 'ready') !== (verdict.health === 'ready');
  if (!crosses) {
    const since = says === verdict.health ? verdict.since : observation.endedAt;
    return { health: says, since, against: 0, last: observation };
  }
  const against = verdict.against + 1;
  const needed = says === 'ready' ? turning.rise : turning.fall;
  if (against < needed) return { ...verdict, against, last: observation };
  return { health: says, since: observation.endedAt, against: 0, last: observation };
}

/** Whether the last observation disagrees with the verdict, so that asking faster pays. */
export const isInDoubt = (verdict: Verdict): boolean => verdict.against > 0;
