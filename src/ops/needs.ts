/**
 * What needs a human, most urgent first, from what the read models already know: the console's "needs you". Pure; an
 * item says what stands still and where to go, never what a gateway will do by itself anyway.
 */
import type { DeadLetterView } from './dead-letters.ts';
import type { PairView } from './pair-view.ts';
import type { TransactionView } from './transaction-view.ts';

export type Need =
  | { readonly kind: 'transaction'; readonly transaction: TransactionView }
  | { readonly kind: 'dead-letter'; readonly letter: DeadLetterView }
  | { readonly kind: 'gate'; readonly mode: 'holding' | 'draining' }
  | { readonly kind: 'node'; readonly address: string; readonly message: string; readonly since: string }
  | { readonly kind: 'journal' }
  | { readonly kind: 'warning'; readonly text: string };

export interface NeedsSources {
  readonly pair: PairView;
  /** Those that await an operator; null: the journal does not answer. */
  readonly waiting: readonly TransactionView[] | null;
  readonly letters: readonly DeadLetterView[];
}

export function needsOf({ pair, waiting, letters }: NeedsSources): Need[] {
  const needs: Need[] = [];
  if (waiting === null) needs.push({ kind: 'journal' });
  if (pair.gate === 'draining') needs.push({ kind: 'gate', mode: 'draining' });
  if (pair.gate === 'holding' && pair.reason === 'operator') needs.push({ kind: 'gate', mode: 'holding' });
  for (const transaction of waiting ?? []) needs.push({ kind: 'transaction', transaction });
  for (const letter of letters) needs.push({ kind: 'dead-letter', letter });
  if (pair.gate === 'open') {
    // While the gate is shut the nodes are told of anyway; a pair that serves without its standby is easily missed.
    for (const { address, role, message, since } of pair.nodes) {
      if (role === 'unknown') needs.push({ kind: 'node', address, message, since });
    }
  }
  for (const text of pair.warnings) needs.push({ kind: 'warning', text });
  return needs;
}
