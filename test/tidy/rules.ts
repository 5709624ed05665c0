/**
 * The other rules of the house, as functions over sources: a source in, complaints out. Words that no file may hold are
 * put together here, so that this file does not hold them either.
 */
import { basename } from 'node:path';
import type { Source } from './imports.ts';

export const fileLinesMax = 350;
export const headerLinesMax = 7;
export const scriptLinesMax = 40;

type Rule = (source: Source) => string[];

const complaint = (isBroken: boolean, source: Source, says: string): string[] =>
  isBroken ? [`${source.path}: ${says}`] : [];

/** Lines, a last empty one not counted. */
const linesOf = (text: string): string[] => text.replace(/\n$/, '').split('\n');

/** Folders are parts of the product, not kinds of code. */
const kinds = ['utils', 'util', 'helpers', 'common', 'shared', 'lib', 'types', 'services', 'managers', 'misc'];

export const isPartOfProduct: Rule = (source) => {
  const folder = source.path
    .split('/')
    .slice(0, -1)
    .find((name) => kinds.includes(name));
  return complaint(folder !== undefined, source, `the folder ${folder} names a kind of code`);
};

export const isKebabCase: Rule = (source) => {
  const isKebab = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.test)?\.(?:ts|lua)$/.test(basename(source.path));
  return complaint(!isKebab, source, 'the name is not in kebab-case');
};

export const isSmall: Rule = (source) => {
  const lines = linesOf(source.text).length;
  const most = source.path.endsWith('.lua') ? scriptLinesMax : fileLinesMax;
  return complaint(lines > most, source, `${lines} lines are more than ${most}`);
};

const headerForm = /^(?:#!.*\n)?(?:\/\*\*(?<block>[\s\S]*?)\*\/|(?<lines>(?:\/\/.*\n)+)|(?<lua>(?:--.*\n)+))/;

/** What it is, its invariant, what it does not do. */
export const hasHeader: Rule = (source) => {
  const { block, lines, lua } = headerForm.exec(source.text)?.groups ?? {};
  const text = block ?? lines ?? lua ?? '';
  if (!/[a-z]/i.test(text)) return complaint(true, source, 'no comment says what this file is');
  const length = linesOf(text.trim()).length;
  const most = source.path.endsWith('.lua') ? scriptLinesMax : headerLinesMax;
  return complaint(length > most, source, `a header of ${length} lines is longer than ${most}`);
};

/** Code with comments and plain strings gone; of template strings only what is computed in them is left. */
function codeOf(text: string): string {
  const gone = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g;
  return text.replace(gone, (found) =>
    found.startsWith('`') ? [...found.matchAll(/\$\{([^}]*)\}/g)].map(([, code]) => ` ${code} `).join(';') : ' ',
  );
}

const impure =
  /\b(?:async|await|Promise|Date|Math\.random|process|setTimeout|setInterval|setImmediate|console|fetch)\b/;

/** No clock, no randomness, no waiting, no process. */
export const isPure: Rule = (source) => {
  const found = impure.exec(codeOf(source.text))?.[0];
  return complaint(found !== undefined, source, `${found} in a pure part`);
};

/** A file that only hands on what others export hides where things are. */
export const isNoBarrel: Rule = (source) => {
  const code = codeOf(source.text.replace(/from\s*(['"])[^'"]+\1/g, 'from _'));
  const rest = code.replace(/export\s+(?:type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\})\s*from _;?/g, '').trim();
  const handsOn = rest !== code.trim();
  return [
    ...complaint(basename(source.path) === 'index.ts', source, 'index.ts is the name of a barrel'),
    ...complaint(handsOn && rest === '', source, 'it only hands on what other files export'),
    ...complaint(/export\s*\*/.test(code), source, 'it hands on everything that another file exports'),
  ];
};

const reminders = new RegExp(`\\b(?:${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b`);

export const hasNoReminder: Rule = (source) =>
  complaint(reminders.test(source.text), source, `a leftover reminder: ${reminders.exec(source.text)?.[0]}`);

const narrowed = new RegExp(
  `\\b(?:test|it|suite|describe)\\.(?:${'on'}ly|${'sk'}ip|${'to'}do)\\b|\\b(?:${'on'}ly|${'sk'}ip|${'to'}do): true\\b`,
);

/** A test that is left out says so by its name in a condition (`skip: redisSkip`), never by a constant. */
export const runsAllTests: Rule = (source) =>
  complaint(narrowed.test(source.text), source, `${narrowed.exec(source.text)?.[0]} leaves tests out`);

const machinePath = /(?<![\w.~@:/-])(?:\/(?:home|Users)\/[a-z]|\/(?:root|work|mnt|media)\/\w|[A-Z]:\\\w)/;
const download =
  /https?:\/\/(?:[\w.-]*(?:registry|mirror|artifact|nexus|npmjs|unpkg|jsdelivr)[\w.-]*|\S+?\.(?:tgz|tar\.\w+|zip|deb|rpm|whl)\b)/i;

/** A clone works wherever it is, and what it needs comes from the package managers' own settings. */
export const isPortable: Rule = (source) => [
  ...complaint(machinePath.test(source.text), source, `a path of one machine: ${machinePath.exec(source.text)?.[0]}`),
  ...complaint(download.test(source.text), source, `a download address: ${download.exec(source.text)?.[0]}`),
];
