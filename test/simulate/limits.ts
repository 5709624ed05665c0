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

const limits: readonly Limit[] = [
  {
    // Its client left before it was answered, so it heard of it under ESC's id first (R23), and was promised a result
    // under the gateway's when it came back (R21).
    rule: 'one transaction under two ids',
    excuses: ({ heard }, record) =>
      record?.promisedAt != null &&
      record.promisedAt !== record.receivedAt &&
      heard.some(({ escTransaction }) => escTransaction === record.escTransactionId),
  },
  {
    // ESC's refusal is recorded, but could not be read when a client came for it: it was told where the status is (R35),
    // without a promise in the record, and so without a report.
    rule: 'no completion',
    excuses: ({ entry }, record) =>
      entry.status === 'failed' && record?.answer?.from === 'esc' && record.promisedAt === null,
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
