/**
 * The process's own timers, clocks and chance, replaced once and before anything else is loaded: while a world is in
 * force they are the world's, otherwise the machine's. Invariant: nothing that the product asks of the runtime tells
 * one run of a seed from another.
 */
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { type Clock, currentOwner, type Event } from './clock.ts';

export interface Ruler {
  readonly clock: Clock;
  /** From 0 up to 1, without it. */
  readonly chance: () => number;
}

let ruler: Ruler | null = null;

/** From now on, until it is set to null. */
export function rule(next: Ruler | null): void {
  ruler = next;
}

const nowOf = ({ clock }: Ruler): number => clock.now + (currentOwner()?.skewMs ?? 0);

/** What the product holds of a timer. */
class Timer {
  readonly #ruler: Ruler;
  readonly #delayMs: number;
  readonly #work: () => void;
  readonly #isRepeated: boolean;
  readonly #owner = currentOwner();
  #event: Event | null = null;

  constructor(by: Ruler, work: () => void, { delayMs, isRepeated }: { delayMs: number; isRepeated: boolean }) {
    this.#ruler = by;
    this.#work = work;
    this.#delayMs = delayMs >= 1 ? Math.trunc(delayMs) : 1;
    this.#isRepeated = isRepeated;
    this.refresh();
  }

  refresh(): this {
    this.clear();
    this.#event = this.#ruler.clock.after(this.#delayMs, this.#owner, () => {
      this.#event = null;
      if (this.#isRepeated) this.refresh();
      this.#work();
    });
    return this;
  }

  clear(): void {
    if (this.#event !== null) this.#event.isCancelled = true;
    this.#event = null;
  }

  ref = (): this => this;
  unref = (): this => this;
  hasRef = (): boolean => true;
}

type Work = (...given: unknown[]) => void;

function replaceTimers(): void {
  const { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate } = globalThis;
  const timer =
    (real: (work: Work, ms?: number, ...given: unknown[]) => unknown, isRepeated: boolean) =>
    (work: Work, delayMs = 0, ...given: unknown[]): unknown =>
      ruler === null
        ? real(work, delayMs, ...given)
        : new Timer(ruler, () => work(...given), { delayMs: Number(delayMs), isRepeated });
  const clear =
    (real: (given: never) => void) =>
    (given: unknown): void => {
      if (given instanceof Timer) given.clear();
      else real(given as never);
    };
  const immediate = (work: Work, ...given: unknown[]): unknown => {
    if (ruler === null) return setImmediate(work, ...given);
    return ruler.clock.after(0, currentOwner(), () => work(...given));
  };
  const clearSoon = (given: unknown): void => {
    if (given !== null && typeof given === 'object' && 'isCancelled' in given) given.isCancelled = true;
    else clearImmediate(given as never);
  };
  Object.assign(globalThis, {
    setTimeout: timer(setTimeout as never, false),
    setInterval: timer(setInterval as never, true),
    setImmediate: immediate,
    clearTimeout: clear(clearTimeout as never),
    clearInterval: clear(clearInterval as never),
    clearImmediate: clearSoon,
  });
}

function replaceClocks(): void {
  const RealDate = Date;
  const realNow = performance.now.bind(performance);
  const { timeOrigin } = performance;
  class WorldDate extends RealDate {
    constructor(...given: []) {
      if (given.length === 0 && ruler !== null) super(Math.floor(nowOf(ruler)));
      else super(...given);
    }

    static override now(): number {
      return ruler === null ? RealDate.now() : Math.floor(nowOf(ruler));
    }
  }
  globalThis.Date = WorldDate as DateConstructor;
  Object.defineProperty(performance, 'timeOrigin', { get: () => (ruler === null ? timeOrigin : 0) });
  Object.defineProperty(performance, 'now', { value: () => (ruler === null ? realNow() : nowOf(ruler)) });
}

function replaceChance(): void {
  const { random } = Math;
  Math.random = () => (ruler === null ? random() : ruler.chance());
  const realId = crypto.randomUUID;
  const randomUUID = (): string => {
    if (ruler === null) return realId();
    const { chance } = ruler;
    const digits = (count: number): string =>
      Array.from({ length: count }, () => Math.floor(chance() * 16).toString(16)).join('');
    return `${digits(8)}-${digits(4)}-4${digits(3)}-8${digits(3)}-${digits(12)}`;
  };
  Object.assign(crypto, { randomUUID });
  Object.defineProperty(globalThis.crypto, 'randomUUID', { value: randomUUID });
  syncBuiltinESMExports();
}

// Part of the replicas' names.
Object.defineProperty(process, 'pid', { value: 1 });

replaceTimers();
replaceClocks();
replaceChance();
