/**
 * What is to be looked at, and when: each id once, and never twice at the same time. One that is set while it is being
 * looked at is looked at again. It knows nothing of what an id is.
 */

/** A timer of Node cannot be set further ahead (2^31 - 1 ms); it is set again then. */
const timerMaxMs = 2 ** 31 - 1;

interface Entry {
  dueAt: number;
  timer: NodeJS.Timeout | null;
  running: Promise<void> | null;
  /** It was set while it ran. */
  isSetAnew: boolean;
}

export class Timetable {
  readonly #look: (id: string) => Promise<number | null>;
  readonly #now: () => number;
  readonly #entries = new Map<string, Entry>();
  #isClosed = false;

  /** `look` gives the instant at which its id is to be looked at again, or null for never; it must not reject. */
  constructor(look: (id: string) => Promise<number | null>, now: () => number) {
    this.#look = look;
    this.#now = now;
  }

  get size(): number {
    return this.#entries.size;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  ids(): readonly string[] {
    return [...this.#entries.keys()];
  }

  has(id: string): boolean {
    return this.#entries.has(id);
  }

  /** To be looked at then, whatever was set before. */
  set(id: string, dueAt: number): void {
    if (this.#isClosed) return;
    const entry = this.#entries.get(id) ?? { dueAt, timer: null, running: null, isSetAnew: false };
    this.#entries.set(id, entry);
    entry.dueAt = dueAt;
    if (entry.running === null) this.#arm(id, entry);
    else entry.isSetAnew = true;
  }

  /** Looks at nothing more; resolves when what is being looked at has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const running: (Promise<void> | null)[] = [];
    for (const { timer, running: one } of this.#entries.values()) {
      if (timer !== null) clearTimeout(timer);
      running.push(one);
    }
    await Promise.all(running);
    this.#entries.clear();
  }

  #arm(id: string, entry: Entry): void {
    if (entry.timer !== null) clearTimeout(entry.timer);
    const waitMs = Math.min(timerMaxMs, Math.max(0, entry.dueAt - this.#now()));
    entry.timer = setTimeout(() => {
      entry.timer = null;
      if (entry.dueAt > this.#now()) this.#arm(id, entry);
      else entry.running = this.#run(id, entry);
    }, waitMs);
  }

  async #run(id: string, entry: Entry): Promise<void> {
    const againAt = await this.#look(id);
    entry.running = null;
    if (this.#isClosed) return;
    const isSetAnew = entry.isSetAnew;
    entry.isSetAnew = false;
    if (isSetAnew) entry.dueAt = Math.min(entry.dueAt, againAt ?? entry.dueAt);
    else if (againAt !== null) entry.dueAt = againAt;
    if (isSetAnew || againAt !== null) this.#arm(id, entry);
    else this.#entries.delete(id);
  }
}
