/**
 * The import rules of the house, as functions over sources: paths and texts in, complaints out. They read import lines
 * by pattern, comments and strings taken out first, and resolve relative paths by hand: no compiler is asked.
 */
import { posix } from 'node:path';

export interface Source {
  /** From the repository's root, with `/`. */
  readonly path: string;
  readonly text: string;
}

export interface ImportRules {
  /** Which other parts of `src/` each part may import. A part is a folder of `src/`, or a file directly in it. */
  readonly parts: Readonly<Record<string, readonly string[]>>;
  /** All that a pure part may import from outside the tree. */
  readonly pure: Readonly<Record<string, readonly string[]>>;
  /** Packages that only some parts know. */
  readonly owners: Readonly<Record<string, readonly string[]>>;
}

interface Import {
  readonly from: string;
  readonly isType: boolean;
}

const forms = [
  /^[ \t]*(?:import|export)\b(?<type>\s+type\b)?[^'";]*?\bfrom\s*['"](?<from>[^'"]+)['"]/gm,
  /^[ \t]*import\s*['"](?<from>[^'"]+)['"]/gm,
  /\bimport\(\s*['"](?<from>[^'"]+)['"]\s*\)/g,
];

/** Every static and dynamic import and re-export of a text. */
export function importsOf(text: string): Import[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  return forms.flatMap((form) =>
    [...code.matchAll(form)].map(({ groups }) => ({ from: groups?.from ?? '', isType: groups?.type !== undefined })),
  );
}

/** The part of `src/` that a path belongs to; null outside `src/`. */
export function partOf(path: string): string | null {
  const [root, part] = path.split('/');
  return root === 'src' && part !== undefined ? part : null;
}

/** Complaints about the imports of one source in `src/`. */
export function importComplaints(source: Source, rules: ImportRules): string[] {
  const part = partOf(source.path);
  if (part === null) return [];
  const allowed = rules.parts[part];
  if (allowed === undefined) return [`${source.path}: ${part} is not in the import table`];
  return importsOf(source.text).flatMap((imported) =>
    imported.from.startsWith('.')
      ? relativeComplaints(source.path, imported.from, allowed)
      : packageComplaints(source.path, part, imported, rules),
  );
}

function relativeComplaints(path: string, from: string, allowed: readonly string[]): string[] {
  const target = posix.join(posix.dirname(path), from);
  const part = partOf(target);
  if (part === null) return target === 'package.json' ? [] : [`${path}: imports ${target}, which is not in src`];
  if (part === partOf(path) || allowed.includes(part)) return [];
  return [`${path}: ${partOf(path)} may not import ${part}`];
}

function packageComplaints(path: string, part: string, { from, isType }: Import, rules: ImportRules): string[] {
  const name = from.startsWith('@') ? from.split('/').slice(0, 2).join('/') : (from.split('/')[0] ?? from);
  const owners = rules.owners[name];
  if (owners !== undefined && !owners.includes(part)) return [`${path}: only ${owners.join(' and ')} may use ${name}`];
  const pure = rules.pure[part];
  if (pure === undefined || pure.includes(name) || (isType && name.startsWith('node:'))) return [];
  return [`${path}: ${part} is pure and may not import ${name}`];
}
