/** Whether the pair and the journal agree: nothing lost, nothing doubled, each lane in its order, and what stands stands. */
import { doubledEffects } from '../../src/sim/ledger.ts';
import { type Execution, grouped, type View, type Views, type Violation, violation } from './views.ts';

const settled: ReadonlySet<string> = new Set(['completed', 'failed', 'abandoned']);

/** Nothing accepted is lost: all that was told of is there and settled, and nothing reached ESC that is not there. */
export function lost({ all, byId, ledgers, strangers }: Views): Violation[] {
  const unknown = ledgers.clients.orders.flatMap((order) =>
    order.tries
      .filter(({ transaction }) => transaction !== undefined && !byId.has(transaction))
      .map(({ transaction = '', status }) => ({
        rule: 'told, and not in the journal',
        says: `${status} of ${transaction}`,
        transaction,
        order: order.id,
      })),
  );
  const unexplained = strangers.map((request) => ({
    rule: 'at ESC, and not in the journal',
    says: JSON.stringify(request),
    transaction: null,
    order: request.headers['client-transaction-id'] ?? null,
  }));
  const open = all
    .filter(({ entry }) => !settled.has(entry.status) || (entry.reason ?? '') === '')
    .map((view) => violation('not settled with a reason', view, `it is ${view.entry.status}`));
  const wrong = all.flatMap((view) => {
    const { entry, order, executions } = view;
    const last = entry.attempts.at(-1)?.number ?? 0;
    const unsaid = executions.filter(({ as }) => as.attempt > last).map(() => 'an attempt that it does not say');
    const other = order !== null && (order.method !== entry.method || order.path !== entry.path);
    return [
      ...unsaid,
      ...(other ? [`it is ${entry.method} ${entry.path}, and was told as ${order.method} ${order.path}`] : []),
    ].map((says) => violation('the journal tells another story', view, says));
  });
  return [...unknown, ...unexplained, ...open, ...wrong];
}

/** Nothing is doubled in effect; what policies let be sent again is one attempt more in the journal each time. */
export function doubled({ all, ledgers }: Views): Violation[] {
  const created = doubledEffects(ledgers.pair.effects).map((effect) => ({
    rule: 'doubled on the VIM',
    says: JSON.stringify(effect),
    transaction: all.find(({ effects }) => effects.includes(effect))?.entry.id ?? null,
    order: null,
  }));
  const sent = all.flatMap((view) =>
    [...grouped(view.executions, ({ as }) => `${as.attempt} ${as.isCleanUp}`).values()]
      .filter((group) => group.length > 1)
      .map((group) => violation('one attempt executed more than once', view, `${group.length} times`)),
  );
  const unrepeatable = all
    .filter(({ executions }) => executions.some(({ request }) => request.body.includes('>REBOOT<')))
    .filter(({ effects }) => new Set(effects.map(({ transaction }) => transaction)).size > 1)
    .map((view) => violation('what may not be repeated was repeated', view, 'rebooted more than once'));
  const keyed = grouped(
    all.filter(({ entry }) => entry.idempotencyKey !== null && entry.status !== 'abandoned'),
    ({ entry }) => entry.idempotencyKey ?? '',
  );
  const keys = [...keyed.values()]
    .filter((views) => views.length > 1)
    .flatMap((views) =>
      views.map((view) => violation('one key, several transactions', view, `${views.length} of them`)),
    );
  return [...created, ...sent, ...unrepeatable, ...keys];
}

/** What ESC took, or may have taken: what it refused has no place in an order of effects. */
const isTaken = ({ request }: Execution): boolean => request.status === undefined || request.status < 400;

/** In each lane ESC takes the transactions in the order of their arrival, and none again after a later one (R8, R10). */
export function reordered({ all }: Views): Violation[] {
  return [...grouped(all, ({ entry }) => entry.lane).values()].flatMap((views) => {
    const found: Violation[] = [];
    let last: { index: number; view: View } | null = null;
    for (const view of views) {
      const taken = view.executions.filter(isTaken).map(({ index }) => index);
      if (taken.length === 0) continue;
      if (last !== null && Math.min(...taken) < last.index) {
        found.push(violation('out of order', view, `${last.view.entry.id} came before it, and was taken after it`));
      }
      const index = Math.max(...taken);
      if (last === null || index > last.index) last = { index, view };
    }
    return found;
  });
}

const typeOf = (path: string): string => /\/(tenant|network|deployment)s\/[^/]+$/.exec(path)?.[1] ?? '';

/** What the journal says was completed last of a resource is how it stands on the VIM. */
export function standing({ all, ledgers }: Views): Violation[] {
  const there = new Set(ledgers.pair.standing);
  const ends = all.filter(
    ({ entry }) => entry.method !== 'PUT' && typeOf(entry.path) !== '' && entry.status === 'completed',
  );
  return [...grouped(ends, ({ entry }) => entry.path).values()].flatMap((views) => {
    const last = views.at(-1);
    if (last === undefined) return [];
    const { method, path } = last.entry;
    const name = `${typeOf(path)} ${path.split('/').at(-1)}`;
    if (there.has(name) === (method === 'POST')) return [];
    return [
      violation(
        'done in the journal, not on the VIM',
        last,
        `${method} was completed, and ${name} ${method === 'POST' ? 'is absent' : 'stands'}`,
      ),
    ];
  });
}
