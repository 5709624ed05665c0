/**
 * Whether a resource, as ESC shows it, is what a request asked for (R15, R16).
 * Invariant: doubt is `different` or `incomparable`, never `equal`. Only whole documents are compared, values as they are written;
 * an attribute that is more than a namespace (`operation="delete"`) means what is not known here, so nothing is concluded.
 */
import { readDocument, readRequestMaxBytes, type Value, type Visited } from './bodies.ts';
import { membersOf, rootMembers } from './members.ts';

/**
 * `equal`: ESC shows every leaf of the request, with its value. `equal-as-shown`: what it shows is equal, but other leaves it
 * shows nowhere. `incomparable`: it shows none of them, or one of the two cannot be read.
 */
export type ContentComparison = 'equal' | 'equal-as-shown' | 'different' | 'incomparable';

/** Elements by which the items of a list are found again, whatever their order; the first that both lists have throughout. */
const keyElements: readonly string[] = ['name', 'eventname', 'nicid', 'dst'];
const depthMax = 64;
const comparedNodesMax = 20_000;
const strangeAttribute = /<[^<>!?]*\s(?!xmlns\b|xsi:schemaLocation\b|xml:)[\w:.-]+\s*=\s*["']/;

/** The comparable content of the request is equal (R15). An update needs more, `equal`: what it adds may be just what is not shown. */
export function isContained(request: Uint8Array, look: Uint8Array): boolean {
  const comparison = compareContent(request, look);
  return comparison === 'equal' || comparison === 'equal-as-shown';
}

/** Compares a request's body with the body of a look, XML or JSON each. */
export function compareContent(request: Uint8Array, look: Uint8Array): ContentComparison {
  if (request.byteLength > readRequestMaxBytes || strangeAttribute.test(new TextDecoder().decode(request))) {
    return 'incomparable';
  }
  const wanted = rootMembers(readDocument(request, true));
  const shown = rootMembers(readDocument(look, true));
  const tally: Tally = { equal: 0, notShown: 0, nodes: 0, isDifferent: false };
  compareMembers({ wanted, shown, kinds: kindsOf(shown), depth: 0 }, tally);
  if (tally.isDifferent) return 'different';
  if (tally.equal === 0) return 'incomparable';
  return tally.notShown === 0 ? 'equal' : 'equal-as-shown';
}

interface Tally {
  equal: number;
  notShown: number;
  nodes: number;
  isDifferent: boolean;
}

/** Names of a document as a tree: a leaf that is missing in one item of a list and shown in another is a difference. */
interface Kinds extends Map<string, Kinds> {}

interface Place {
  readonly wanted: readonly Visited[];
  readonly shown: readonly Visited[];
  /** What ESC shows at this place of the document at all, in any item. */
  readonly kinds: Kinds;
  readonly depth: number;
}

function kindsOf(members: readonly Visited[], into: Kinds = new Map(), depth = 0): Kinds {
  if (depth > depthMax) return into;
  for (const { name, value } of members) {
    const known = into.get(name) ?? new Map();
    into.set(name, known);
    if (leafOf(value) === null) kindsOf(membersOf(value), known, depth + 1);
  }
  return into;
}

function compareMembers({ wanted, shown, kinds, depth }: Place, tally: Tally): void {
  if (depth > depthMax) tally.isDifferent = true;
  const shownByName = Map.groupBy(shown, ({ name }) => name);
  for (const [name, own] of Map.groupBy(wanted, (member) => member.name)) {
    if (tally.isDifferent) return;
    const theirs = shownByName.get(name) ?? [];
    const below = kinds.get(name);
    tally.nodes += own.length;
    if (below === undefined) tally.notShown += 1;
    else if (own.length !== theirs.length || tally.nodes > comparedNodesMax) tally.isDifferent = true;
    else
      for (const pair of paired(valuesOf(own), valuesOf(theirs))) compareValues(pair, { kinds: below, depth }, tally);
  }
}

const valuesOf = (members: readonly Visited[]): Value[] => members.map(({ value }) => value);

type Pair = readonly [own: Value, their: Value | undefined];

function compareValues([own, their]: Pair, { kinds, depth }: Pick<Place, 'kinds' | 'depth'>, tally: Tally): void {
  const leaf = leafOf(own);
  const theirLeaf = their === undefined ? null : leafOf(their);
  if (leaf !== null && leaf === theirLeaf) tally.equal += 1;
  else if (their === undefined || leaf !== null || theirLeaf !== null || Array.isArray(own)) tally.isDifferent = true;
  else compareMembers({ wanted: membersOf(own), shown: membersOf(their), kinds, depth: depth + 1 }, tally);
}

/** Items of two equally long lists that belong together: by their key, else by position. */
function paired(ours: readonly Value[], theirs: readonly Value[]): Pair[] {
  if (ours.length > 1) {
    for (const key of keyElements) {
      const byKey = keyedBy(theirs, key);
      const own = keyedBy(ours, key);
      if (byKey !== null && own !== null) return [...own].map(([text, value]) => [value, byKey.get(text)]);
    }
  }
  return ours.map((value, index) => [value, theirs[index]]);
}

/** A list by the text of one of its items' elements; null if an item has none, or two have the same. */
function keyedBy(list: readonly Value[], key: string): Map<string, Value> | null {
  const keyed = new Map<string, Value>();
  for (const item of list) {
    const element = leafOf(item) === null ? membersOf(item).find(({ name }) => name === key) : undefined;
    const text = element === undefined ? null : leafOf(element.value);
    if (text === null || keyed.has(text)) return null;
    keyed.set(text, item);
  }
  return keyed;
}

/** The text of a leaf; null for an element with members, and for a list within a list, which only JSON has and is never equal. */
function leafOf(value: Value): string | null {
  if (Array.isArray(value)) return null;
  // JSON knows more leaves than the type says: numbers, booleans and null.
  return typeof value === 'object' && value !== null ? null : String(value ?? '').trim();
}
