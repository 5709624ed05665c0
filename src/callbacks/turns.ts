/**
 * One after the other for each id, in the order of asking. Receiver and relay share it, so that the two do not race each
 * other for one record again and again. It bounds nothing: who asks does.
 */
export class Turns {
  /** The last one of each id that has not ended. */
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs `work` when those that asked before it have ended, well or badly. */
  async run<Result>(id: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(id) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#last.set(id, mine);
    try {
      return await mine;
    } finally {
      if (this.#last.get(id) === mine) this.#last.delete(id);
    }
  }
}
