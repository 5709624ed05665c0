// What happened, for counting: the effects on a fake VIM, and the requests that a node executed. Both are bounded logs:
// past their limit the oldest entries go, and `dropped` says how many. They decide nothing.
import type { ResourceType } from './resources.ts';

export type EffectKind =
  | 'created'
  | 'deleted'
  | 'updated'
  | 'started'
  | 'stopped'
  | 'rebooted'
  | 'monitored'
  | 'unmonitored'
  | 'recovered';

/** One effect on the VIM. A VM's id is `DEPLOYMENT/GROUP`. `transaction` is ESC's id of the request behind it. */
export type Effect = {
  at: number;
  node: string;
  kind: EffectKind;
  resourceType: ResourceType | 'vm';
  id: string;
  transaction: string;
};

/** One request as a node executed it. `status` is what it answered, undefined as long as it has not. */
export type ExecutedRequest = {
  at: number;
  node: string;
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
  transaction: string;
  status: number | undefined;
};

/** A log of at most `max` entries, oldest first; `entries` may for a moment hold a tenth more. */
export class BoundedLog<Entry> {
  entries: Entry[] = [];
  dropped = 0;
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  /** Adds an entry and gives it back. */
  add(entry: Entry): Entry {
    this.entries.push(entry);
    // Trimmed by tenths: taking one from the front of a long array for each entry added would cost far more.
    if (this.entries.length > this.#max * 1.1) {
      const excess = this.entries.length - this.#max;
      this.entries.splice(0, excess);
      this.dropped += excess;
    }
    return entry;
  }
}

/**
 * Effects that should not have been: a thing created while it was there, or deleted while it was not. Reboots are not
 * judged: two may have been wanted. Empty means exactly once for creations and deletions.
 */
export function doubledEffects(effects: readonly Effect[]): Effect[] {
  const there = new Set<string>();
  const doubled: Effect[] = [];
  for (const effect of effects) {
    const key = `${effect.resourceType} ${effect.id}`;
    if (effect.kind === 'created') {
      if (there.has(key)) doubled.push(effect);
      there.add(key);
    } else if (effect.kind === 'deleted') {
      if (!there.has(key)) doubled.push(effect);
      there.delete(key);
    }
  }
  return doubled;
}

/** The fake VIM: it knows what is there, and records effects. Deleting what is not there has no effect. */
export class Vim {
  readonly log: BoundedLog<Effect>;
  readonly #there = new Set<string>();

  constructor(effectsMax: number) {
    this.log = new BoundedLog(effectsMax);
  }

  /** Carries an effect out. Creating what is there is an effect too: it is the doubling that a test looks for. */
  apply(effect: Effect): void {
    const key = `${effect.resourceType} ${effect.id}`;
    if (effect.kind === 'deleted' && !this.#there.delete(key)) return;
    if (effect.kind === 'created') this.#there.add(key);
    this.log.add(effect);
  }

  /** What stands on the VIM, as `TYPE ID`. What no resource of ESC explains is a leak. */
  standing(): string[] {
    return [...this.#there];
  }
}
