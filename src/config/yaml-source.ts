// The configuration file as a raw tree with line numbers. YAML's traps (tabs, duplicate keys, several documents, anchors
// that lead nowhere) become problems in plain words; the parser's own messages are not passed on, for they quote the file,
// and the file may hold secrets.

import { readFileSync, statSync } from 'node:fs';
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type YAMLError } from 'yaml';
import type { ConfigProblem } from './problem.ts';
import type { Origin, Raw, RawMap } from './raw.ts';

const FILE_BYTES_MAX = 1024 * 1024;
const DEPTH_MAX = 16;
/** Aliases can make a small file a huge tree. */
const NODES_MAX = 20_000;

const sentences: ReadonlyMap<string, readonly [found: string, expected: string]> = new Map([
  ['DUPLICATE_KEY', ['the same key twice in one map', 'each key once']],
  ['TAB_AS_INDENT', ['a tab in the indentation', 'spaces']],
  ['MULTIPLE_DOCS', ['a second document (---)', 'one document']],
  [
    'BLOCK_AS_IMPLICIT_KEY',
    ['a map where a value stands already', 'one value a key; check the indentation, and quote text with ": "'],
  ],
  ['MULTILINE_IMPLICIT_KEY', ['a key over several lines', '`key: value` on one line']],
  ['BAD_SCALAR_START', ['a value that begins with @ or a backtick', 'quotes around it']],
  ['MISSING_CHAR', ['something that is not closed or has no colon', 'closed quotes and brackets, and `key: value`']],
  ['BAD_INDENT', ['a bracket that is not closed or wrongly indented', 'lists and maps closed and indented evenly']],
  ['BAD_ALIAS', ['an alias (*) that names no anchor', 'quotes around text that begins with *']],
  ['BAD_DQ_ESCAPE', ['an unknown escape (\\) in double quotes', 'single quotes, or \\\\ for a backslash']],
  ['TAG_RESOLVE_FAILED', ['an unknown tag (!)', 'quotes around text that begins with !']],
]);

/** Reads a file into a tree; a file that is missing, empty or unsound gives problems and as much of a tree as there is. */
export function readYamlFile(file: string, key: string): { tree?: RawMap; problems: ConfigProblem[] } {
  let text: string;
  try {
    const { size } = statSync(file);
    if (size > FILE_BYTES_MAX) {
      return { problems: [{ key, found: `a file of ${size} bytes at ${file}`, expected: 'at most 1 MiB' }] };
    }
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return { problems: [{ key, found: unreadable(file, error), expected: 'a readable YAML file' }] };
  }
  return parseYaml(text, file);
}

/** `no file at PATH`, `a directory at PATH`: why a file could not be read. */
export function unreadable(file: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  const words = new Map([
    ['ENOENT', 'no file'],
    ['EISDIR', 'a directory'],
    ['EACCES', 'a file without permission to read it'],
  ]);
  return words.has(code) ? `${words.get(code)} at ${file}` : `an unreadable file (${code}) at ${file}`;
}

function parseYaml(text: string, file: string): { tree?: RawMap; problems: ConfigProblem[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { prettyErrors: false, lineCounter: lines });
  const placeAt = (offset: number): Origin => ({ from: 'file', file, line: Math.max(1, lines.linePos(offset).line) });
  const problems = [...document.errors, ...document.warnings].map((error) => yamlProblem(error, file, placeAt));
  // The first fault makes others further down; one is enough to correct it.
  if (problems.length > 0) return { problems: problems.slice(0, 1) };
  if (document.contents === null) return { problems: [] };
  const tree = new Walk(document, placeAt, file).read(document.contents, 0);
  if (tree.raw?.kind === 'map') return { tree: tree.raw, problems: tree.problems };
  if (tree.raw?.kind === 'scalar' && tree.raw.value === null) return { problems: tree.problems };
  const found = tree.raw?.kind === 'list' ? 'a list' : 'a single value';
  return { problems: [...tree.problems, { key: file, found, expected: 'a map of configuration keys' }] };
}

function yamlProblem({ code, pos }: YAMLError, file: string, placeAt: (offset: number) => Origin): ConfigProblem {
  const [found, expected] = sentences.get(code) ?? [`something that is not YAML (${code})`, 'YAML 1.2'];
  return { key: file, found, expected, at: placeAt(pos[0]) };
}

/** One walk over a document. It counts what it visits, aliases included. */
class Walk {
  readonly #document: Document;
  readonly #placeAt: (offset: number) => Origin;
  readonly #file: string;
  readonly #problems: ConfigProblem[] = [];
  #visited = 0;

  constructor(document: Document, placeAt: (offset: number) => Origin, file: string) {
    this.#document = document;
    this.#placeAt = placeAt;
    this.#file = file;
  }

  read(node: unknown, offset: number): { raw?: Raw; problems: ConfigProblem[] } {
    const raw = this.#visit(node, offset, 0);
    return { ...(raw === undefined ? {} : { raw }), problems: this.#problems };
  }

  #visit(node: unknown, offsetOfKey: number, depth: number): Raw | undefined {
    const offset = rangeStart(node) ?? offsetOfKey;
    const at = this.#placeAt(offset);
    this.#visited += 1;
    if (depth > DEPTH_MAX || this.#visited > NODES_MAX) {
      if (this.#problems.length === 0)
        this.#complain('too much: nested too deep, or too many aliases', 'a plain map', at);
      return undefined;
    }
    if (isAlias(node)) {
      const target = node.resolve(this.#document);
      if (target !== undefined) return this.#visit(target, offset, depth + 1);
      const [found, expected] = sentences.get('BAD_ALIAS') ?? ['an alias', 'an anchor'];
      this.#complain(found, expected, at);
      return undefined;
    }
    if (isSeq(node)) {
      const items = node.items.map((item) => this.#visit(item, offset, depth + 1)).filter((item) => item !== undefined);
      return { kind: 'list', items, at };
    }
    if (isMap(node)) return this.#map(node.items, offset, depth);
    const value = isScalar(node) ? node.value : null;
    const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
    return { kind: 'scalar', value: isPlain ? value : null, at };
  }

  #map(items: readonly { key: unknown; value: unknown }[], offset: number, depth: number): RawMap {
    const entries = new Map<string, Raw>();
    for (const { key, value } of items) {
      const keyOffset = rangeStart(key) ?? offset;
      if (!isScalar(key) || typeof key.value !== 'string') {
        this.#complain('a key that is not text', 'the name of a configuration key', this.#placeAt(keyOffset));
      } else if (key.value === '<<') {
        this.#complain(
          'a merge key (<<)',
          'the keys written out; anchors and aliases of values are read',
          this.#placeAt(keyOffset),
        );
      } else {
        const raw = this.#visit(value, keyOffset, depth + 1);
        // The place of a value is the line of its key: that is the line a person looks for.
        if (raw !== undefined) entries.set(key.value, { ...raw, at: this.#placeAt(keyOffset) });
      }
    }
    return { kind: 'map', entries, at: this.#placeAt(offset) };
  }

  #complain(found: string, expected: string, at: Origin): void {
    this.#problems.push({ key: this.#file, found, expected, at });
  }
}

function rangeStart(node: unknown): number | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range?.[0] : undefined;
}
