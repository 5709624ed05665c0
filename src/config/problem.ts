// What is wrong with a configuration: one problem per fault, one line of text per problem. Secrets are masked here, and
// nowhere else, so that neither a message nor `config print` can show one.

import type { Leaf } from './leaf.ts';
import { type Origin, placeOf, type Raw } from './raw.ts';

/** `key` is a dotted key, or the name of a file or variable that is wrong as a whole. */
export type ConfigProblem = {
  readonly key: string;
  readonly found: string;
  readonly expected: string;
  readonly at?: Origin;
};

/** A problem whose place is found by its key. */
export type Fault = Pick<ConfigProblem, 'key' | 'found' | 'expected'>;

/** `esc.rest.port: found "abc" (environment NORTHGATE_ESC_REST_PORT), expected an integer from 1 to 65535` */
export function problemLine({ key, found, expected, at }: ConfigProblem): string {
  return `${key}: found ${found}${at === undefined ? '' : ` (${placeOf(at)})`}, expected ${expected}`;
}

export const MASK = '***';
const SHOWN_CHARACTERS_MAX = 60;

/** A found value in words, for a message: short, quoted if it is text, and never a secret. */
export function describe(raw: Raw, leaf?: Pick<Leaf, 'isSecret' | 'kind'>): string {
  if (raw.kind === 'map') return 'a map';
  if (raw.kind === 'list') return raw.items.length === 0 ? 'an empty list' : 'a list';
  if (raw.value === null) return 'nothing';
  if (leaf === undefined) return 'a single value';
  if (leaf.kind === 'journal-url') return describeJournalUrl(String(raw.value));
  if (leaf.isSecret) return 'a value that is not shown';
  return typeof raw.value === 'string' ? JSON.stringify(shorten(maskUrl(raw.value))) : String(raw.value);
}

/** A wrong journal URL may hold its password anywhere, so only its scheme is shown. */
function describeJournalUrl(written: string): string {
  const scheme = /^(sqlite|rediss?|rediss?\+sentinel|rediss?\+cluster):/.exec(written)?.[0];
  return scheme === undefined ? 'text that begins with no known scheme' : `"${scheme}…"`;
}

/** A URL without what may be secret in it: user information, query, fragment. Other text stays, but for what is before an @. */
export function maskUrl(written: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(written)?.[0];
  if (scheme === undefined) return written.replace(/^.*@/s, `${MASK}@`);
  if (!URL.canParse(written)) return `${scheme}…`;
  const { username, password, host, pathname, search, hash } = new URL(written);
  if (!/[@?#]/.test(written)) return written;
  const account = username === '' && password === '' ? '' : `${MASK}@`;
  // An @ behind the host is the end of a password with a slash, a question mark or a hash in it.
  if (`${pathname}${search}${hash}`.includes('@')) return `${scheme}${MASK}`;
  return `${scheme}${account}${host}${pathname}${search === '' ? '' : `?${MASK}`}${hash === '' ? '' : `#${MASK}`}`;
}

function shorten(text: string): string {
  return text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text;
}

const DISTANCE_CHARACTERS_MAX = 100;

/** The candidate that a misspelt name most likely meant: few letters apart, or the same last word in another place. */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  if (name.length > DISTANCE_CHARACTERS_MAX) return undefined;
  const farthest = Math.max(2, Math.floor(name.length / 4));
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: distanceTo(name, candidate) }))
    .filter(({ distance }) => distance <= farthest)
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.candidate;
}

function distanceTo(name: string, candidate: string): number {
  const word = lastWord(name);
  const isSameWord = word.toLowerCase() === lastWord(candidate).toLowerCase();
  return Math.min(editDistance(name.toLowerCase(), candidate.toLowerCase()), isSameWord ? 2 : Number.POSITIVE_INFINITY);
}

const lastWord = (name: string): string => name.slice(name.lastIndexOf('.') + 1);

/** Levenshtein's distance, row by row. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
