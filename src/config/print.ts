// The effective configuration as YAML that can be read again, but for its secrets, which are masked: every key with its
// value, where that came from, and which keys change nothing yet.

import type { TObject } from 'typebox';
import { Document } from 'yaml';
import { isLeaf, sectionsOf } from './key-list.ts';
import type { Leaf } from './leaf.ts';
import { notYetEffective } from './not-yet-effective.ts';
import { MASK, maskUrl } from './problem.ts';
import { type Origin, plain } from './raw.ts';
import type { ConfigReading } from './reader.ts';
import type { Setting } from './resolve.ts';
import { schema } from './schema.ts';

/** `northbound:\n  host: 0.0.0.0 # default\n…`; keys without value or default as comments; ends with a newline. */
export function printConfig({ settings }: Pick<ConfigReading, 'settings'>): string {
  const idle = notYetEffective.filter((key) => settings.has(key));
  return [
    '# The effective configuration. Secrets are masked; each comment tells where a value came from.',
    ...printSection(schema, '', settings),
    '',
    idle.length === 0 ? '# No key that is set is without effect.' : '# Set, but without effect yet:',
    ...idle.map((key) => `#   ${key}`),
    '',
  ].join('\n');
}

function printSection(section: TObject, above: string, settings: ReadonlyMap<string, Setting>): string[] {
  const indent = '  '.repeat(above === '' ? 0 : above.split('.').length);
  return sectionsOf(section).flatMap(([name, inner]) => {
    const key = above === '' ? name : `${above}.${name}`;
    if (!isLeaf(inner)) return [`${indent}${name}:`, ...printSection(inner as TObject, key, settings)];
    const setting = settings.get(key);
    const idle = notYetEffective.includes(key) ? '; without effect yet' : '';
    if (setting === undefined) return [`${indent}${printUnset(name, inner)}${idle}`];
    const written = setting.isFile ? plain(setting.raw) : masked(inner, plain(setting.raw));
    return [`${indent}${name}${setting.isFile ? 'File' : ''}: ${flow(written)} # ${sourceOf(setting.raw.at)}${idle}`];
  });
}

function printUnset(name: string, leaf: Leaf): string {
  if (leaf.default === undefined) return `# ${name}: ${leaf.absent}`;
  return `${name}: ${flow(leaf.default)} # default`;
}

function sourceOf(at: Origin): string {
  if (at.from === 'file') return `file ${at.file}, line ${at.line}`;
  return at.from === 'environment' ? `environment ${at.name}` : `user data ${at.file}`;
}

/** A value as it may be shown. Journal URLs keep all but their credentials: where the journal is, is worth knowing. */
function masked(leaf: Leaf, written: unknown): unknown {
  if (leaf.kind === 'table') return Array.isArray(written) ? written.map((entry) => maskedEntry(leaf, entry)) : [];
  // That it was accepted means that nothing but the account stands before the @ (journal-url.ts).
  if (leaf.kind === 'journal-url') return String(written).replace(/:\/\/[^@/]*@/, `://${MASK}@`);
  if (leaf.kind === 'url') return maskUrl(String(written));
  if (leaf.isSecret) return Array.isArray(written) ? written.map(() => MASK) : MASK;
  if (leaf.kind === 'pem' && String(written).includes('\n')) return '-----BEGIN …';
  return written;
}

function maskedEntry({ entry }: Leaf, written: unknown): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const [name, inner] of entry === undefined ? [] : sectionsOf(entry)) {
    if (!isLeaf(inner) || typeof written !== 'object' || written === null) continue;
    const own = new Map(Object.entries(written));
    if (own.has(name)) shown[name] = masked(inner, own.get(name));
    if (inner.isSecret && own.has(`${name}File`)) shown[`${name}File`] = own.get(`${name}File`);
  }
  return shown;
}

/** One line of YAML, whatever the value holds. */
function flow(value: unknown): string {
  return new Document(value).toString({ collectionStyle: 'flow', blockQuote: false, lineWidth: 0 }).trimEnd();
}
