/**
 * The leaves of a document that are secrets, whatever its notation: what stands under the name of a secret, however deep, and
 * the value beside a label that names one (`<variable><name>PASSWORD</name><val>…</val></variable>`), before or after it.
 */
import { isSecretName } from './secrets.ts';

export interface Leaf {
  readonly start: number;
  readonly end: number;
  isSecret: boolean;
}

const labelNames: ReadonlySet<string> = new Set(['name', 'key', 'id', 'variable', 'property', 'parameter']);
const valueNames: ReadonlySet<string> = new Set(['value', 'val', 'values', 'data', 'default', 'content']);

export const isLabelName = (name: string): boolean => labelNames.has(name.toLowerCase());
export const isValueName = (name: string): boolean => valueNames.has(name.toLowerCase());

interface Frame {
  readonly name: string;
  readonly isSecret: boolean;
  label: string;
  /** Those that the label speaks of. */
  readonly values: Leaf[];
}

const depthMax = 10_000;
/** So deep within a value something is still the value of its label;. */
const valueDepthMax = 32;

export class Leaves {
  readonly all: Leaf[] = [];
  readonly #frames: Frame[] = [{ name: '', isSecret: false, label: '', values: [] }];

  get name(): string {
    return this.#top().name;
  }

  get depth(): number {
    return this.#frames.length - 1;
  }

  #top(): Frame {
    return this.#frames.at(-1) ?? { name: '', isSecret: true, label: '', values: [] };
  }

  /** Something of this name begins, within what began last. */
  open(name: string, isSecret = false): void {
    const isInner = this.#top().isSecret || isSecret || isSecretName(name) || this.depth >= depthMax;
    this.#frames.push({ name, isSecret: isInner, label: '', values: [] });
  }

  close(): void {
    if (this.depth === 0) return;
    const { label, values } = this.#frames.pop() ?? { label: '', values: [] };
    if (label !== '' && isSecretName(label)) for (const leaf of values) leaf.isSecret = true;
  }

  /** A value within what began last; `text` is what it says. */
  leaf({ start, end, text }: { start: number; end: number; text: string }): void {
    const { name, isSecret } = this.#top();
    const leaf = { start, end, isSecret };
    this.all.push(leaf);
    const holder = this.#frames.at(-2);
    if (holder !== undefined && isLabelName(name)) holder.label += text.trim();
    // A value may be a list or an object of its own.
    for (let at = this.#frames.length - 1; at > Math.max(0, this.#frames.length - valueDepthMax); at -= 1) {
      const frame = this.#frames[at];
      const around = this.#frames[at - 1];
      if (frame === undefined || around === undefined) return;
      if (isValueName(frame.name)) around.values.push(leaf);
    }
  }

  /** Whatever did not end: a document may be cut off. */
  end(): Leaf[] {
    while (this.depth > 0) this.close();
    return this.all;
  }
}
