/**
 * What the audit finds and what is known and told of it: limits that no code keeps, in plain words. Each names exactly the
 * case that it excuses, and nothing beside it.
 */
import type { Transaction } from '../../src/domain/transaction.ts';
import type { Ledgers } from '../chaos/ledgers.ts';
import { type View, type Violation, viewsOf } from '../chaos/views.ts';

interface Limit {
  readonly rule: string;
  /** Whether this transaction is such a case. */
  readonly excuses: (view: View, record: Transaction | undefined) => boolean;
}

/** A node that was frozen, since it woke with another one in its role. */
export interface WithoutRole {
  readonly node: string;
  readonly since: number;
}

/** What such a node had taken up takes so long at most. */
const lateWorkMaxMs = 1_000;

/** Done by a node that had lost the role: not promised, unless it is fenced (docs/reliability.md). */
export const isOfLostRole = (
  { rule, transaction }: Violation,
  ledgers: Ledgers,
  woken: readonly WithoutRole[],
): boolean =>
  rule === 'doubled on the VIM' &&
  (viewsOf(ledgers).byId.get(transaction ?? '')?.effects ?? []).some((effect) =>
    woken.some(({ node, since }) => effect.node === node && effect.at >= since && effect.at <= since + lateWorkMaxMs),
  );

const limits: readonly Limit[] = [
  {
    // Sent twice without a key, it is two transactions (R26), each of which finds the resource as it asked (R16).
    rule: 'completed, and not done',
    excuses: ({ entry, order }) => order?.kind === 'update' && entry.reason === 'the resource is as the update asked',
  },
];

export function isExcused(
  { rule, transaction }: Violation,
  ledgers: Ledgers,
  records: ReadonlyMap<string, Transaction>,
): boolean {
  const view = viewsOf(ledgers).byId.get(transaction ?? '');
  const record = records.get(transaction ?? '');
  return view !== undefined && limits.some((limit) => limit.rule === rule && limit.excuses(view, record));
}
