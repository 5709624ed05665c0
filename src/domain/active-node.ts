/**
 * Who answers at the VIP: which node, by the words of the nodes' own monitors, and whether a connection or an answer is
 * that node's. Pure.
 * Invariant: a node is named only on its own word, and never one that said READY elsewhere while the VIP did not.
 */
import type { Observation, Verdict } from './health.ts';
import type { PairState } from './pair-state.ts';
import type { Instant } from './transaction.ts';

/** When the node was asked that said READY last of all; null: its last word was another. */
export const readySaidAt = (verdict: Verdict | undefined): Instant | null =>
  verdict?.last?.health === 'ready' ? verdict.last.at : null;

/**
 * While the VIP begins to serve: who said READY before the VIP was asked, and was heard there not to be, holds the VIP for
 * itself alone (split brain), or not at all. Silence at the VIP tells nothing of the node behind it.
 */
export function setAside(state: PairState, { at, heard }: Observation): Pick<PairState, 'aside' | 'activeNode'> {
  if (state.readyAt !== null || !heard) return state;
  const aside = Object.entries(state.nodes).flatMap(([node, { last }]) => {
    const isElsewhere = state.aside.includes(node) || (last !== null && last.endedAt < at);
    return last?.health === 'ready' && isElsewhere ? [node] : [];
  });
  const isWrong = state.activeNode !== null && aside.includes(state.activeNode);
  return { aside, activeNode: isWrong ? null : state.activeNode };
}

/**
 * The node at the VIP: the only one whose last answer says READY, those apart that are elsewhere. One of these it is only
 * if all others have been heard, after the VIP's READY, not to be: it went back to the VIP. The last answer, not the
 * verdict: a flap with no failed probe at the VIP must be noticed (R6), and a needless bump costs a look, a missed one a
 * transaction.
 */
export function serving({ nodes, aside, readyAt }: PairState): string | null {
  const ready = Object.keys(nodes).filter((node) => nodes[node]?.last?.health === 'ready');
  const atVip = ready.filter((node) => !aside.includes(node));
  if (atVip.length > 0 || ready.length !== 1) return atVip.length === 1 ? (atVip[0] ?? null) : null;
  const others = Object.keys(nodes).filter((node) => node !== ready[0]);
  const isAlone = readyAt !== null && others.every((node) => (nodes[node]?.last?.at ?? 0) > readyAt);
  return isAlone ? (ready[0] ?? null) : null;
}

/**
 * Whether a connection may be used in this epoch. `ask`: it is the first one, and the ports of a node may have different
 * certificates: what the VIP's health monitor shows after it tells.
 */
export function admission({ certificate, identity }: PairState, shown: string): 'same' | 'other' | 'ask' {
  if (certificate !== null) return certificate === shown ? 'same' : 'other';
  return identity === null || identity === shown ? 'same' : 'ask';
}

/** A node's own monitor that has been silent for so long cannot be reached, and is no witness any more. */
export const witnessMaxMs = 10_000;

/**
 * The node that must say READY by its own monitor before a look's answer counts, since over plain HTTP nothing tells at
 * the VIP whose answer it was; null: the certificate told, or nobody is known who could.
 */
export function witnessOf({ certificate, activeNode, activeSaidAt }: PairState, now: Instant): string | null {
  if (certificate !== null || activeNode === null || activeSaidAt === null) return null;
  return now - activeSaidAt <= witnessMaxMs ? activeNode : null;
}
