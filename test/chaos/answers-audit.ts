/** Whether no client was mis-told: by an answer, by a promise, by the status of its transaction, or by a refusal. */
import type { Disturbance, Order, Try } from './ledgers.ts';
import { isFinal } from './orchestrator.ts';
import { leaseMs } from './stage.ts';
import { type View, type Views, type Violation, violation } from './views.ts';

const isGood = ({ status = 0 }: Try): boolean => status >= 200 && status < 300;

/** What one transaction's clients were told, against the record and the VIM. */
export function mistold({ all, ledgers }: Views): Violation[] {
  return [
    ...all.flatMap(ofTransaction),
    ...ledgers.clients.orders.flatMap((order) => ofOrder(order, all, ledgers.disturbances)),
  ];
}

function ofTransaction(view: View): Violation[] {
  const { entry, tries, effects, executions, order } = view;
  const found: Violation[] = [];
  const complain = (rule: string, says: string): void => void found.push(violation(rule, view, says));
  const final = tries.filter(isFinal);
  const differing = final.filter(({ status }) => status !== entry.responseStatus);
  if (differing.length > 0) {
    complain('told other than recorded', `${differing.map(({ status }) => status)} for ${entry.responseStatus}`);
  }
  if (new Set(final.map(({ status, body }) => `${status} ${body}`)).size > 1) {
    complain('two different answers', JSON.stringify(final));
  }
  const ids = new Set([
    ...tries.map(({ escTransaction }) => escTransaction),
    ...view.heard.map((each) => each.escTransaction),
  ]);
  ids.delete(undefined);
  ids.delete('');
  if (ids.size > 1) complain('one transaction under two ids', [...ids].join(' '));
  if (final.some((each) => !isGood(each)) && entry.status !== 'failed')
    complain('told failed', `it is ${entry.status}`);
  if (entry.status === 'failed' && netEffects(view) > 0) complain('failed, and done', JSON.stringify(effects));
  const isBlind = entry.reason?.includes('not-observed') === true;
  const isUndone = entry.status === 'completed' && order !== null && order.kind !== 'delete' && effects.length === 0;
  if (isUndone && !isBlind) complain('completed, and not done', entry.reason ?? '');
  if (entry.status === 'abandoned' && executions.length > 0)
    complain('abandoned, and sent', `${executions.length} times`);
  if (isGivenUp(view)) complain('promised, and abandoned', entry.reason ?? '');
  const expired = tries.filter(({ problem }) => problem === 'hold-expired');
  if (expired.length > 0 && entry.status !== 'abandoned') complain('told that it expired', `it is ${entry.status}`);
  const asked = order?.asked.filter(({ transaction }) => transaction === entry.id) ?? [];
  if (asked.some(({ status }) => status !== entry.status))
    complain('its status was told otherwise', JSON.stringify(asked));
  return found;
}

/** Promised a result and then abandoned: only a person may take that back, and its client hears of it (R2). */
function isGivenUp({ entry, tries }: View): boolean {
  const isPromised = tries.some(({ status }) => status === 202);
  return isPromised && entry.status === 'abandoned' && entry.reason?.startsWith('cancelled by') !== true;
}

/** Effects that are left of it: of a create, what its clean-ups took away again does not count. */
function netEffects({ effects, order }: View): number {
  if (order?.kind !== 'create') return effects.length;
  const of = (kind: string): number => effects.filter((each) => each.kind === kind).length;
  return of('created') - of('deleted');
}

/**
 * Told that the journal did not take it, by a replica that was in trouble itself: the write may have been made unseen, and
 * its undoing is in that replica's memory only, so another one may send it. A known limit: docs/chaos.md.
 */
const isUndone = ({ problem, sent, at, endedAt }: Try, disturbances: readonly Disturbance[]): boolean =>
  problem === 'journal-unavailable' &&
  (sent === 'maybe' ||
    disturbances.some(({ mayRepeat, from, to }) => mayRepeat && from < endedAt + leaseMs && to > at - leaseMs));

function ofOrder(order: Order, all: readonly View[], disturbances: readonly Disturbance[]): Violation[] {
  const found: Violation[] = [];
  const complain = (rule: string, says: string): void =>
    void found.push({ rule, says, transaction: null, order: order.id });
  const odd = order.tries.filter(
    ({ problem, sent }) =>
      problem !== undefined && sent !== 'no' && !(problem === 'journal-unavailable' && sent === 'maybe'),
  );
  if (odd.length > 0) complain('an error of something that may be done', JSON.stringify(odd));
  if (
    order.key !== null &&
    new Set(order.tries.filter(isFinal).map(({ status, body }) => `${status} ${body}`)).size > 1
  ) {
    complain('two different answers for one key', JSON.stringify(order.tries.filter(isFinal)));
  }
  const isRefused =
    order.tries.length > 0 &&
    order.tries.every(({ problem, came }) => problem !== undefined || came === 'refused') &&
    !order.tries.some((each) => isUndone(each, disturbances));
  if (isRefused) {
    const sent = all.filter((view) => view.order === order && view.executions.length > 0);
    if (sent.length > 0) complain('told that it was not sent, and sent', sent.map(({ entry }) => entry.id).join(' '));
  }
  return found;
}
