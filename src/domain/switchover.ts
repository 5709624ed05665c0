/**
 * The pair as this replica sees it: gate, epoch, active node. A pure machine: `decide(state, event, rules)` gives the
 * next state and the effects to carry out; it asks no clock and sends nothing.
 * Invariants: the gate is open only in an epoch in which this replica saw READY (R4); only such a replica bumps (R5);
 * holding by hand or for maintenance never bumps (R5, R12).
 */
import { readySaidAt, serving, setAside } from './active-node.ts';
import { type Observation, observed, type Turning, unobserved } from './health.ts';
import { initialPair, type PairState } from './pair-state.ts';
import type { Instant } from './transaction.ts';

export type GateMode = 'open' | 'holding' | 'draining';
export type HoldReason = 'starting' | 'switchover' | 'settling' | 'maintenance' | 'operator' | 'draining' | 'none';
export type Cause = 'failover' | 'planned' | 'unknown';

export type PairEvent =
  | { readonly kind: 'vip-observed'; readonly observation: Observation }
  | { readonly kind: 'node-observed'; readonly node: string; readonly observation: Observation }
  /** A connection for requests was made to the VIP, over TLS. */
  | { readonly kind: 'connected'; readonly certificate: string; readonly now: Instant }
  /** The journal's epoch as it stands: after our bump, or another replica's. */
  | { readonly kind: 'epoch-is'; readonly epoch: number; readonly now: Instant }
  /** This process did not run for so long that it cannot vouch for its epoch by itself (R5). */
  | { readonly kind: 'woke'; readonly sleptMs: number }
  /** Whether another replica's lease covered that time. */
  | { readonly kind: 'covered'; readonly isCovered: boolean; readonly now: Instant }
  /** The journal came back on a server that may lack what was confirmed (R34). */
  | { readonly kind: 'journal-changed'; readonly now: Instant }
  /** What ESC accepted in this epoch is not there (R5). */
  | { readonly kind: 'distrusted'; readonly why: string; readonly now: Instant }
  | { readonly kind: 'by-hand'; readonly mode: 'open' | 'holding' | 'draining' }
  | { readonly kind: 'maintenance'; readonly on: boolean };

export type PairEffect =
  /** Bump the epoch in the journal by compare-and-set. */
  | {
      readonly kind: 'bump';
      readonly epoch: number;
      readonly why: string;
      readonly at: Instant;
      /** People are to see it as one; false: the pair has nothing to do with it. */
      readonly isSwitchover: boolean;
    }
  /** The epoch ended: reset its sockets (R7), what it left is unacknowledged. */
  | { readonly kind: 'epoch-ended'; readonly epoch: number }
  /** Ask whether another replica watched the pair while this one slept; the answer is the event `covered`. */
  | { readonly kind: 'ask-covered'; readonly sleptMs: number }
  /** READY was concluded in this epoch. */
  | { readonly kind: 'ready'; readonly epoch: number; readonly at: Instant };

export interface PairRules extends Turning {
  readonly settleMs: number;
}

export function decide(
  state: PairState,
  event: PairEvent,
  rules: PairRules,
): { state: PairState; effects: PairEffect[] } {
  switch (event.kind) {
    case 'vip-observed':
      return vipObserved(state, event.observation, rules);
    case 'node-observed':
      return nodeObserved(state, event.node, event.observation, rules);
    case 'connected':
      return connected(state, event.certificate, event.now);
    case 'epoch-is':
      return epochIs(state, event.epoch, event.now);
    case 'woke':
      if (state.readyAt === null || state.isWaking) return { state, effects: [] };
      return { state: { ...state, isWaking: true }, effects: [{ kind: 'ask-covered', sleptMs: event.sleptMs }] };
    case 'covered': {
      if (!state.isWaking) return { state, effects: [] };
      const woken = { ...state, isWaking: false };
      return event.isCovered ? { state: woken, effects: [] } : bump(woken, 'no gateway was awake', event.now);
    }
    case 'distrusted':
      return state.readyAt === null ? { state, effects: [] } : bump(state, event.why, event.now);
    case 'journal-changed':
      return bump(state, 'the journal came back on another server', event.now, false);
    case 'by-hand':
      return { state: { ...state, byHand: event.mode }, effects: [] };
    case 'maintenance':
      return { state: { ...state, maintenance: event.on }, effects: [] };
  }
}

function vipObserved(
  state: PairState,
  observation: Observation,
  rules: PairRules,
): { state: PairState; effects: PairEffect[] } {
  const isOld = observation.at < state.epochSince;
  if (isOld) return { state, effects: [] };
  const vip = observed(state.vip, observation, rules);
  if (observation.health !== 'ready') {
    const doubt = state.readyAt === null ? null : (state.doubt ?? observation);
    const next: PairState = { ...state, ...setAside(state, observation), vip, doubt };
    const isLost = vip.health !== 'ready' && state.readyAt !== null;
    if (!isLost) return { state: next, effects: [] };
    return bump(next, `the VIP's health monitor: ${observation.message}`, observation.endedAt);
  }
  const isOther = state.readyAt !== null && differs(state.identity, observation.identity);
  if (isOther) return bump({ ...state, vip }, anotherNode, observation.endedAt);
  // An epoch that is about to end proves nothing any more.
  const next: PairState = state.bumping ? { ...state, vip } : { ...state, vip, provenAt: observation.at, doubt: null };
  if (vip.health !== 'ready') return { state: next, effects: [] };
  const identity = observation.identity ?? state.identity;
  if (state.readyAt !== null) return { state: { ...next, identity }, effects: [] };
  const at = observation.endedAt;
  return {
    state: { ...next, identity, readyAt: at, wasReady: true },
    effects: [{ kind: 'ready', epoch: state.epoch, at }],
  };
}

function nodeObserved(
  state: PairState,
  node: string,
  observation: Observation,
  rules: PairRules,
): { state: PairState; effects: PairEffect[] } {
  const verdict = state.nodes[node];
  if (verdict === undefined || observation.at < state.epochSince) return { state, effects: [] };
  const next: PairState = { ...state, nodes: { ...state.nodes, [node]: observed(verdict, observation, rules) } };
  const active = serving(next);
  const isMoved = active !== null && active !== state.activeNode;
  if (isMoved && state.activeNode !== null && state.readyAt !== null) {
    return bump(next, `the active role moved from ${state.activeNode} to ${active}`, observation.endedAt);
  }
  const activeNode = active ?? state.activeNode;
  const activeSaidAt = activeNode === null ? null : readySaidAt(next.nodes[activeNode]);
  return { state: { ...next, activeNode, activeSaidAt: activeSaidAt ?? state.activeSaidAt }, effects: [] };
}

/** Where each node has a certificate of its own, no request goes to another node than the one that was seen READY (R6). */
function connected(state: PairState, certificate: string, now: Instant): { state: PairState; effects: PairEffect[] } {
  if (state.certificate === null) return { state: { ...state, certificate }, effects: [] };
  const isOther = state.certificate !== certificate && state.readyAt !== null;
  return isOther ? bump(state, anotherNode, now) : { state, effects: [] };
}

const anotherNode = 'another node answers at the VIP';

const differs = (a: string | null, b: string | null): boolean => a !== null && b !== null && a !== b;

function bump(
  state: PairState,
  why: string,
  at: Instant,
  isSwitchover = true,
): { state: PairState; effects: PairEffect[] } {
  if (state.bumping) return { state, effects: [] };
  const effect: PairEffect = { kind: 'bump', epoch: state.epoch, why, at, isSwitchover };
  return { state: { ...state, bumping: true }, effects: [effect] };
}

/**
 * What was observed before the new epoch says nothing of it: verdicts begin again. Maintenance mode outlives a
 * switchover and ends when one is not answered 503 (R12). An epoch that is known already answers no order to bump it,
 * since the answer to such an order is always a later one.
 */
function epochIs(state: PairState, epoch: number, now: Instant): { state: PairState; effects: PairEffect[] } {
  if (epoch <= state.epoch) return { state, effects: [] };
  const wasServing = state.readyAt !== null;
  const next: PairState = {
    ...initialPair(epoch, Object.keys(state.nodes), now),
    vip: { ...unobserved(now), last: state.vip.last },
    formerNode: wasServing ? (state.activeNode ?? state.formerNode) : state.formerNode,
    parting: wasServing ? state.doubt : state.parting,
    byHand: state.byHand,
    maintenance: state.maintenance,
    wasReady: state.wasReady,
  };
  return { state: next, effects: [{ kind: 'epoch-ended', epoch: state.epoch }] };
}

/** The gate as it follows from the state (R4). A bump that is on its way keeps it shut. */
export function gateOf(state: PairState, now: Instant, rules: PairRules): { mode: GateMode; reason: HoldReason } {
  if (state.byHand === 'draining') return { mode: 'draining', reason: 'draining' };
  if (state.byHand === 'holding') return { mode: 'holding', reason: 'operator' };
  if (state.readyAt === null) return { mode: 'holding', reason: state.wasReady ? 'switchover' : 'starting' };
  if (state.bumping || state.isWaking) return { mode: 'holding', reason: 'switchover' };
  if (state.maintenance) return { mode: 'holding', reason: 'maintenance' };
  if (now < state.readyAt + rules.settleMs) return { mode: 'holding', reason: 'settling' };
  return { mode: 'open', reason: 'none' };
}

/** Codes with which the survivor says that its peer cannot be reached (reference table in `esc/health-report.ts`). */
const peerUnreachable: readonly number[] = [2010, 2100];
/** From here on a health monitor says of its own node that it is not in service. */
const notInServiceMin = 5000;

/**
 * Why the role moved, judged when the pair is ready again. The same node serves again: it did not move, `unknown`. The
 * active went silent, or said itself that it was broken: `failover`. It went otherwise (refused, reset) and is still
 * heard: `planned`, whatever the survivor says of a peer whose services were stopped; not heard: `failover`. Nothing
 * known of it: what the survivor says.
 */
export function causeOf({ formerNode, activeNode, parting, nodes, vip }: PairState): Cause {
  if (formerNode !== null && formerNode === activeNode) return 'unknown';
  if (parting !== null && (!parting.heard || (parting.statusCode ?? 0) >= notInServiceMin)) return 'failover';
  const former = formerNode === null ? null : (nodes[formerNode]?.last ?? null);
  if (former !== null) return former.heard ? 'planned' : 'failover';
  return peerUnreachable.includes(vip.last?.statusCode ?? 0) ? 'failover' : 'unknown';
}
