/**
 * The verdict, from ledgers that do not know of each other: what the orchestrator sent, was answered and was told of the
 * end, what the journal holds, what ESC executed, what took effect on the VIM. Pure. A request is judged by its
 * resource's id, since every request of the demo is a create of its own resource.
 */
import type { Transaction } from '../../domain/transaction.ts';
import { doubledEffects, type Effect, type ExecutedRequest } from '../../sim/ledger.ts';
import { type Kind, kinds } from './bodies.ts';
import { isGranted, type Sent, terminalReports } from './orchestrator.ts';

export interface Ledgers {
  readonly book: readonly Sent[];
  readonly transactions: readonly Transaction[];
  readonly effects: readonly Effect[];
  readonly executed: readonly ExecutedRequest[];
  /** When the pair began each switchover. */
  readonly switchoversAt: readonly number[];
  /** Reports that came to a URL of no request. */
  readonly strayReports: number;
}

/** Counts of requests. */
export interface Counts {
  sent: number;
  /** With a final 2xx. */
  answered: number;
  /** With a report that it ended well. */
  completed: number;
  /** Sent to ESC again after an attempt of unknown outcome. */
  replayed: number;
  /** Answered, and ESC went away before it had told the end: the gateway made it good, or it counts as lost. */
  dropped: number;
  /** No 2xx, no end in the journal, no report of the end, or nothing of it on the VIM. */
  lost: number;
  /** More than one effect, more than one report of the end, or 409 to a client that sent it once. */
  doubled: number;
  /** A report under another transaction id than the answer's, or of a failure. */
  misTold: number;
  /** Executed by ESC before what it stands on. */
  outOfOrder: number;
}

export interface Judgement {
  readonly byKind: Readonly<Record<Kind, Counts>>;
  readonly all: Counts;
}

export function judge(ledgers: Ledgers): Judgement {
  const facts = factsOf(ledgers);
  const byKind = Object.fromEntries(kinds.map((kind) => [kind, noCounts()])) as Record<Kind, Counts>;
  for (const sent of ledgers.book) add(byKind[sent.order.kind], judgeOne(sent, facts));
  const all = noCounts();
  for (const kind of kinds) add(all, byKind[kind]);
  all.misTold += ledgers.strayReports;
  return { byKind, all };
}

/** Whether everything took effect exactly once, in order, and was told once and under the id that the client knows. */
export const isClean = ({ all }: Judgement): boolean =>
  all.lost === 0 && all.doubled === 0 && all.misTold === 0 && all.outOfOrder === 0;

/** Whether it went to ESC again after ESC had not answered. */
export function isReplayed({ attempts }: Transaction): boolean {
  const firstUnknown = attempts.findIndex(({ outcome }) => outcome === 'unknown');
  return firstUnknown >= 0 && firstUnknown < attempts.length - 1;
}

interface Facts {
  readonly transactions: ReadonlyMap<string, readonly Transaction[]>;
  /** What is on the VIM at the end. */
  readonly standing: ReadonlySet<string>;
  readonly doubled: ReadonlySet<string>;
  readonly switchoversAt: readonly number[];
  /** Place of the first execution, and of the first that ESC took. */
  readonly firstExecuted: ReadonlyMap<string, number>;
  readonly firstTaken: ReadonlyMap<string, number>;
}

function factsOf({ transactions, effects, executed, switchoversAt }: Ledgers): Facts {
  const standing = new Set<string>();
  for (const { kind, id } of effects) {
    if (kind === 'created') standing.add(id);
    else if (kind === 'deleted') standing.delete(id);
  }
  const creates = executed.map((request, index) => ({ ...request, index })).filter(({ method }) => method === 'POST');
  // Executed and never answered: ESC had stored it when it died.
  const taken = creates.filter(({ status }) => status === undefined || status < 300);
  const firstOf = (requests: typeof creates): Map<string, number> =>
    new Map(requests.toReversed().map(({ path, index }) => [idOf(path), index]));
  return {
    transactions: Map.groupBy(transactions, ({ path }) => idOf(path)),
    standing,
    doubled: new Set(doubledEffects(effects).map(({ id }) => id.split('/')[0] ?? id)),
    switchoversAt,
    firstExecuted: firstOf(creates),
    firstTaken: firstOf(taken),
  };
}

function judgeOne(sent: Sent, facts: Facts): Counts {
  const { id, after } = sent.order;
  const transactions = facts.transactions.get(id) ?? [];
  const isAnswered = isGranted(sent);
  const isDone = isAnswered && transactions.some(({ state }) => state.status === 'completed');
  const ends = terminalReports(sent);
  const isCompleted = ends.some(({ says }) => says.endsWith(' SUCCESS'));
  const isConflict = sent.result?.kind === 'answered' && sent.result.status === 409;
  const at = facts.firstExecuted.get(id);
  const isEarly = at !== undefined && after.some((ancestor) => (facts.firstTaken.get(ancestor) ?? at) >= at);
  return {
    sent: 1,
    answered: Number(isAnswered),
    completed: Number(isCompleted),
    replayed: Number(transactions.some(isReplayed)),
    dropped: Number(wasDropped(sent, facts)),
    lost: Number(!(isDone && isCompleted && facts.standing.has(id))),
    doubled: Number(facts.doubled.has(id) || isConflict || ends.length > 1),
    misTold: Number(isMisTold(sent)),
    outOfOrder: Number(isEarly),
  };
}

/** Whether a switchover came between its answer and the report of its end. */
function wasDropped(sent: Sent, { switchoversAt }: Facts): boolean {
  if (!isGranted(sent) || sent.result === null) return false;
  const answeredAt = sent.result.at;
  const endedAt = terminalReports(sent)[0]?.at ?? Number.POSITIVE_INFINITY;
  return switchoversAt.some((at) => answeredAt <= at && at < endedAt);
}

/** Who was never answered knows no id: that one is lost. */
function isMisTold({ result, reports }: Sent): boolean {
  const isAnswered = result?.kind === 'answered';
  const known = isAnswered ? result.escTransaction : undefined;
  return reports.some(
    ({ says, escTransaction }) => (isAnswered && escTransaction !== known) || !says.endsWith(' SUCCESS'),
  );
}

/** Whether ESC gave it more than one id on the way, and every report bore the one that the client knows. */
export function hasKeptId(sent: Sent, { attempts }: Transaction): boolean {
  const given = attempts.flatMap(({ kind, escTransactionId: id }) => (kind === 'send' && id !== undefined ? [id] : []));
  return new Set(given).size > 1 && sent.reports.length > 0 && !isMisTold(sent);
}

const idOf = (path: string): string => path.split('/').at(-1) ?? path;

const noCounts = (): Counts => ({
  sent: 0,
  answered: 0,
  completed: 0,
  replayed: 0,
  dropped: 0,
  lost: 0,
  doubled: 0,
  misTold: 0,
  outOfOrder: 0,
});

function add(sum: Counts, counts: Counts): void {
  for (const name of Object.keys(sum) as (keyof Counts)[]) sum[name] += counts[name];
}
