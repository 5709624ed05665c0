/** How many requests are held here and how many bytes they have: bounded in number and size (contract: `hold-full`). */

export interface HoldLimits {
  readonly heldRequestsMax: number;
  readonly heldBytesMax: number;
}

export class Holds {
  readonly limits: HoldLimits;
  readonly #bytesOf = new Map<string, number>();
  #bytes = 0;

  constructor(limits: HoldLimits) {
    this.limits = limits;
  }

  get count(): number {
    return this.#bytesOf.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a place under `id` before the request is kept; false if there is none left. */
  take(id: string, bytes: number): boolean {
    const { heldRequestsMax, heldBytesMax } = this.limits;
    if (this.#bytesOf.size >= heldRequestsMax || this.#bytes + bytes > heldBytesMax) return false;
    this.add(id, bytes);
    return true;
  }

  /** Counts what is kept already and has to wait, also past the limits. Twice counts once. */
  add(id: string, bytes: number): void {
    if (this.#bytesOf.has(id)) return;
    this.#bytesOf.set(id, bytes);
    this.#bytes += bytes;
  }

  /** Gives the place back, if it had one. */
  giveBack(id: string): void {
    this.#bytes -= this.#bytesOf.get(id) ?? 0;
    this.#bytesOf.delete(id);
  }
}
