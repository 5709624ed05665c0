/**
 * Streamed answers whose clients do not read. Each holds a connection to ESC, of which there are few: past half of them,
 * those that have waited longest are given up, so that clients who do not read cannot keep everybody else from ESC.
 * Invariant: a reader that takes something now and then is never among those that waited long.
 */

/** Longer than a reader that does read leaves the gateway waiting, and short for those who queue for its connection. */
const crowdedStallMaxMs = 250;

export class StalledReaders {
  readonly #max: number;
  /** By how they are given up, in order of their beginning; instants of the monotonic clock in milliseconds. */
  readonly #since = new Map<(why: Error) => void, number>();
  #timer: NodeJS.Timeout | null = null;

  constructor(connectionsMax: number) {
    this.#max = Math.ceil(connectionsMax / 2);
  }

  /** A reader takes no more for now. */
  begin(giveUp: (why: Error) => void): void {
    this.#since.set(giveUp, performance.now());
    this.#watch();
  }

  /** It takes again, or it is over. */
  end(giveUp: (why: Error) => void): void {
    this.#since.delete(giveUp);
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#since.clear();
  }

  #watch(): void {
    if (this.#timer !== null || this.#since.size <= this.#max) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#giveUpOldest();
      this.#watch();
    }, crowdedStallMaxMs);
  }

  #giveUpOldest(): void {
    const before = performance.now() - crowdedStallMaxMs;
    for (const [giveUp, since] of [...this.#since]) {
      if (this.#since.size <= this.#max || since > before) return;
      this.#since.delete(giveUp);
      giveUp(
        new Error(`the client read nothing for ${crowdedStallMaxMs} ms while too many others read nothing either`),
      );
    }
  }
}
