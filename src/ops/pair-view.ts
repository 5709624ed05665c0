/**
 * The pair as operators see it: gate, epoch, nodes, switchovers, and how many transactions stand where.
 * It is told even while the journal is away: what the journal alone knows is then null or the last that was read.
 */
import Type, { type Static } from 'typebox';
import type { Verdict } from '../domain/health.ts';
import type { Status } from '../domain/transaction.ts';
import { statuses } from '../domain/transaction.ts';
import type { Journal, Lease, SwitchoverRecord } from '../journal/journal.ts';
import type { Holds } from '../northbound/holds.ts';
import { now } from '../pair/clock.ts';
import type { Coordinator } from '../pair/coordinator.ts';
import { type Aftermath, aftermathOf } from './aftermath.ts';
import { count, instant, named, nullable, nullableNamed, toInstant, toInstantOrNull, words } from './schema-kinds.ts';

const observedFields = {
  health: words(['ready', 'starting', 'down']),
  statusCode: nullable(Type.Integer({ description: 'Of the last health report.' })),
  stage: nullable(words(['INIT', 'READY'])),
  message: Type.String({ description: 'ESC’s, or what went wrong.' }),
  since: instant('Since when its health is this.'),
};

export const observedSchema = Type.Object(observedFields, {
  $id: 'Observed',
  description: 'What probes conclude of an address.',
});

export const nodeSchema = Type.Object(
  {
    address: Type.String(),
    role: words(['active', 'standby', 'unknown'], 'Observed, never assigned.'),
    ...observedFields,
  },
  { $id: 'Node' },
);

export const switchoverSchema = Type.Object(
  {
    epoch: Type.Integer({ minimum: 0, description: 'The epoch that it began.' }),
    cause: words(['failover', 'planned', 'unknown']),
    detectedAt: instant(),
    readyAt: nullable(instant()),
    recoveredAt: nullable(instant('When everything it interrupted was settled or on its way.')),
    from: nullable(Type.String()),
    to: nullable(Type.String()),
    held: count(),
    replayed: count(),
    reconciled: count(),
    completed: count(),
    abandoned: count(),
  },
  { $id: 'Switchover', description: 'The active role moved.' },
);

const countsSchema = Type.Object(Object.fromEntries(statuses.map((status) => [status, count()])));

const pairSchema = Type.Object(
  {
    vip: Type.String(),
    vipHealth: named<Static<typeof observedSchema>>('Observed'),
    gate: words(['open', 'holding', 'draining']),
    reason: words(['starting', 'switchover', 'settling', 'maintenance', 'operator', 'draining', 'none']),
    gateSince: instant('Since when the gate is this, for this reason; at the latest since this replica started.'),
    epoch: count(),
    activeNode: nullable(Type.String()),
    nodes: Type.Array(named<Static<typeof nodeSchema>>('Node')),
    lastSwitchover: nullableNamed<Static<typeof switchoverSchema>>('Switchover'),
    replica: Type.String({ description: 'Who answers: one gateway process among several.' }),
    held: Type.Object({ requests: count(), bytes: count() }),
    warnings: Type.Array(Type.String({ description: 'What the gateway runs with although it should not.' })),
  },
  { $id: 'Pair', description: 'The two ESC nodes and the gate, as this replica sees them.' },
);

export const replicaSchema = Type.Object(
  {
    name: Type.String(),
    isLive: Type.Boolean({ description: 'Its lease holds: nobody takes up its transactions.' }),
    leaseEndsAt: instant('By the journal’s clock.'),
  },
  {
    $id: 'Replica',
    description: 'One gateway process among several on one journal; those that ended are told for a day.',
  },
);

export const pairStatusSchema = Type.Object(
  {
    ...pairSchema.properties,
    transactions: nullable(Type.Unsafe<Record<Status, number>>(countsSchema)),
    replicas: nullable(Type.Array(named<Static<typeof replicaSchema>>('Replica'))),
  },
  { $id: 'PairStatus', description: 'The pair, and how many transactions have which status.' },
);

export type SwitchoverView = Static<typeof switchoverSchema>;
export type PairView = Static<typeof pairSchema>;
export type PairStatusView = Static<typeof pairStatusSchema>;

export interface PairReaderOptions {
  readonly replica: string;
  readonly vip: string;
  readonly nodes: readonly string[];
  readonly journal: Journal;
  readonly coordinator: Coordinator;
  readonly holds: Holds;
  readonly warnings: () => readonly string[];
}

const switchoversMax = 1000;

export class PairReader {
  readonly #options: PairReaderOptions;
  #lastRead: SwitchoverRecord | null = null;
  #gate = '';
  #gateSince = now();

  constructor(options: PairReaderOptions) {
    this.#options = options;
    options.coordinator.listen({ changed: () => this.#watchGate() });
  }

  #watchGate(): void {
    const { mode, reason } = this.#options.coordinator.gate();
    const gate = `${mode} ${reason}`;
    if (gate !== this.#gate) this.#gateSince = now();
    this.#gate = gate;
  }

  /** Never rejects. */
  async status(): Promise<PairStatusView> {
    const { journal } = this.#options;
    const transactions = await journal.counts().catch(() => null);
    const [newest = null] = await journal.switchovers(1).catch(() => []);
    this.#lastRead = newest ?? this.#lastRead;
    const leases = await journal.leases().catch(() => null);
    return { ...this.view(), transactions, replicas: leases === null ? null : leases.map(replicaView) };
  }

  /** From memory alone. */
  view(): PairView {
    const { replica, vip, nodes, coordinator, holds, warnings } = this.#options;
    // An opening after `settle` is told to nobody else.
    this.#watchGate();
    const { mode, reason } = coordinator.gate();
    const { state, activeNode, epoch } = coordinator;
    const last = newer(coordinator.switchovers.current, this.#lastRead);
    return {
      vip,
      vipHealth: observedView(state.vip),
      gate: mode,
      reason,
      gateSince: toInstant(this.#gateSince),
      epoch,
      activeNode,
      nodes: nodes.map((address) => nodeView(address, activeNode, state.nodes[address])),
      lastSwitchover: last === null ? null : switchoverView(last),
      replica,
      held: { requests: holds.count, bytes: holds.bytes },
      warnings: [...warnings()],
    };
  }

  /** One switchover with what became of each transaction that it touched; null: there is none. Rejects with JournalUnavailable. */
  async switchover(epoch: number): Promise<(Aftermath & { switchover: SwitchoverView }) | null> {
    const { journal, coordinator } = this.#options;
    const kept = (await journal.switchovers(switchoversMax)).find((record) => record.epoch === epoch);
    if (kept === undefined) return null;
    const { current } = coordinator.switchovers;
    const record = current?.epoch === epoch ? current : kept;
    return { switchover: switchoverView(record), ...(await aftermathOf(journal, record)) };
  }

  /** Newest first. Rejects with JournalUnavailable. */
  async switchovers(limit: number): Promise<SwitchoverView[]> {
    const { journal, coordinator } = this.#options;
    const { current } = coordinator.switchovers;
    const kept = await journal.switchovers(limit);
    // The one under way is counted in memory and written only at its turns.
    return kept.map((record) => switchoverView(record.epoch === current?.epoch ? current : record));
  }
}

const newer = (one: SwitchoverRecord | null, other: SwitchoverRecord | null): SwitchoverRecord | null =>
  one === null || (other !== null && other.epoch > one.epoch) ? other : one;

const replicaView = ({ replica, isLive, expiresAt }: Lease): Static<typeof replicaSchema> => ({
  name: replica,
  isLive,
  leaseEndsAt: toInstant(expiresAt),
});

const switchoverView = (record: SwitchoverRecord): SwitchoverView => ({
  ...record,
  detectedAt: toInstant(record.detectedAt),
  readyAt: toInstantOrNull(record.readyAt),
  recoveredAt: toInstantOrNull(record.recoveredAt),
});

function nodeView(address: string, activeNode: string | null, verdict: Verdict | undefined): Static<typeof nodeSchema> {
  const role = roleOf(address, activeNode, verdict?.last?.heard ?? false);
  return { address, role, ...observedView(verdict) };
}

function observedView(verdict: Verdict | undefined): Static<typeof observedSchema> {
  const last = verdict?.last ?? null;
  return {
    health: verdict?.health ?? 'down',
    statusCode: last?.statusCode ?? null,
    stage: last?.stage ?? null,
    message: last?.message ?? 'it has not been asked yet',
    since: toInstant(verdict?.since ?? 0),
  };
}

/** A node of which nothing is heard is seen to be nothing. */
function roleOf(address: string, activeNode: string | null, isHeard: boolean): 'active' | 'standby' | 'unknown' {
  if (activeNode === null || !isHeard) return 'unknown';
  return address === activeNode ? 'active' : 'standby';
}
