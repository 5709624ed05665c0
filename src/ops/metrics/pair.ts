/**
 * The pair as this replica sees it: gate, epoch, what each address was asked and answered, and how long the phases of a
 * switchover took. A phase is observed by the replica that noticed the switchover, once.
 */
import type { Health, Observation } from '../../domain/health.ts';
import type { SwitchoverRecord } from '../../journal/journal.ts';
import type { Coordinator } from '../../pair/coordinator.ts';
import type { PairView } from '../pair-view.ts';
import { type Instruments, oneOf } from './instruments.ts';

const probeBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5];
const phaseBuckets = [1, 5, 15, 30, 60, 90, 120, 180, 240, 300, 420, 600, 900, 1800];
const healths: readonly Health[] = ['ready', 'starting', 'down'];
const roles = ['active', 'standby', 'unknown'] as const;
const modes = ['open', 'holding', 'draining'] as const;
/** The VIP among addresses: its own is known to who configured it. */
const vip = 'vip';

export interface PairSources {
  readonly coordinator: Coordinator;
  readonly nodes: readonly string[];
  readonly pair: { view(): PairView };
}

export class PairMetrics {
  readonly #instruments: Instruments;
  readonly #switchovers;
  readonly #phases;
  /** Phases of which epoch were observed last. */
  readonly #observed = { ready: 0, recovered: 0 };

  constructor(instruments: Instruments) {
    this.#instruments = instruments;
    this.#switchovers = instruments.counter({
      name: 'switchovers_total',
      help: 'Ends of an epoch that this replica has seen.',
    });
    this.#phases = instruments.histogram(
      {
        name: 'switchover_seconds',
        help: 'Phases of the switchovers that this replica noticed: from detection to ready, and from there until all that it interrupted was on its way again.',
        labels: ['phase'],
        from: [{ phase: 'ready' }, { phase: 'recovered' }],
      },
      phaseBuckets,
    );
  }

  watch({ coordinator, nodes, pair }: PairSources): void {
    coordinator.listen({ epochEnded: () => this.#switchovers.inc() });
    this.#probes(coordinator, nodes);
    const instruments = this.#instruments;
    instruments.gauge({ name: 'epoch', help: 'The current epoch.', read: () => coordinator.epoch });
    instruments.gauge({
      name: 'gate_open',
      help: '1 if the gate is open, else 0.',
      read: () => (coordinator.isOpen ? 1 : 0),
    });
    instruments.gauges({
      name: 'gate_mode',
      help: 'The gate: 1 for the mode that it is in and why, 0 for the others.',
      labels: ['mode', 'reason'],
      read: () => {
        const { mode, reason } = coordinator.gate();
        return oneOf(modes, mode, (each) => ({ mode: each, reason: each === mode ? reason : 'none' }));
      },
    });
    instruments.gauges({
      name: 'health',
      help: 'What probes conclude of the VIP and of each node: 1 for what it is, 0 for the others.',
      labels: ['target', 'health'],
      read: () => {
        const { vipHealth, nodes: seen } = pair.view();
        const targets = [{ address: vip, health: vipHealth.health }, ...seen];
        return targets.flatMap(({ address: target, health }) =>
          oneOf(healths, health, (each) => ({ target, health: each })),
        );
      },
    });
    instruments.gauges({
      name: 'node_role',
      help: 'The role that each node is seen in: 1 for what it is, 0 for the others.',
      labels: ['node', 'role'],
      read: () =>
        pair
          .view()
          .nodes.flatMap(({ address: node, role: current }) => oneOf(roles, current, (role) => ({ node, role }))),
    });
    instruments.gauge({
      name: 'warnings',
      help: 'Things that the gateway runs with although it should not; /v1/pair names them.',
      read: () => pair.view().warnings.length,
    });
  }

  /** A switchover's record was written: it is written anew when a phase ends, and when its cause is learnt. */
  switchover({ epoch, detectedAt, readyAt, recoveredAt }: SwitchoverRecord): void {
    if (readyAt !== null && epoch > this.#observed.ready) {
      this.#observed.ready = epoch;
      this.#phases.observe({ phase: 'ready' }, (readyAt - detectedAt) / 1000);
    }
    if (readyAt !== null && recoveredAt !== null && epoch > this.#observed.recovered) {
      this.#observed.recovered = epoch;
      this.#phases.observe({ phase: 'recovered' }, (recoveredAt - readyAt) / 1000);
    }
  }

  /** The coordinator tells that something changed; what changed is read off its state. */
  #probes(coordinator: Coordinator, nodes: readonly string[]): void {
    const targets = [vip, ...nodes];
    const probes = this.#instruments.counter({
      name: 'probes_total',
      help: 'Health questions to the VIP and to each node, by what they were answered.',
      labels: ['target', 'outcome'],
      from: targets.flatMap((target) => healths.map((outcome) => ({ target, outcome }))),
    });
    const durations = this.#instruments.histogram(
      {
        name: 'probe_seconds',
        help: 'Health questions until their answer, or until they were given up.',
        labels: ['target'],
        from: targets.map((target) => ({ target })),
      },
      probeBuckets,
    );
    const last = new Map<string, Observation>();
    const see = (target: string, observation: Observation | null | undefined): void => {
      if (observation === null || observation === undefined || last.get(target) === observation) return;
      last.set(target, observation);
      probes.inc({ target, outcome: observation.health });
      durations.observe({ target }, (observation.endedAt - observation.at) / 1000);
    };
    const changed = (): void => {
      const { state } = coordinator;
      see(vip, state.vip.last);
      for (const node of nodes) see(node, state.nodes[node]?.last);
    };
    coordinator.listen({ changed });
  }
}
