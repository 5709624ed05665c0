// Faults on order: one-shot crash points and injections, each waiting for a request that matches it. They say what is
// to happen; rest.ts, work.ts and pair.ts make it happen.
import type { Cause } from './takeover.ts';

/** Where the active node dies on the way of a mutating request (reference/esc.md 10, item 6). */
export type CrashPoint =
  /** Nothing is stored: the resource is absent. */
  | 'before-commit'
  /** Stored in progress, unanswered. */
  | 'after-commit'
  /** Answered, no work done: stuck in progress. */
  | 'after-answer'
  /** The VIM has the effect, the store does not know, no callback was sent. */
  | 'after-work'
  /** The final state is stored, the callback is lost. */
  | 'before-callback'
  /** The callback was sent, the final state is not stored. */
  | 'after-callback';

export const crashPoints: readonly CrashPoint[] = [
  'before-commit',
  'after-commit',
  'after-answer',
  'after-work',
  'before-callback',
  'after-callback',
];

/** Requests meant: all that is given must hold. `path` is a part of the request's path. */
export type Match = { method?: string; path?: string | RegExp };

/** What the store is left with for the resource of a crashed request, in place of what the point would leave. */
export type Leftover = 'absent' | 'active' | 'stuck' | 'error';

export type CrashOrder = { point: CrashPoint; match?: Match; cause?: Cause; leftover?: Leftover };

/** `before` and `after` are meant with respect to the execution of the request. */
export type Fault =
  | { fault: 'status'; status: number; html?: boolean }
  | { fault: 'reset'; when: 'before' | 'after' }
  | { fault: 'close'; when: 'before' | 'after' }
  | { fault: 'delay'; when: 'before' | 'after'; delayMs: number }
  | { fault: 'hang'; when: 'before' | 'after' }
  /** Executed; the answer stops half-way and the connection is reset. */
  | { fault: 'cut' }
  /** Executed; what comes back is not HTTP. */
  | { fault: 'junk' }
  /** Accepted; its asynchronous work fails. */
  | { fault: 'work-failure'; message?: string }
  /** A deployment's create: its first VM needs a recovery by redeploy before it is alive. */
  | { fault: 'recovery' };

export type Injection = Fault & { match?: Match; times?: number };

type Request = { method: string; path: string };

/** Whether a request is meant by a match; no match means every request. */
function matches(match: Match | undefined, request: Request): boolean {
  if (match?.method !== undefined && match.method.toUpperCase() !== request.method) return false;
  if (match?.path === undefined) return true;
  return typeof match.path === 'string' ? request.path.includes(match.path) : match.path.test(request.path);
}

/** Orders that wait. At most `ordersMax` of each kind. */
export class Faults {
  readonly #crashes: CrashOrder[] = [];
  readonly #injections: (Fault & { match: Match | undefined; left: number })[] = [];
  readonly #ordersMax = 10_000;

  crashAt(order: CrashOrder): void {
    if (this.#crashes.length >= this.#ordersMax) throw new Error('too many crash orders wait');
    this.#crashes.push(order);
  }

  inject({ match, times = 1, ...fault }: Injection): void {
    if (this.#injections.length >= this.#ordersMax) throw new Error('too many injections wait');
    this.#injections.push({ ...fault, match, left: times });
  }

  /** Whether a crash is ordered at this point for this request, without using it up. */
  expectsCrash(point: CrashPoint, request: Request): boolean {
    return this.#crashes.some((order) => order.point === point && matches(order.match, request));
  }

  /** The crash ordered at this point for this request, used up by asking. */
  takeCrash(point: CrashPoint, request: Request): CrashOrder | undefined {
    const index = this.#crashes.findIndex((order) => order.point === point && matches(order.match, request));
    return index < 0 ? undefined : this.#crashes.splice(index, 1)[0];
  }

  /** The first fault that waits for this request and is of a wanted kind, used up by asking. */
  takeFault(request: Request, wanted: (fault: Fault) => boolean): Fault | undefined {
    const index = this.#injections.findIndex((order) => matches(order.match, request) && wanted(order));
    const order = this.#injections[index];
    if (!order) return undefined;
    order.left -= 1;
    if (order.left <= 0) this.#injections.splice(index, 1);
    return order;
  }

  /** How many injected faults wait for their request still. */
  get waiting(): number {
    return this.#injections.reduce((sum, { left }) => sum + left, 0);
  }

  clear(): void {
    this.#crashes.length = 0;
    this.#injections.length = 0;
  }
}
