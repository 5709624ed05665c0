/** The three ledgers, indexed by transaction: what is known of each from every side. It judges nothing. */
import type { Effect, ExecutedRequest } from '../../src/sim/ledger.ts';
import { attemptOf, type SentAs } from './attempts.ts';
import type { Heard, JournalEntry, Ledgers, Order, Try } from './ledgers.ts';

/** A request that the pair executed, and its place in the order of execution. */
export interface Execution {
  readonly index: number;
  readonly request: ExecutedRequest;
  readonly as: SentAs;
}

/** One transaction from every side. */
export interface View {
  readonly entry: JournalEntry;
  readonly executions: readonly Execution[];
  /** On the VIM, of these executions. */
  readonly effects: readonly Effect[];
  /** The order it came from; null: the pair and the clients know nothing of it. */
  readonly order: Order | null;
  /** What was told with its name. */
  readonly tries: readonly Try[];
  /** What was heard of it, in the order of hearing. */
  readonly heard: readonly Heard[];
}

export interface Violation {
  readonly rule: string;
  readonly says: string;
  readonly transaction: string | null;
  readonly order: string | null;
}

export interface Views {
  readonly all: readonly View[];
  readonly byId: ReadonlyMap<string, View>;
  readonly ledgers: Ledgers;
  /** Requests at the pair that no journal entry explains. */
  readonly strangers: readonly ExecutedRequest[];
}

export function grouped<Item>(items: Iterable<Item>, keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

export function viewsOf(ledgers: Ledgers): Views {
  const { clients, journal, pair } = ledgers;
  const executions: Execution[] = [];
  const strangers: ExecutedRequest[] = [];
  const known = new Set(journal.map(({ id }) => id));
  for (const [index, request] of pair.requests.entries()) {
    const as = attemptOf(request);
    if (as !== null && known.has(as.transaction)) executions.push({ index, request, as });
    else strangers.push(request);
  }
  const sent = grouped(executions, ({ as }) => as.transaction);
  const effects = grouped(pair.effects, ({ transaction }) => transaction);
  const told = grouped(
    clients.orders.flatMap((order) => order.tries.map((each) => ({ order, each }))),
    ({ each }) => each.transaction ?? '',
  );
  const heard = grouped(clients.heard, ({ delivery }) => delivery.replace(/-\d+$/, ''));
  const orders = new Map(clients.orders.map((order) => [order.id, order]));
  const all = journal.map((entry): View => {
    const own = sent.get(entry.id) ?? [];
    const tries = told.get(entry.id) ?? [];
    const name =
      tries[0]?.order.id ?? own[0]?.request.headers['client-transaction-id'] ?? heard.get(entry.id)?.[0]?.order;
    return {
      entry,
      executions: own,
      effects: own.flatMap(({ request }) => effects.get(request.transaction) ?? []),
      order: orders.get(name ?? '') ?? null,
      tries: tries.map(({ each }) => each),
      heard: heard.get(entry.id) ?? [],
    };
  });
  return { all, byId: new Map(all.map((view) => [view.entry.id, view])), ledgers, strangers };
}

/** Of one transaction. */
export const violation = (rule: string, { entry, order }: View, says: string): Violation => ({
  rule,
  says,
  transaction: entry.id,
  order: order?.id ?? null,
});
