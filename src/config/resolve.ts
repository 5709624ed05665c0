// A raw tree becomes the resolved configuration: defaults filled in, units in the names, `…File` read, unknown keys
// refused. It goes on after a problem, so that all are told at once; what was wrong is then absent from the result.

import type { TObject } from 'typebox';
import { isLeaf, mayComeFromFile, sectionsOf } from './key-list.ts';
import { type Leaf, resolvedName } from './leaf.ts';
import { type ConfigProblem, describe, nearest } from './problem.ts';
import type { Origin, Raw, RawMap } from './raw.ts';
import { rawOf } from './raw.ts';
import { readSmallFile, readValue } from './values.ts';

/** What one key was set to, for `config print`: as it was written, before units and files. */
export type Setting = { readonly raw: Raw; readonly isFile: boolean };

export type Resolution = {
  readonly problems: ConfigProblem[];
  /** By dotted key, entries of tables by index (`policies[0].lane`); keys that are not here have their default. */
  readonly settings: Map<string, Setting>;
};

/** Resolves one section; `above` is its dotted key (empty for the whole). */
export function resolveSection(
  section: TObject,
  raw: Raw | undefined,
  above: string,
  into: Resolution,
): Record<string, unknown> {
  const entries = mapEntries(raw, above, into);
  const resolved: Record<string, unknown> = {};
  const known = new Set<string>();
  for (const [name, inner] of sectionsOf(section)) {
    const key = above === '' ? name : `${above}.${name}`;
    known.add(name);
    if (!isLeaf(inner)) {
      resolved[name] = resolveSection(inner as TObject, entries.get(name), key, into);
      continue;
    }
    if (mayComeFromFile(inner)) known.add(`${name}File`);
    const value = resolveLeaf(inner, entries, { name, key, above: raw?.at }, into);
    if (value !== undefined) resolved[resolvedName(name, inner.kind)] = value;
  }
  for (const [name, { at }] of entries) {
    if (!known.has(name)) into.problems.push(unknownKey(above === '' ? name : `${above}.${name}`, at, section, above));
  }
  return resolved;
}

function mapEntries(raw: Raw | undefined, key: string, into: Resolution): RawMap['entries'] {
  if (raw === undefined || (raw.kind === 'scalar' && raw.value === null)) return new Map();
  if (raw.kind === 'map') return raw.entries;
  into.problems.push({ key, found: describe(raw), expected: 'a map of keys', at: raw.at });
  return new Map();
}

type Place = { readonly name: string; readonly key: string; readonly above: Origin | undefined };

function resolveLeaf(leaf: Leaf, entries: RawMap['entries'], place: Place, into: Resolution): unknown {
  const { name, key } = place;
  const direct = entries.get(name);
  const fileGiven = mayComeFromFile(leaf) ? entries.get(`${name}File`) : undefined;
  if (direct !== undefined && fileGiven !== undefined) {
    into.problems.push({ key, found: `both ${name} and ${name}File`, expected: 'one of them', at: fileGiven.at });
    return undefined;
  }
  const raw = fileGiven === undefined ? direct : contentOf(fileGiven, `${key}File`, leaf, into);
  const given = fileGiven ?? direct;
  if (given !== undefined) into.settings.set(key, { raw: given, isFile: fileGiven !== undefined });
  if (given === undefined && leaf.isRequired) {
    const problem = { key, found: 'nothing', expected: leaf.expects };
    into.problems.push(place.above === undefined ? problem : { ...problem, at: place.above });
    return undefined;
  }
  if (raw !== undefined)
    return leaf.kind === 'table' ? resolveTable(leaf, raw, key, into) : checkedValue(key, leaf, raw, into);
  if (given !== undefined || leaf.default === undefined) return undefined;
  return checkedValue(key, leaf, rawOf(leaf.default, { from: 'file', file: 'the default', line: 1 }), into);
}

function checkedValue(key: string, leaf: Leaf, raw: Raw, into: Resolution): unknown {
  const result = readValue(key, leaf, raw);
  if (result.ok) return result.value;
  into.problems.push(result.problem);
  return undefined;
}

function contentOf(given: Raw, key: string, leaf: Leaf, into: Resolution): Raw | undefined {
  const path = given.kind === 'scalar' && typeof given.value === 'string' ? given.value : undefined;
  if (path === undefined || path === '') {
    into.problems.push({ key, found: describe(given), expected: 'the path of a file', at: given.at });
    return undefined;
  }
  const content = readSmallFile(path);
  const hasText = 'text' in content && content.text !== '';
  if (!hasText) {
    const found = 'reason' in content ? content.reason : `an empty file at ${path}`;
    into.problems.push({ key, found, expected: `a readable file that holds ${leaf.expects}`, at: given.at });
    return undefined;
  }
  if (leaf.kind === 'pem' && !content.text.includes('-----BEGIN ')) {
    into.problems.push({ key, found: `no PEM in ${path}`, expected: 'a PEM file', at: given.at });
    return undefined;
  }
  if (leaf.kind !== 'keys') return rawOf(content.text, given.at);
  return rawOf(
    content.text.split(/[\s,]+/).filter((each) => each !== ''),
    given.at,
  );
}

function resolveTable(leaf: Leaf, raw: Raw, key: string, into: Resolution): unknown {
  if (raw.kind !== 'list') {
    into.problems.push({ key, found: describe(raw), expected: leaf.expects, at: raw.at });
    return undefined;
  }
  const { entry } = leaf;
  if (entry === undefined) throw new Error(`the table ${key} has no entry schema`);
  if (raw.items.length > ENTRIES_MAX) {
    into.problems.push({ key, found: `${raw.items.length} entries`, expected: `at most ${ENTRIES_MAX}`, at: raw.at });
    return undefined;
  }
  return raw.items.map((item, index) => {
    const at = `${key}[${index}]`;
    into.settings.set(at, { raw: item, isFile: false });
    if (item.kind === 'map') return resolveSection(entry, item, at, into);
    into.problems.push({
      key: at,
      found: describe(item),
      expected: `a map with ${Object.keys(entry.properties).join(', ')}`,
      at: item.at,
    });
    return {};
  });
}

const ENTRIES_MAX = 1000;

function unknownKey(key: string, at: Origin, section: TObject, above: string): ConfigProblem {
  const meant = nearest(key, candidates(section, above));
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
  return {
    key,
    found: 'an unknown key',
    expected: `a key of ${above === '' ? 'the configuration' : above}${hint}`,
    at,
  };
}

/** The section's own keys, and all below them: a key is often written one level too high. */
function candidates(section: TObject, above: string): string[] {
  return sectionsOf(section).flatMap(([name, inner]) => {
    const key = above === '' ? name : `${above}.${name}`;
    if (!isLeaf(inner)) return [key, ...candidates(inner as TObject, key)];
    return mayComeFromFile(inner) ? [key, `${key}File`] : [key];
  });
}
