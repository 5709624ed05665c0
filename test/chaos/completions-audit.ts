/** Whether each completion was delivered: at least once, one and the same, in order, and twice only around a trouble (R23, R30). */

import type { Disturbance, Heard } from './ledgers.ts';
import { leaseMs } from './stage.ts';
import { grouped, type View, type Views, type Violation, violation } from './views.ts';

/** How long after a trouble its consequences may come: an adoption, and a back-off of the relay. */
const aftermathMs = 10 * leaseMs;

const numberOf = ({ delivery }: Heard): number => Number(delivery.split('-').at(-1));

export function undelivered({ all, ledgers }: Views): Violation[] {
  return all.flatMap((view) => ofTransaction(view, ledgers.disturbances));
}

function ofTransaction(view: View, disturbances: readonly Disturbance[]): Violation[] {
  const { entry, order, heard } = view;
  const found: Violation[] = [];
  const complain = (rule: string, says: string): void => void found.push(violation(rule, view, says));
  if (order === null) return found;
  // All of ESC's own have an event; one made up has none when its request could not be read (northbound/made-up.ts).
  const terminal = heard.filter(({ event }) => event === order.ends || event === '');
  const names = new Set(terminal.map(({ delivery }) => delivery));
  if (names.size > 1) complain('completed twice for the client', [...names].join(' '));
  if (isOwed(view) && terminal.length === 0) complain('no completion', `${entry.status}, ${order.ends} was not heard`);
  const wanted = entry.status === 'completed' ? '200' : null;
  for (const { status } of terminal) {
    const isWell = status.startsWith('2');
    if (isWell !== (wanted !== null))
      complain('a completion that says otherwise', `${status} of what is ${entry.status}`);
  }
  const callbacks = entry.attempts.flatMap((attempt) => attempt.callbacks);
  for (const { id, delivery } of callbacks) {
    const times = heard.filter((each) => each.delivery === id);
    if (delivery === 'dead') complain('a report was given up', id);
    if (delivery === 'delivered' && times.length === 0) complain('delivered, and not heard', id);
    if (times.length > 1 && !isAround(times, disturbances))
      complain('heard twice without a reason', JSON.stringify(times));
  }
  const firsts = [...grouped(heard, ({ delivery }) => delivery).values()].flatMap(([first]) => first ?? []);
  const isOrdered = firsts.every((each, index) => index === 0 || numberOf(firsts[index - 1] ?? each) < numberOf(each));
  if (!isOrdered) complain('reports out of order', firsts.map(({ delivery }) => delivery).join(' '));
  return found;
}

/** Whom ESC or the gateway told that it is on its way, and who has not been told by the answer that it failed. */
function isOwed({ entry, tries }: View): boolean {
  if (entry.status === 'abandoned') return false;
  const isPromised = tries.some(({ status }) => status === 202);
  return isPromised || (entry.responseStatus !== null && entry.responseStatus < 300);
}

function isAround(times: readonly Heard[], disturbances: readonly Disturbance[]): boolean {
  const [first, last] = [times[0]?.at ?? 0, times.at(-1)?.at ?? 0];
  return disturbances.some(({ mayRepeat, from, to }) => mayRepeat && from < last && to + aftermathMs > first);
}
