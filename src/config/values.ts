// One written value becomes one resolved value: JSON Schema first (TypeBox), then what a schema cannot say. Only PEM reads
// a file here. It knows single values; sections, `…File` and entries of tables are resolve.ts.

import { readFileSync, statSync } from 'node:fs';
import { Check } from 'typebox/value';
import { parseHost, parseNetwork } from './hosts.ts';
import { parseJournalUrl } from './journal-url.ts';
import type { Durability } from './kinds.ts';
import type { Leaf } from './leaf.ts';
import { type ConfigProblem, describe } from './problem.ts';
import { plain, type Raw, type RawScalar } from './raw.ts';
import { parseDuration, parseSize } from './units.ts';
import { unreadable } from './yaml-source.ts';

const SECRET_FILE_BYTES_MAX = 256 * 1024;
const KEY_BYTES = 32;
const PEM_BEGINS = '-----BEGIN ';

export type Value =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problem: ConfigProblem };

/** Reads one value of any kind but `table`. */
export function readValue(key: string, leaf: Leaf, raw: Raw): Value {
  const written = plain(raw);
  if (!Check(leaf, written)) return bad(key, leaf, raw, mismatch(leaf, raw));
  if (leaf.kind === 'pem') return readPem(key, leaf, raw, String(written));
  const value = convert(leaf, written);
  return value === undefined ? bad(key, leaf, raw, wrongItem(leaf, raw)) : { ok: true, value };
}

function bad(key: string, leaf: Leaf, raw: Raw, found: string): Value {
  return { ok: false, problem: { key, found, expected: leaf.expects, at: raw.at } };
}

/** What was found, with a hint where the text alone would look right: `"8443"` where 8443 belongs, 10 where `10s` does. */
function mismatch(leaf: Leaf, raw: Raw): string {
  const found = describe(raw, leaf);
  if (raw.kind === 'list' && isList(leaf)) return wrongItem(leaf, raw);
  return raw.kind === 'scalar' ? `${found}${hint(leaf, raw)}` : found;
}

function hint({ kind }: Leaf, { value, at }: RawScalar): string {
  const isText = typeof value === 'string';
  if (isText) return at.from === 'file' && (kind === 'integer' || kind === 'boolean') ? ', which is text' : '';
  if (typeof value === 'number' && (kind === 'duration' || kind === 'size')) return ' without a unit';
  return value !== null && kind === 'text' ? `, a ${typeof value}; quotes make it text` : '';
}

/** Of a list, the first item that is wrong; of anything else, itself. */
function wrongItem(leaf: Leaf, raw: Raw): string {
  if (raw.kind !== 'list') return describe(raw, leaf);
  const wrong = raw.items.findIndex(
    (item) => typeof plain(item) !== 'string' || convertItem(leaf, String(plain(item))) === undefined,
  );
  const item = raw.items[wrong];
  return item === undefined ? `${raw.items.length} items` : `${describe(item, leaf)} as item ${wrong + 1}`;
}

const isList = ({ kind }: Leaf): boolean =>
  kind === 'hosts' || kind === 'networks' || kind === 'paths' || kind === 'keys';

/** The resolved value, or `undefined` if it is none of its kind. */
function convert(leaf: Leaf, written: unknown): unknown {
  if (Array.isArray(written)) return everyItem(leaf, written);
  if (typeof written !== 'string') return written;
  switch (leaf.kind) {
    case 'host':
      return parseHost(written);
    case 'url':
      return parseHttpUrl(written);
    case 'duration':
      return within(leaf, parseDuration(written));
    case 'size':
      return within(leaf, parseSize(written));
    case 'key':
      return parseKey(written);
    case 'durability':
      return parseDurability(written);
    case 'journal-url':
      return parseJournalUrl(written);
    case 'path':
      return written.includes('\0') ? undefined : written;
    default:
      return written;
  }
}

function everyItem(leaf: Leaf, written: readonly unknown[]): unknown[] | undefined {
  const items = written.map((item) => convertItem(leaf, String(item)));
  return items.includes(undefined) ? undefined : items;
}

function convertItem(leaf: Leaf, written: string): unknown {
  if (leaf.kind === 'hosts') return parseHost(written);
  if (leaf.kind === 'networks') return parseNetwork(written);
  if (leaf.kind === 'keys') return parseKey(written);
  return written === '' ? undefined : written;
}

function within({ least = 0, most = Number.MAX_SAFE_INTEGER }: Leaf, value: number | undefined): number | undefined {
  return value !== undefined && value >= least && value <= most ? value : undefined;
}

function parseHttpUrl(written: string): string | undefined {
  if (!URL.canParse(written)) return undefined;
  const { protocol, hostname } = new URL(written);
  return (protocol === 'http:' || protocol === 'https:') && hostname !== '' ? written : undefined;
}

function parseKey(written: string): Buffer | undefined {
  const bytes = Buffer.from(written, 'base64');
  // Buffer passes over what is not base64, so only the way back tells whether all of it was.
  const isWhole = bytes.toString('base64').replace(/=+$/, '') === written.replace(/=+$/, '');
  return isWhole && bytes.length === KEY_BYTES ? bytes : undefined;
}

function parseDurability(written: string): Durability {
  if (written === 'always' || written === 'everysec') return { kind: written };
  return { kind: 'replicated', replicas: Number(written.slice('replicated:'.length)) };
}

function readPem(key: string, leaf: Leaf, raw: Raw, written: string): Value {
  if (written.startsWith(PEM_BEGINS)) return { ok: true, value: written };
  // The body of a private key without its BEGIN line would be taken for a path, too; so that is not repeated.
  const shown = leaf.isSecret ? 'the path that is given' : written;
  const content = readSmallFile(written, shown);
  if ('reason' in content) return bad(key, leaf, raw, content.reason);
  if (!content.text.includes(PEM_BEGINS)) return bad(key, leaf, raw, `no PEM in ${shown}`);
  return { ok: true, value: content.text };
}

/** A file that holds one secret or certificate; a trailing newline is not part of it. `shown` is its name in messages. */
export function readSmallFile(file: string, shown = file): { text: string } | { reason: string } {
  try {
    const { size } = statSync(file);
    if (size > SECRET_FILE_BYTES_MAX) return { reason: `a file of ${size} bytes at ${shown}` };
    return { text: readFileSync(file, 'utf8').replace(/\r?\n$/, '') };
  } catch (error) {
    return { reason: unreadable(shown, error) };
  }
}
