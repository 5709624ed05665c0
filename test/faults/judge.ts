/**
 * The oracle: what the promises say must come of a cell, whatever befell it. The three ledgers are held against each other
 * as after a chaos run, and against what the contract and the rules say besides; nothing here knows what a fault does,
 * but for how often it may make a report come twice.
 */
import { audit } from '../chaos/audit.ts';
import type { JournalEntry, Ledgers, Order } from '../chaos/ledgers.ts';
import { type View, type Violation, viewsOf, violation } from '../chaos/views.ts';
import { isAllowed } from './allowed-answers.ts';
import type { Cell } from './table.ts';

export interface Evidence {
  readonly ledgers: Ledgers;
  /** As it stood before an operator resolved what was left to one. */
  readonly atRest: readonly JournalEntry[];
  readonly reads: readonly Order[];
  readonly cells: ReadonlyMap<string, Cell>;
}

export function judge(evidence: Evidence): Violation[] {
  const { ledgers } = evidence;
  const views = viewsOf(ledgers).all;
  return [
    // Who may hear a report twice is told by the cell, and not by a time of trouble.
    ...audit(ledgers).filter(
      (each) =>
        each.rule !== 'heard twice without a reason' && !isKnown(each, evidence) && !isRefused(each, evidence.ledgers),
    ),
    ...ledgers.clients.orders.flatMap(answers),
    ...evidence.reads.flatMap(reads),
    ...journaledReads(ledgers),
    ...atRest(evidence),
    ...views.flatMap(notSent),
    ...views.flatMap(repeated),
    ...views.flatMap((view) => heardAgain(view, evidence.cells)),
    ...views.flatMap((view) => failed(view, evidence)),
  ];
}

/**
 * Not what the rule means. A look that gets a page with 404 is repeated once the application has answered something else
 * (ADR 0030), and a second page is ESC's word: a container that starts gives pages of everything, the fault, several times,
 * of one resource alone.
 */
function isKnown({ rule, transaction }: Violation, { ledgers, cells }: Evidence): boolean {
  const view = viewsOf(ledgers).byId.get(transaction ?? '');
  const { hit, kind, times } = cells.get(view?.order?.id ?? '') ?? {};
  const isPage = hit !== undefined && 'fault' in hit && hit.fault.name === 'starting-container-404';
  return isPage && times !== 1 && kind === 'DELETE' && rule === 'done in the journal, not on the VIM';
}

/** R30: a receiver that answers 4xx makes a dead letter of what it will not take. */
function isRefused({ rule, transaction }: Violation, { journal }: Ledgers): boolean {
  if (rule !== 'a report was given up' && rule !== 'no completion') return false;
  const entry = journal.find(({ id }) => id === transaction);
  const callbacks = entry === undefined ? [] : attemptsOf(entry).flatMap((attempt) => attempt.callbacks);
  const dead = callbacks.filter(({ delivery }) => delivery === 'dead');
  return dead.length > 0 && dead.every(({ evidence = '' }) => /answered 4(?!08|29)\d\d/.test(evidence));
}

type Attempt = JournalEntry['attempts'][number] & {
  readonly status?: number;
  readonly epoch?: number;
  readonly callbacks: readonly {
    readonly delivery: string;
    readonly evidence?: string;
  }[];
};

/** With what the ops API says of them besides. */
const attemptsOf = ({ attempts }: JournalEntry): readonly Attempt[] => attempts;

const ofOrder = (rule: string, { id }: Order, says: string): Violation => ({
  rule,
  says,
  transaction: null,
  order: id,
});

/** Contract section 3: only what is in its table, and in the end every client knows. */
function answers(order: Order): Violation[] {
  const odd = order.tries.filter((each) => !isAllowed(order, each));
  const last = order.tries.at(-1);
  return [
    ...odd.map((each) => ofOrder('an answer that the contract does not know', order, JSON.stringify(each))),
    ...(last?.came === 'answer' && last.problem === undefined
      ? []
      : [ofOrder('its client was told nothing in the end', order, JSON.stringify(last))]),
  ];
}

/** A read is answered by ESC, or by an error of the gateway, in bounded time. */
function reads(order: Order): Violation[] {
  const odd = order.tries.filter((each) => !isAllowed(order, each));
  return [
    ...odd.map((each) => ofOrder('an answer that the contract does not know', order, JSON.stringify(each))),
    ...(order.tries.at(-1)?.came === 'answer' ? [] : [ofOrder('a read was never answered', order, '')]),
  ];
}

function journaledReads({ journal }: Ledgers): Violation[] {
  return journal
    .filter(({ method }) => ['GET', 'HEAD', 'OPTIONS'].includes(method))
    .map(({ id, method }) => ({ rule: 'a read was journaled', says: method, transaction: id, order: null }));
}

/** What may be left to an operator, with a reason: what nobody can look up (R17), and what a switchover left unfinished in ESC (R15, R18). */
function atRest({ ledgers, atRest: journal, cells }: Evidence): Violation[] {
  const views = viewsOf({ ...ledgers, journal }).all;
  return views.flatMap((view) => {
    const { entry, order } = view;
    if (entry.status !== 'awaiting-operator') return [];
    const cell = cells.get(order?.id ?? '');
    const wasDropped = cell === undefined || cell.phase === 'during' || cell.phase === 'replay';
    const mayBe = cell?.kind === 'REBOOT' || wasDropped;
    return [
      ...((entry.reason ?? '') === '' ? [violation('left to an operator without a reason', view, '')] : []),
      ...(mayBe ? [] : [violation('left to an operator without need', view, entry.reason ?? '')]),
    ];
  });
}

/** `sent: no` means that nothing reached ESC, then or later. */
function notSent(view: View): Violation[] {
  const { tries, executions } = view;
  return tries
    .filter(({ sent }) => sent === 'no' && executions.length > 0)
    .map((each) => violation('told that it was not sent, and sent', view, JSON.stringify(each)));
}

/**
 * At most once more for each attempt that the journal says is in doubt. An update is an action in this: one that a look finds
 * under way from before a switchover is sent again (R16), and ESC may take it again, to the same end.
 */
function repeated(view: View): Violation[] {
  const { entry, order, effects } = view;
  if (order?.kind !== 'update' && order?.kind !== 'action') return [];
  const done = new Set(effects.map(({ transaction }) => transaction)).size;
  const attempts = attemptsOf(entry);
  const last = attempts.at(-1)?.epoch ?? 0;
  const doubts = attempts.filter(({ outcome, epoch = 0 }) => outcome === 'unknown' || epoch < last).length;
  return done <= 1 + doubts
    ? []
    : [violation('done more often than it may', view, `${done} times, ${doubts} in doubt`)];
}

/** Once by default; again only where the answer of the client's own receiver was lost. */
function heardAgain(view: View, cells: ReadonlyMap<string, Cell>): Violation[] {
  const cell = cells.get(view.order?.id ?? '');
  const isLost = cell?.link === 'deliveries' && (!('fault' in cell.hit) || cell.hit.way === 'back');
  const mayBe = 1 + (isLost ? (cell?.times ?? 0) : 0);
  const counts = new Map<string, number>();
  for (const { delivery } of view.heard) counts.set(delivery, (counts.get(delivery) ?? 0) + 1);
  return [...counts]
    .filter(([, count]) => count > mayBe)
    .map(([delivery, count]) => violation('told more than once without a reason', view, `${delivery}: ${count} times`));
}

/** What failed was refused by ESC, in an attempt that the journal shows; or an operator said so. */
function failed(view: View, { atRest: journal }: Evidence): Violation[] {
  const { entry } = view;
  const wasLeft = journal.some(({ id, status }) => id === entry.id && status === 'awaiting-operator');
  if (entry.status !== 'failed' || wasLeft) return [];
  if (attemptsOf(entry).some(({ status = 0 }) => status >= 400)) return [];
  return [violation('failed without a word of ESC', view, entry.reason ?? '')];
}
