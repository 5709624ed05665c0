/**
 * The pace at which a node that just took over is loaded: `replay.concurrency` at once, slowly at first (`rampUp`).
 * It knows nothing of what it runs.
 */
import PQueue from 'p-queue';
import { rampedConcurrency } from '../domain/retry.ts';
import { now } from '../pair/clock.ts';

const rampStepMs = 100;

export class Pace {
  readonly #concurrency: number;
  readonly #rampUpMs: number;
  readonly #queue = new PQueue({ concurrency: 1 });
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(concurrency: number, rampUpMs: number) {
    this.#concurrency = concurrency;
    this.#rampUpMs = rampUpMs;
  }

  /** In the order of asking, when its turn comes. */
  run(work: () => Promise<void>): void {
    void this.#queue.add(work);
  }

  /** The node is ready since `readyAt`: begins slowly, if that was just now. */
  rampFrom(readyAt: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#queue.concurrency = rampedConcurrency(this.#concurrency, this.#rampUpMs, now() - readyAt);
    if (this.#queue.concurrency >= this.#concurrency || this.#isClosed) return;
    this.#timer = setTimeout(() => this.rampFrom(readyAt), rampStepMs);
  }

  /** Begins nothing more. */
  close(): void {
    this.#isClosed = true;
    this.#queue.clear();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }
}
