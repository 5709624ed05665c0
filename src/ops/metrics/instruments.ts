/**
 * The registry of a gateway and how its families are made: names begin with `northgate_`, base units, and every label
 * value that is known beforehand is there from the start with 0, so that a first event is seen as an increase.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

type Labels<Name extends string> = Readonly<Record<Name, string>>;

export interface Family<Name extends string> {
  /** Without the prefix. */
  readonly name: string;
  readonly help: string;
  /** Label sets that are there from the start. */
  readonly from?: readonly Labels<Name>[];
  readonly labels?: readonly Name[];
}

/** A gauge that is read when it is asked for. */
export interface Read {
  readonly name: string;
  readonly help: string;
  readonly read: () => number;
}

/** A gauge with labels that is read when it is asked for. */
export interface ReadAll<Name extends string> {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly Name[];
  /** Rejects or is empty: the family has no samples now. */
  readonly read: () => readonly [Labels<Name>, number][] | Promise<readonly [Labels<Name>, number][]>;
}

const prefix = 'northgate_';
/** Gauges that are named like counters; the same is told by type without the suffix. */
const misnamed = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

export class Instruments {
  readonly registry = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    for (const name of misnamed) this.registry.removeSingleMetric(name);
  }

  counter<Name extends string = never>({ name, help, labels = [], from = [] }: Family<Name>): Counter<Name> {
    const made = new Counter<Name>({ name: prefix + name, help, labelNames: [...labels], registers: [this.registry] });
    for (const each of from) made.inc({ ...each }, 0);
    return made;
  }

  histogram<Name extends string = never>(
    { name, help, labels = [], from = [] }: Family<Name>,
    buckets: readonly number[],
  ): Histogram<Name> {
    const made = new Histogram<Name>({
      name: prefix + name,
      help,
      labelNames: [...labels],
      buckets: [...buckets],
      registers: [this.registry],
    });
    for (const each of from) made.zero({ ...each });
    return made;
  }

  gauge({ name, help, read }: Read): void {
    new Gauge({
      name: prefix + name,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }

  gauges<Name extends string>({ name, help, labels, read }: ReadAll<Name>): void {
    new Gauge<Name>({
      name: prefix + name,
      help,
      labelNames: [...labels],
      registers: [this.registry],
      async collect() {
        const samples = await Promise.resolve()
          .then(read)
          .catch(() => []);
        this.reset();
        for (const [each, value] of samples) this.set({ ...each }, value);
      },
    });
  }
}

/** One sample for each of the states, 1 for the one that it is in and 0 for the others. */
export const oneOf = <Name extends string, State extends string>(
  states: readonly State[],
  current: State,
  labelled: (state: State) => Labels<Name>,
): [Labels<Name>, number][] => states.map((state) => [labelled(state), state === current ? 1 : 0]);
