/**
 * The verdict, from ledgers that do not know of each other: what the orchestrator sent and was answered, what the journal
 * holds, what ESC executed and stored, what took effect on the VIM. Pure. A request is judged by its resource's id, since
 * every request of the demo is a create of its own resource.
 */
import type { Transaction } from '../../domain/transaction.ts';
import { doubledEffects, type Effect, type ExecutedRequest } from '../../sim/ledger.ts';
import type { Resource } from '../../sim/resources.ts';
import { type Kind, kinds } from './bodies.ts';
import { isGranted, type Sent } from './orchestrator.ts';

export interface Ledgers {
  readonly book: readonly Sent[];
  readonly transactions: readonly Transaction[];
  readonly effects: readonly Effect[];
  readonly resources: readonly Resource[];
  readonly executed: readonly ExecutedRequest[];
  /** When the last switchover began; what ESC accepted before may have been dropped by it. 0: there was none. */
  readonly lastSwitchoverAt: number;
}

/** Counts of requests. */
export interface Counts {
  sent: number;
  /** With a final 2xx. */
  answered: number;
  /** Sent to ESC again after an attempt of unknown outcome. */
  replayed: number;
  /** No 2xx, not completed in the journal, or neither an effect nor an excuse for it. */
  lost: number;
  /** More than one effect, or 409 to a client that sent it once. */
  doubled: number;
  /** Executed by ESC before what it stands on. */
  outOfOrder: number;
  /** Accepted and stored by ESC, which dropped the work in a switchover: no effect. */
  dropped: number;
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
  return { byKind, all };
}

/** Whether everything took effect exactly once and in order, but for what ESC itself dropped after accepting it. */
export const isClean = ({ all }: Judgement): boolean => all.lost === 0 && all.doubled === 0 && all.outOfOrder === 0;

/** Whether it went to ESC again after ESC had not answered. */
export function isReplayed({ attempts }: Transaction): boolean {
  const firstUnknown = attempts.findIndex(({ outcome }) => outcome === 'unknown');
  return firstUnknown >= 0 && firstUnknown < attempts.length - 1;
}

interface Facts {
  readonly transactions: ReadonlyMap<string, readonly Transaction[]>;
  readonly created: ReadonlySet<string>;
  readonly doubled: ReadonlySet<string>;
  readonly dropped: ReadonlySet<string>;
  /** Place of the first execution, and of the first that ESC took. */
  readonly firstExecuted: ReadonlyMap<string, number>;
  readonly firstTaken: ReadonlyMap<string, number>;
}

function factsOf({ transactions, effects, resources, executed, lastSwitchoverAt }: Ledgers): Facts {
  const created = new Set(effects.filter(({ kind }) => kind === 'created').map(({ id }) => id));
  const executedAt = new Map(executed.map(({ transaction, at }) => [transaction, at]));
  const dropped = resources.filter(({ state, transaction }) => {
    const at = executedAt.get(transaction);
    return state.is === 'in-progress' && at !== undefined && at <= lastSwitchoverAt;
  });
  const creates = executed.map((request, index) => ({ ...request, index })).filter(({ method }) => method === 'POST');
  // Executed and never answered: ESC had stored it when it died.
  const taken = creates.filter(({ status }) => status === undefined || status < 300);
  const firstOf = (requests: typeof creates): Map<string, number> =>
    new Map(requests.toReversed().map(({ path, index }) => [idOf(path), index]));
  return {
    transactions: Map.groupBy(transactions, ({ path }) => idOf(path)),
    created,
    doubled: new Set(doubledEffects(effects).map(({ id }) => id.split('/')[0] ?? id)),
    dropped: new Set(dropped.map(({ id }) => id)),
    firstExecuted: firstOf(creates),
    firstTaken: firstOf(taken),
  };
}

function judgeOne(sent: Sent, facts: Facts): Counts {
  const { id, after } = sent.order;
  const transactions = facts.transactions.get(id) ?? [];
  const isAnswered = isGranted(sent);
  const isDone = isAnswered && transactions.some(({ state }) => state.status === 'completed');
  const hasEffect = facts.created.has(id);
  const isDropped = isDone && !hasEffect && facts.dropped.has(id);
  const isConflict = sent.result?.kind === 'answered' && sent.result.status === 409;
  const at = facts.firstExecuted.get(id);
  const isEarly = at !== undefined && after.some((ancestor) => (facts.firstTaken.get(ancestor) ?? at) >= at);
  return {
    sent: 1,
    answered: Number(isAnswered),
    replayed: Number(transactions.some(isReplayed)),
    lost: Number(!isDropped && !(isDone && hasEffect)),
    doubled: Number(facts.doubled.has(id) || isConflict),
    outOfOrder: Number(isEarly),
    dropped: Number(isDropped),
  };
}

const idOf = (path: string): string => path.split('/').at(-1) ?? path;

const noCounts = (): Counts => ({
  sent: 0,
  answered: 0,
  replayed: 0,
  lost: 0,
  doubled: 0,
  outOfOrder: 0,
  dropped: 0,
});

function add(sum: Counts, counts: Counts): void {
  for (const name of Object.keys(sum) as (keyof Counts)[]) sum[name] += counts[name];
}
