/**
 * Virtual time: one queue of events for all that happens, each with the process it belongs to, so that a process can
 * freeze or die between any two of its events. Invariant: one event at a time, and everything that follows from it without
 * time (promises, ticks) is over before the next one; so a run is the same again from the same seed.
 * A fake of the timers alone would not know whose a timer is; `globals.ts` hands them here.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import Queue from 'tinyqueue';

/** A process of the simulated world; what belongs to none is the world's own. */
export class Owner {
  readonly name: string;
  /** By how much its clocks differ from the world's. */
  readonly skewMs: number;
  isDead = false;
  isFrozen = false;
  /** What became due while it was frozen, in order. */
  readonly due: Event[] = [];

  constructor(name: string, skewMs = 0) {
    this.name = name;
    this.skewMs = skewMs;
  }
}

export interface Event {
  readonly at: number;
  readonly order: number;
  readonly owner: Owner | null;
  readonly run: () => void;
  isCancelled: boolean;
}

const context = new AsyncLocalStorage<Owner | null>();
const { setImmediate: realImmediate } = globalThis;
const immediatesMax = 256;

/** The process whose code runs now; null: the world itself. */
export const currentOwner = (): Owner | null => context.getStore() ?? null;

/** Everything that is scheduled or awaited in `work` belongs to the owner. */
export const runAs = <Result>(owner: Owner | null, work: () => Result): Result => context.run(owner, work);

export class Clock {
  /** Milliseconds since the epoch of Unix, as the world has it. */
  now: number;
  steps = 0;
  readonly #queue = new Queue<Event>([], (a, b) => a.at - b.at || a.order - b.order);
  #order = 0;

  constructor(startsAt: number) {
    this.now = startsAt;
  }

  after(delayMs: number, owner: Owner | null, run: () => void): Event {
    this.#order += 1;
    const event = { at: this.now + Math.max(0, delayMs), order: this.#order, owner, run, isCancelled: false };
    this.#queue.push(event);
    return event;
  }

  /** The world waits; the owner of what waits is whoever calls. */
  pause(delayMs: number): Promise<void> {
    const owner = currentOwner();
    return new Promise((resolve) => void this.after(delayMs, owner, resolve));
  }

  freeze(owner: Owner): void {
    owner.isFrozen = true;
  }

  /** It goes on where it stood: all that became due meanwhile happens now, one after the other. */
  thaw(owner: Owner): void {
    owner.isFrozen = false;
    for (const event of owner.due.splice(0)) {
      // What comes first of it may still cancel what comes later.
      this.after(0, owner, () => {
        if (!event.isCancelled) event.run();
      });
    }
  }

  /**
   * Runs events until `isOver` or until nothing is left to happen. What a step throws is given to `onDefect`.
   * Each event is an immediate of its own, since the runtime finishes promises and ticks between two of them; many are
   * asked for at a time, since the runtime looks at sockets and files, of which there are none, only after the last.
   */
  run(isOver: () => boolean, onDefect: (error: unknown, owner: Owner | null) => void): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let isEnded = false;
    const next = (isLast: boolean): void => {
      if (isEnded) return;
      isEnded = isOver() || !this.#step(onDefect);
      if (isEnded) resolve();
      else if (isLast) ask();
    };
    const ask = (): void => {
      for (let left = immediatesMax; left > 0; left -= 1) realImmediate(next, left === 1);
    };
    ask();
    return promise;
  }

  /** Whether there was anything to do. */
  #step(onDefect: (error: unknown, owner: Owner | null) => void): boolean {
    for (let event = this.#queue.pop(); event !== undefined; event = this.#queue.pop()) {
      if (event.isCancelled || event.owner?.isDead === true) continue;
      this.now = Math.max(this.now, event.at);
      if (event.owner?.isFrozen === true) {
        event.owner.due.push(event);
        continue;
      }
      this.steps += 1;
      try {
        runAs(event.owner, event.run);
      } catch (error) {
        onDefect(error, event.owner);
      }
      return true;
    }
    return false;
  }
}
