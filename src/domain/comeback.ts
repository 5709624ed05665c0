/**
 * When a client is to come back: the seconds of `Retry-After` (RFC 9110 section 10.2.3), computed from what is known of
 * the pair, of what waits, and of how long past switchovers took. Pure; chance comes in as an argument.
 * Invariants: 1 to `comebackMaxSeconds`; never later the longer ESC has been away; the spread never undercuts the estimate.
 */
import type { PairState } from './pair-state.ts';
import type { GateMode, HoldReason } from './switchover.ts';
import type { Status } from './transaction.ts';

/** What the client is told: a problem, the 202 that promises a result, or the status resource. */
export type ComebackKind =
  | 'promise'
  | 'status'
  | 'hold-full'
  | 'hold-expired'
  | 'draining'
  | 'journal-unavailable'
  | 'upstream-unreachable'
  | 'upstream-invalid'
  | 'upstream-timeout';

/** How far ESC has come back: not seen, its container answers, its application starts (INIT), or READY is being made sure of. */
export type Stage = 'away' | 'container' | 'init' | 'ready';

export interface ComebackFacts {
  readonly gate: { readonly mode: GateMode; readonly reason: HoldReason };
  readonly stage: Stage;
  /** Since it was noticed that ESC is away; 0 if it is not. */
  readonly awayMs: number;
  /** Of `settle`, what is still to come after READY. */
  readonly settleMs: number;
  /** How long past switchovers took from notice to READY, in any order; without any, the HA chapter's figure counts. */
  readonly pastAwayMs: readonly number[];
  /** Transactions that wait or are replayed on this replica. */
  readonly queued: number;
  /** What each of them took when last measured; null: never measured. */
  readonly paceMs: number | null;
  /** The transaction that is asked for, and since when its status is this; null: it is kept by nobody. */
  readonly transaction: { readonly status: Status; readonly sinceMs: number } | null;
}

const second = 1000;
export const comebackMaxSeconds = 600;
/** By so much of the estimate at most clients are spread, so that those of one instant do not come back in one. */
const spreadShare = 0.25;
const baseMaxMs = (comebackMaxSeconds * second) / (1 + spreadShare);

/** In the middle of what the HA chapter says: "two to five minutes", longer with more VNFs. */
const expectedAwayMs = 180 * second;
/** Past its expected end a switchover may end any moment. */
const overdueMaxMs = 15 * second;
const overdueShare = 0.1;
/** What is left at most once ESC was seen to come back: bounds, and shares of the expected whole. */
const leftAt: Readonly<Record<Stage, { readonly maxMs: number; readonly share: number }>> = {
  away: { maxMs: Number.POSITIVE_INFINITY, share: 1 },
  container: { maxMs: 45 * second, share: 1 / 3 },
  init: { maxMs: 30 * second, share: 1 / 4 },
  ready: { maxMs: 0, share: 0 },
};

/** Until measured; with eight at once it is a fifth of a second for each. */
const paceDefaultMs = 25;
/** The end of maintenance, an operator's hold and an operator's decision are not known: a person's time. */
const personMs = 60 * second;
const drainingMs = 2 * second;
const journalAwayMs = 5 * second;
/** ESC is called ready and does not serve: not asked again at once. */
const upstreamMs = 10 * second;

/** The status resource is cheap, so it may be asked often: at least so far apart … */
const askGapMs = 2 * second;
/** … while it is under way after a part of the time it has taken already, so that nobody learns of its end much too late … */
const underWayShare = 0.25;
const underWayMaxMs = 30 * second;
/** … and while ESC is away no more seldom than this, whatever is expected. */
const statusMaxMs = 60 * second;

/** Whole seconds, 1 to `comebackMaxSeconds`; `random` is in [0, 1). */
export function comebackSeconds(kind: ComebackKind, facts: ComebackFacts, random: number): number {
  const baseMs = Math.min(Math.max(estimateMs(kind, facts), 0), baseMaxMs);
  return Math.max(1, Math.ceil((baseMs * (1 + spreadShare * random)) / second));
}

function estimateMs(kind: ComebackKind, facts: ComebackFacts): number {
  switch (kind) {
    case 'draining':
      return drainingMs;
    case 'journal-unavailable':
      return journalAwayMs;
    case 'hold-full':
    case 'hold-expired':
      return untilServedMs(facts);
    case 'upstream-unreachable':
    case 'upstream-invalid':
    case 'upstream-timeout':
      return Math.max(upstreamMs, untilServedMs(facts));
    case 'promise':
      return Math.max(askGapMs, untilNewsMs(facts));
    case 'status':
      return Math.min(statusMaxMs, Math.max(askGapMs, untilNewsMs(facts)));
  }
}

/** Until there may be something new to tell of the transaction. */
function untilNewsMs(facts: ComebackFacts): number {
  const { transaction, gate } = facts;
  switch (transaction?.status) {
    case 'awaiting-operator':
      return personMs;
    case 'in-flight':
    case 'accepted': {
      // Maintenance mode and a hold by hand stop nothing that ESC has begun; a switchover does.
      const isAway = gate.reason === 'switchover' || gate.reason === 'starting';
      return isAway ? untilServedMs(facts) : Math.min(underWayMaxMs, transaction.sinceMs * underWayShare);
    }
    default:
      return untilServedMs(facts);
  }
}

/** Until what comes now, or waits last, has been sent. */
function untilServedMs(facts: ComebackFacts): number {
  const { gate, settleMs, queued, paceMs } = facts;
  const queueMs = queued * (paceMs ?? paceDefaultMs);
  switch (gate.reason) {
    case 'none':
      return queueMs;
    case 'settling':
      return settleMs + queueMs;
    case 'switchover':
    case 'starting':
      return untilReadyMs(facts) + settleMs + queueMs;
    case 'maintenance':
    case 'operator':
      return personMs + queueMs;
    case 'draining':
      return drainingMs;
  }
}

/** What is left of the switchover: by the time it takes, or by how far it has come, whichever is less. */
function untilReadyMs({ stage, awayMs, pastAwayMs }: ComebackFacts): number {
  const expectedMs = usualMs(pastAwayMs);
  const { maxMs, share } = leftAt[stage];
  const byStageMs = Math.min(maxMs, expectedMs * share);
  const overdueMs = Math.min(overdueMaxMs, expectedMs * overdueShare);
  return Math.min(byStageMs, Math.max(expectedMs - awayMs, overdueMs));
}

/**
 * The median of past switchovers. An epoch also ends without ESC being away, so what was much shorter than the longest
 * does not count.
 */
function usualMs(pastAwayMs: readonly number[]): number {
  const longest = Math.max(0, ...pastAwayMs);
  if (longest === 0) return expectedAwayMs;
  return median(pastAwayMs.filter((ms) => ms * 10 >= longest));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = 0, high = low] = sorted.length % 2 === 1 ? [sorted[middle]] : sorted.slice(middle - 1, middle + 1);
  return (low + high) / 2;
}

/**
 * How far ESC has come back in this epoch, as probes saw it. A code of 5000 and more says nothing: a node that goes gives
 * it as well as one that comes.
 */
export function stageOf({ vip, nodes, epochSince }: PairState): Stage {
  const last = vip.last === null || vip.last.at < epochSince ? null : vip.last;
  if (last?.health === 'ready') return 'ready';
  if (last !== null && isInService(last.statusCode)) return 'init';
  const isAnyUp = Object.values(nodes).some((node) => node.last !== null && isInService(node.last.statusCode));
  if (isAnyUp) return 'init';
  return last?.health === 'starting' && last.statusCode === null ? 'container' : 'away';
}

const isInService = (statusCode: number | null): boolean =>
  statusCode !== null && statusCode >= 2000 && statusCode < 3000;
