/**
 * The network between the replicas and the pair: all connections, how long things take, and what goes wrong by chance.
 * It is what `src/sim/cluster.ts` knows as its network.
 */
import type { Served } from '../../src/sim/cluster.ts';
import type { Receiver } from '../../src/sim/network.ts';
import type { Random } from '../chaos/random.ts';
import type { Clock } from './clock.ts';
import type { Asked, Line, Place, PortName } from './line.ts';

interface Connected {
  readonly wire: Line;
  readonly place: Place;
  readonly port: PortName;
  readonly owner: Served;
}

type ReceiverOf = (place: Place, port: PortName) => Receiver<Served>;

export type Mishap = 'none' | 'hang-before' | 'reset-before' | 'hang-after' | 'reset-after';

const mishaps = ['hang-before', 'reset-before', 'hang-after', 'reset-after'] as const;
const usualMs = [0.2, 2] as const;
const slowShare = 0.02;
const slowMaxMs = 80;

export class Lines {
  readonly clock: Clock;
  readonly connections = new Set<Connected>();
  isPathCut = false;
  /** How many of the requests something happens to. */
  mishapShare = 0;
  readonly complain: (rule: string, says: string) => void;
  receiverOf: ReceiverOf = () => {
    throw new Error('nobody is there yet');
  };
  serve: (line: Line, served: Served, asked: Asked) => void = () => undefined;
  readonly #random: Random;

  constructor(clock: Clock, random: Random, complain: (rule: string, says: string) => void) {
    this.clock = clock;
    this.complain = complain;
    this.#random = random;
  }

  /** From one end of the network to the other. */
  delayMs(): number {
    return this.#random.isLucky(slowShare) ? this.#random.between(0, slowMaxMs) : this.#random.between(...usualMs);
  }

  mishap(): Mishap {
    return this.#random.isLucky(this.mishapShare) ? this.#random.pick(mishaps) : 'none';
  }

  /** Something happens at the pair's side of the network, by and by. */
  world(happens: () => void, delayMs = this.delayMs()): void {
    this.clock.after(delayMs, null, happens);
  }

  forget(line: Line): void {
    for (const each of this.connections) if (each.wire === line) this.connections.delete(each);
  }

  /** Ports open and close at once here. */
  settle = async (): Promise<void> => undefined;

  /** The way between the replicas and the VIP is dead. */
  cutPath(): void {
    this.isPathCut = true;
    for (const { wire, place } of this.connections) if (place === 'vip') wire.cutPath();
  }

  /** What was under way is sent again by the kernels, each at a time of its own: the longer it was cut, the later. */
  healPath(cutMs: number): void {
    this.isPathCut = false;
    for (const { wire } of this.connections) {
      if (wire.isPathCut) this.world(() => wire.healPath(), this.#random.between(0, cutMs));
    }
  }
}
