/**
 * What needs a human, most urgent first, from what the read models already know: the console's "needs you". Pure; an
 * item says what stands still and where to go, never what a gateway will do by itself anyway. It stays short: what is
 * many is told once, with how many it is.
 */
import type { DeadLetterView } from './dead-letters.ts';
import type { PairView } from './pair-view.ts';
import type { TransactionView } from './transaction-view.ts';

export type Need =
  | { readonly kind: 'transaction'; readonly transaction: TransactionView }
  | { readonly kind: 'more-transactions'; readonly count: number }
  | { readonly kind: 'dead-letters'; readonly letter: DeadLetterView; readonly count: number; readonly isAll: boolean }
  | { readonly kind: 'gate'; readonly mode: 'holding' | 'draining' }
  | { readonly kind: 'node'; readonly address: string; readonly message: string; readonly since: string }
  | { readonly kind: 'journal' }
  | { readonly kind: 'warning'; readonly text: string };

export interface NeedsSources {
  readonly pair: PairView;
  /** Those that await an operator, newest first, as many as were read; null: the journal does not answer. */
  readonly waiting: readonly TransactionView[] | null;
  /** How many await an operator. */
  readonly waitingCount: number;
  /** Newest first, as many as were read. */
  readonly letters: readonly DeadLetterView[];
  readonly hasMoreLetters: boolean;
}

export function needsOf(sources: NeedsSources): Need[] {
  const { pair, waiting } = sources;
  const needs: Need[] = [];
  if (waiting === null) needs.push({ kind: 'journal' });
  if (pair.gate === 'draining') needs.push({ kind: 'gate', mode: 'draining' });
  if (pair.gate === 'holding' && pair.reason === 'operator') needs.push({ kind: 'gate', mode: 'holding' });
  needs.push(...unheardNodes(pair), ...waitingOnes(sources), ...refusedReceivers(sources));
  for (const text of pair.warnings) needs.push({ kind: 'warning', text });
  return needs;
}

/**
 * While the gate is shut the nodes are told of anyway; a pair that serves without its standby is easily missed. A node
 * that gives a report is heard, whatever it says.
 */
const unheardNodes = ({ gate, nodes }: PairView): Need[] =>
  nodes
    .filter(({ role, statusCode }) => gate === 'open' && role === 'unknown' && statusCode === null)
    .map(({ address, message, since }) => ({ kind: 'node', address, message, since }));

function waitingOnes({ waiting, waitingCount }: NeedsSources): Need[] {
  const shown = waiting ?? [];
  const needs: Need[] = shown.map((transaction) => ({ kind: 'transaction', transaction }));
  const count = waitingCount - shown.length;
  return shown.length > 0 && count > 0 ? [...needs, { kind: 'more-transactions', count }] : needs;
}

/** One receiver that refuses may leave hundreds; what its last error says tells one from another. */
function refusedReceivers({ letters, hasMoreLetters }: NeedsSources): Need[] {
  const byError = Map.groupBy(letters, ({ lastError }) => lastError);
  return [...byError.values()].flatMap((some): Need[] => {
    const [letter] = some;
    return letter === undefined ? [] : [{ kind: 'dead-letters', letter, count: some.length, isAll: !hasMoreLetters }];
  });
}

/** How many things they are, each transaction and each dead letter for itself. */
export const countOf = (needs: readonly Need[]): number =>
  needs.reduce((sum, need) => sum + ('count' in need ? need.count : 1), 0);
