/** What was measured of one journal: by name, a value a round, in the order in which the names came. */
import { ratios, spread } from './figures.ts';

export class KeptFigures {
  readonly #values = new Map<string, number[]>();

  add(name: string, value: number): void {
    const values = this.#values.get(name);
    if (values === undefined) this.#values.set(name, [value]);
    else values.push(value);
  }

  names(): Iterable<string> {
    return this.#values.keys();
  }

  /** Three figures that count, whatever the unit. */
  spread(name: string): string {
    const values = this.#values.get(name) ?? [];
    const most = Math.max(...values);
    return spread(values, most >= 100 ? 0 : most >= 10 ? 1 : 2);
  }

  /** Round by round. */
  ratioTo(other: KeptFigures, name: string): string {
    return spread(ratios(this.#values.get(name) ?? [], other.#values.get(name) ?? []), 2);
  }
}
