/**
 * One client: it works through plans, waits for each answer in a time of its own, sends again on a new connection what
 * was not answered, and waits for completions as orchestrators do. All that it is told is written down as it comes.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Order, Try } from './ledgers.ts';
import { planOf } from './plans.ts';
import type { Random } from './random.ts';
import type { Receiver } from './receiver.ts';
import { type Calling, statusOf, tryOnce } from './sending.ts';

export interface OrchestratorOptions {
  readonly name: string;
  readonly random: Random;
  readonly calling: Calling;
  readonly receiver: Receiver;
  readonly orders: Order[];
  /** No new step is begun after it. */
  readonly isStopped: () => boolean;
  /** Until when a step that was begun is followed. */
  readonly giveUpAt: () => number;
}

const patiencesMs = [800, 2_000, 5_000, 15_000] as const;
const preferences = [null, null, null, 'respond-async', 'wait=1', 'respond-async, wait=2'] as const;
const completionMaxMs = 20_000;
const settled: ReadonlySet<string> = new Set(['completed', 'failed', 'abandoned']);

/** ESC's answer, or one made up in its place: neither a promise nor the gateway's own error. */
export const isFinal = ({ came, status, problem }: Try): boolean =>
  came === 'answer' && status !== 202 && problem === undefined;

export class Orchestrator {
  readonly #options: OrchestratorOptions;
  #sites = 0;
  #orders = 0;

  constructor(options: OrchestratorOptions) {
    this.#options = options;
  }

  /** Resolves when it is stopped and what it began has ended one way or the other. */
  async run(): Promise<void> {
    const { isStopped, random, name } = this.#options;
    while (!isStopped()) {
      this.#sites += 1;
      for (const step of planOf(`${name}-${this.#sites}`, random, (wanted) => this.#order(wanted))) {
        if (isStopped()) return;
        this.#options.orders.push(...step);
        const went = await Promise.all(step.map((order) => this.#follow(order)));
        // Nothing is built on what is not there.
        if (step.length === 1 && !went.every(Boolean) && random.isLucky(0.7)) break;
        await pause(random.between(0, 200));
      }
    }
  }

  #order(wanted: Pick<Order, 'kind' | 'method' | 'path' | 'body' | 'ends'>): Order {
    const { random, name } = this.#options;
    this.#orders += 1;
    const id = `${name}-o${this.#orders}`;
    const key = random.isLucky(0.7) ? `key-${id}` : null;
    return { ...wanted, id, key, prefer: random.pick(preferences), tries: [], asked: [] };
  }

  /** Whether it was told that it is done. */
  async #follow(order: Order): Promise<boolean> {
    const { random, calling } = this.#options;
    const last = await this.#send(order);
    if (last === null) return false;
    if (last.status !== undefined && last.status >= 400) return false;
    const isDone = await this.#completed(order, last);
    if (order.key !== null && random.isLucky(0.2)) order.tries.push(await tryOnce(order, calling, 5_000));
    return isDone;
  }

  /** The last try, which got an answer or a promise; null: it gave up. */
  async #send(order: Order): Promise<Try | null> {
    const { random, calling, giveUpAt } = this.#options;
    while (Date.now() < giveUpAt()) {
      const isStuttering = order.key !== null && random.isLucky(0.15);
      const copies = Array.from({ length: isStuttering ? 2 : 1 }, () => random.pick(patiencesMs));
      const tries = await Promise.all(copies.map((patienceMs) => tryOnce(order, calling, patienceMs)));
      order.tries.push(...tries);
      const made = tries.find(isFinal) ?? tries.find(({ status }) => status === 202) ?? tries[0];
      if (made === undefined || isFinal(made) || made.status === 202) return made ?? null;
      // Without a key a new request may be a new transaction: some would rather not know.
      const mayGiveUp = made.sent === 'no' ? random.isLucky(0.1) : order.key === null && random.isLucky(0.2);
      if (mayGiveUp) return null;
      await pause(random.between(50, 800));
    }
    return null;
  }

  async #completed(order: Order, { transaction }: Try): Promise<boolean> {
    const { calling, receiver, giveUpAt } = this.#options;
    const deadlineAt = Date.now() + completionMaxMs;
    for (let round = 1; Date.now() < Math.min(deadlineAt, giveUpAt()); round += 1) {
      if (receiver.hasHeard(order.id, order.ends)) return true;
      await pause(100);
      if (round % 20 !== 0 || transaction === undefined) continue;
      const status = await statusOf(transaction, calling, 2_000);
      if (status === null || !settled.has(status)) continue;
      order.asked.push({ transaction, status });
      return status === 'completed';
    }
    return false;
  }
}
