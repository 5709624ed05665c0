/**
 * What a settled delete means for the transaction that created what is gone: its deployment sends no more events, so
 * its record may go when the journal's retention says so (R29).
 */
import type { Transaction } from '../domain/transaction.ts';
import type { Records } from '../northbound/records.ts';

const laneHistoryMax = 50;

export async function endCreated(records: Records, deleted: Transaction, at: number): Promise<void> {
  const { state, policy, place, sequence } = deleted;
  if (state.status !== 'completed' || policy.kind !== 'delete' || place.resourceType !== 'deployments') return;
  const earlier = await records.journal.list({ lane: place.lane, beforeSequence: sequence, limit: laneHistoryMax });
  for (const transaction of earlier) {
    if (transaction.policy.kind !== 'create' || transaction.state.status !== 'completed') continue;
    await records.changeSurely(transaction, (current) =>
      current.endedAt === null ? { transaction: { ...current, endedAt: at } } : null,
    );
  }
}
