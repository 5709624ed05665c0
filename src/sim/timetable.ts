// The timers of a takeover: steps one after the other, each after its phase's duration, in scaled time. It can be told
// to stay before a step, and goes on when asked. It does not know what the steps do.

/** What ends a phase: `name` of the phase, how long it lasts unscaled, and what happens then. */
export type Step = { name: string; durationMs: number; end: () => void };

export class Timetable {
  readonly #timeScale: number;
  readonly #timers = new Set<NodeJS.Timeout>();
  #left: Step[] = [];
  #stopAt: string | undefined;
  #isStopped = false;

  constructor(timeScale: number) {
    this.#timeScale = timeScale;
  }

  /** Whether it stays in a phase until `proceed`. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Begins with new steps in place of all that was planned. Phases without duration end at once. */
  begin(steps: readonly Step[], stopAt: string | undefined): void {
    this.cancel();
    this.#left = [...steps];
    this.#stopAt = stopAt;
    this.#advance();
  }

  /** Leaves the phase it was told to stay in. */
  proceed(): void {
    this.#stopAt = undefined;
    if (!this.#isStopped) return;
    this.#isStopped = false;
    this.#left.shift()?.end();
    this.#advance();
  }

  /** Does something after an unscaled time, unless everything is cancelled before. */
  later(unscaledMs: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, unscaledMs * this.#timeScale);
    this.#timers.add(timer);
  }

  cancel(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#left = [];
    this.#isStopped = false;
  }

  #advance(): void {
    for (let step = this.#left[0]; step; step = this.#left[0]) {
      if (step.name === this.#stopAt) {
        this.#isStopped = true;
        return;
      }
      if (step.durationMs > 0) {
        this.later(step.durationMs, () => this.#endFirst());
        return;
      }
      this.#left.shift();
      step.end();
    }
  }

  #endFirst(): void {
    this.#left.shift()?.end();
    this.#advance();
  }
}
