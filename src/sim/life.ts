// The memory of an active node from its takeover to its end: timers, running transactions and callbacks. It ends as a
// whole at a switchover, and nothing of it is carried over. A frozen life does nothing until it thaws, and then does late
// what was due. It knows nothing of sockets.
import { Callbacks, type Report } from './callbacks.ts';
import type { PairSettings } from './profiles.ts';
import type { ResourceStore } from './resources.ts';

export class Life {
  readonly node: string;
  /** Ids of resources that work is going on for. */
  readonly busy = new Set<string>();
  readonly #callbacks: Callbacks;
  readonly #timers = new Set<NodeJS.Timeout>();
  #store: ResourceStore;
  #isAlive = true;
  #isFrozen = false;
  #isMute = false;
  #dueAtThaw: (() => void)[] = [];

  constructor(settings: PairSettings, node: string, store: ResourceStore) {
    this.node = node;
    this.#store = store;
    this.#callbacks = new Callbacks(settings, node);
  }

  get store(): ResourceStore {
    return this.#store;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  /** Does something after a time, unless the life ended before. While frozen, it is done at the thaw. */
  after(delayMs: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (this.#isFrozen) this.#dueAtThaw.push(action);
      else action();
    }, delayMs);
    this.#timers.add(timer);
  }

  freeze(): void {
    this.#isFrozen = true;
  }

  thaw(): void {
    this.#isFrozen = false;
    for (const action of this.#dueAtThaw.splice(0)) action();
  }

  /** Replication has ended: what is written from now on is this node's own, and is thrown away with it. */
  isolate(isMute: boolean): void {
    this.#store = this.#store.fork();
    this.#isMute = isMute;
  }

  /** Sends reports, unless the node is cut off. Resolves when they are out or lost. */
  async report(reports: readonly Report[]): Promise<void> {
    if (!this.#isMute && this.#isAlive) await this.#callbacks.send(reports);
  }

  /** Ends everything. Gives back the callbacks that were not sent. */
  end(): Report[] {
    this.#isAlive = false;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#dueAtThaw = [];
    return this.#callbacks.end();
  }
}
