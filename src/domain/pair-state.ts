/** What this replica knows of the pair, as `switchover.ts` goes on from it; values only. */
import { type Observation, unobserved, type Verdict } from './health.ts';
import type { Instant } from './transaction.ts';

export interface PairState {
  readonly epoch: number;
  readonly epochSince: Instant;
  /** When this replica saw READY in this epoch; null before. */
  readonly readyAt: Instant | null;
  readonly vip: Verdict;
  readonly nodes: Readonly<Record<string, Verdict>>;
  /** The node that serves in this epoch as far as node probes tell. */
  readonly activeNode: string | null;
  /** When its own monitor was last asked and said READY; null: there is none, or it did not in this epoch. */
  readonly activeSaidAt: Instant | null;
  /** Nodes whose own monitors said READY when the VIP was then heard not to: they are not at the VIP. */
  readonly aside: readonly string[];
  /** What the VIP showed of itself at its health monitor in this epoch. */
  readonly identity: string | null;
  /** The certificate of the node that this epoch trusts, at the port that requests go to; null: no connection yet. */
  readonly certificate: string | null;
  /** Node that served in the last epoch that was ready. */
  readonly formerNode: string | null;
  /** The first answer that was not READY after the VIP's last READY in this epoch: how the active goes, if it goes. */
  readonly doubt: Observation | null;
  /** That of the last epoch that was ready: how its active went. */
  readonly parting: Observation | null;
  readonly byHand: 'open' | 'holding' | 'draining';
  readonly maintenance: boolean;
  /** A bump was ordered and its answer has not come; no second one is ordered meanwhile, and the gate is shut. */
  readonly bumping: boolean;
  /** It slept, and does not know yet whether its epoch is to be trusted: the gate is shut. */
  readonly isWaking: boolean;
  /** When the newest question was asked that the VIP answered with READY in this epoch (R12, R13); null before. */
  readonly provenAt: Instant | null;
  /** Whether any epoch was ready since this replica started. */
  readonly wasReady: boolean;
}

/** Before anything was seen of it. */
export function initialPair(epoch: number, nodes: readonly string[], now: Instant): PairState {
  return {
    epoch,
    epochSince: now,
    readyAt: null,
    vip: unobserved(now),
    nodes: Object.fromEntries(nodes.map((node) => [node, unobserved(now)])),
    activeNode: null,
    activeSaidAt: null,
    aside: [],
    identity: null,
    certificate: null,
    formerNode: null,
    doubt: null,
    parting: null,
    byHand: 'open',
    maintenance: false,
    bumping: false,
    isWaking: false,
    provenAt: null,
    wasReady: false,
  };
}
