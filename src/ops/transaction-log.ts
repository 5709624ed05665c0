/** One line of the log for each end of a transaction on this replica: what it was, how it ended, how long it took. */
import type { Logger } from 'pino';
import { isSettled, type Transaction } from '../domain/transaction.ts';

export function logEnd(log: Logger, transaction: Transaction): void {
  const { id, client, method, path, place, policy, state, attempts, receivedAt, answer, trace } = transaction;
  if (!('settledAt' in state) || !isSettled(state.status)) return;
  const sentAt = attempts[0]?.at ?? null;
  const line = {
    transaction: id,
    client,
    method,
    // A query may hold what is nobody's business.
    path: path.split('?', 1)[0],
    operation: policy.operation,
    lane: place.lane,
    status: state.status,
    responseStatus: answer?.status ?? null,
    attempts: attempts.length,
    durationMs: state.settledAt - receivedAt,
    heldMs: (sentAt ?? state.settledAt) - receivedAt,
    reason: state.reason,
    ...(trace === undefined ? {} : { traceId: trace.traceparent.split('-')[1] }),
  };
  log[state.status === 'completed' ? 'info' : 'warn'](line, `transaction ${state.status}`);
}
