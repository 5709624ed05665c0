// The configuration reference as Markdown, written out of the schema: docs/configuration.md is this text, and a test holds
// it current. It adds no facts of its own: what a key means is said at the key.

import type { TObject } from 'typebox';
import { isLeaf, type KeyEntry, keyList, sectionsOf } from './key-list.ts';
import type { Leaf } from './leaf.ts';
import { notYetEffective } from './not-yet-effective.ts';

const head = `# Configuration

<!-- Written by \`northgate config reference\` from src/config/schema.ts; test/config/reference.test.ts holds it current. -->

A YAML file (\`--config FILE\`, or \`NORTHGATE_CONFIG\`), or the environment, which wins: \`NORTHGATE_\`, then the key in upper case
with \`_\` between steps and words. Lists are comma-separated there, lists of objects are JSON, and an empty variable counts as
not set. Durations and sizes have a unit. An unknown key, a bad value or a missing file ends the start with exit code 2 and
a line that names the key, what was found and what was expected.

\`northgate config check\` says what is wrong, \`northgate config print\` what is in force and where each value came from.
**Secret** values are never shown; they and certificates may stand in a file of their own: \`…File\` beside the key, \`…_FILE\`
behind the variable.
`;

/** Ends with a newline. */
export function configReference(): string {
  const sections = [...new Set(keyList.map(({ path }) => path[0] ?? ''))];
  return `${[head, ...sections.map(sectionText)].join('\n')}`;
}

function sectionText(section: string): string {
  const entries = keyList.filter(({ path }) => path[0] === section);
  const rows = entries.map(({ key, variable, leaf }) => row(`\`${key}\`<br>\`${variable}\``, leaf, key));
  const tables = entries.filter(({ leaf }) => leaf.entry !== undefined).map(entryText);
  return [`## ${section}\n`, tableHead, ...rows, '', ...tables].join('\n');
}

const tableHead = '| key, variable | default | accepts | meaning |\n| --- | --- | --- | --- |';

function row(name: string, leaf: Leaf, key: string | null): string {
  const notes = [
    sentence(leaf.description),
    ...(leaf.isSecret && leaf.kind !== 'table' ? ['**Secret.**'] : []),
    ...(key !== null && notYetEffective.includes(key) ? ['*Without effect yet.*'] : []),
  ];
  return `| ${[name, defaultOf(leaf), leaf.expects, notes.join(' ')].map(cell).join(' | ')} |`;
}

/** The keys of one entry of a list of objects. */
function entryText({ key, leaf }: KeyEntry): string {
  const inner = sectionsOf(leaf.entry as TObject).flatMap(([name, each]) =>
    isLeaf(each) ? [row(`\`${name}\``, each, null)] : [],
  );
  return [
    `Each entry of \`${key}\`:\n`,
    '| key | default | accepts | meaning |\n| --- | --- | --- | --- |',
    ...inner,
    '',
  ].join('\n');
}

function defaultOf(leaf: Leaf): string {
  if (Array.isArray(leaf.default) && leaf.default.length === 0) return 'an empty list';
  if (leaf.default !== undefined) return `\`${String(leaf.default)}\``;
  if (!leaf.isRequired) return leaf.absent;
  return leaf.absent === 'none' ? '**required**' : `**required**, or ${leaf.absent}`;
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
const cell = (text: string): string => text.replaceAll('|', '\\|');
