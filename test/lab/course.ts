/**
 * One pair's run through its causes, one after the other under load, and what is left to judge: when each began and
 * ended, and the ledgers at the end.
 */
import type { ExecutedRequest } from '../../src/sim/ledger.ts';
import type { Ledgers } from '../chaos/ledgers.ts';
import type { Cause } from './causes.ts';
import type { Vrrp } from './keepalived.ts';
import { removeNamespaces } from './leftovers.ts';
import { Pair } from './pair.ts';
import type { Pace } from './settings.ts';
import { settle } from './settling.ts';
import type { Sighting } from './sightings.ts';
import type { Ready } from './store.ts';

/** A cause from its beginning until the pair was stable again. */
export interface Stretch {
  readonly cause: Cause;
  readonly from: number;
  readonly to: number;
}

/** All that is known of a course when it is over. */
export interface Course {
  readonly pair: string;
  /** Each node had a certificate of its own, so that nobody need be misled. */
  readonly isSecure: boolean;
  readonly stretches: readonly Stretch[];
  readonly sightings: readonly Sighting[];
  readonly readies: readonly Ready[];
  readonly ledgers: Ledgers;
  /** Requests that a node answered or executed without the role. */
  readonly late: readonly ExecutedRequest[];
  /** What did not come to pass; empty, or the ledgers are not whole. */
  readonly complaints: readonly string[];
}

export interface CourseOptions {
  readonly name: string;
  readonly vrrp: Vrrp;
  readonly causes: readonly Cause[];
  readonly pace: Pace;
  readonly clients: number;
  readonly seed: number;
  readonly isSecure: boolean;
  readonly keep?: string | undefined;
  readonly print: (line: string) => void;
}

/** Requests that reach ESC between two causes, so that each finds work under way. */
const requestsBetween = 15;

export async function runCourse({ causes, print, ...options }: CourseOptions): Promise<Course> {
  await using stack = new AsyncDisposableStack();
  const pair = new Pair(options);
  stack.use(pair);
  // First of all, so that nobody writes into the folder that goes next.
  stack.defer(() => removeNamespaces(pair.network.namespaces));
  await pair.network.up();
  await pair.start();
  const stretches: Stretch[] = [];
  for (const cause of causes) stretches.push(await undergo(cause, pair, print));
  const { ledgers, complaints } = await settle(pair, stretches);
  const { sightings, store } = pair;
  return {
    pair: options.name,
    isSecure: options.isSecure,
    stretches,
    sightings,
    readies: store.readies,
    ledgers,
    late: store.requests.filter(({ isLate }) => isLate).map(({ what }) => what),
    complaints,
  };
}

async function undergo(cause: Cause, pair: Pair, print: (line: string) => void): Promise<Stretch> {
  await pair.untilStable();
  const enough = executed(pair) + requestsBetween;
  await pair.until(() => executed(pair) >= enough, `${requestsBetween} more requests reached ESC`);
  const { active } = pair;
  const from = Date.now();
  print(`${pair.options.name}: ${cause.name}: ${cause.says} (${active})`);
  await cause.begin(pair, active);
  await pair.untilOpen(from);
  await pair.untilCalm();
  await cause.undo(pair, active);
  await pair.untilStable();
  return { cause, from, to: Date.now() };
}

const isMutating = ({ method }: { method: string }): boolean => method !== 'GET';

const executed = ({ store }: Pair): number =>
  store.requests.filter(({ what, isLate }) => !isLate && isMutating(what)).length;
