/**
 * What commands print: tables for people on a terminal, tab-separated lines for programs otherwise, JSON on demand.
 * Control characters in values never reach the terminal: a path or a reason comes from somebody else. Colours are for
 * a terminal alone, and not where NO_COLOR is set (no-color.org).
 */
import { once } from 'node:events';
import { styleText } from 'node:util';
import Table from 'cli-table3';
import { fitted } from './table-width.ts';

export type Cell = string | number | null;

export interface Output {
  readonly isTerminal: boolean;
  /** Of the terminal, in characters and lines. */
  readonly columns: number;
  readonly rows: number;
  write(text: string): void;
  /** Resolves when whoever reads has taken so much that more may be written. */
  drained(): Promise<void>;
}

const columnsDefault = 80;
const rowsDefault = 24;

export const standardOutput: Output = {
  isTerminal: process.stdout.isTTY === true,
  // They follow the window, so they are asked for each time.
  get columns() {
    return process.stdout.columns || columnsDefault;
  },
  get rows() {
    return process.stdout.rows || rowsDefault;
  },
  write: (text) => void process.stdout.write(text),
  async drained() {
    if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
  },
};

export function printTable(output: Output, head: readonly string[], rows: readonly (readonly Cell[])[]): void {
  const shown = [head, ...rows].map((row) => row.map(textOf));
  if (!output.isTerminal) {
    for (const row of shown) output.write(`${row.join('\t')}\n`);
    return;
  }
  const [titles = [], ...cells] = fitted(
    shown.map((row) => row.map(briefly)),
    output.columns,
  );
  const table = new Table({ head: titles, style: { head: [], border: [], compact: true } });
  table.push(...cells.map((row) => row.map(coloured)));
  output.write(`${table.toString()}\n`);
}

/** Names and values, one a line. */
export function printPairs(output: Output, pairs: readonly (readonly [string, Cell])[]): void {
  const width = Math.max(...pairs.map(([name]) => name.length));
  for (const [name, value] of pairs) {
    const shown = textOf(value);
    output.write(output.isTerminal ? `${name.padEnd(width)}  ${coloured(shown)}\n` : `${name}\t${shown}\n`);
  }
}

/** JSON leaves DEL and C1 controls as they are, and a terminal may take them for the beginning of a command. */
export const jsonOf = (value: unknown, indent = 0): string =>
  JSON.stringify(value, null, indent).replace(
    /[\x7f-\x9f]/g,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

export const printJson = (output: Output, value: unknown): void => output.write(`${jsonOf(value, 2)}\n`);

/** What somebody else sent, without what commands a terminal. */
export const legibleOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString()
    .replaceAll('\r\n', '\n')
    .replace(/[^\P{Cc}\n\t]/gu, '\ufffd');

const textOf = (cell: Cell): string => clean(cell === null ? '-' : String(cell));

const clean = (text: string): string => text.replace(/\p{Cc}+/gu, ' ');

/** An instant in a table of a terminal: without year and fractions, in UTC as it came. */
const briefly = (text: string): string => text.replace(/^\d{4}-(\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z$/, '$1 $2Z');

/** Words that say how something stands; the same word has the same colour everywhere. */
const colours = {
  green: ['open', 'completed', 'ready', 'active', 'live', 'answered', 'delivered'],
  yellow: ['holding', 'draining', 'held', 'unacknowledged', 'awaiting-operator', 'starting', 'unknown', 'waiting'],
  red: ['failed', 'abandoned', 'down', 'gone', 'dead'],
} as const;

/** By its first word, with which a sentence such as `holding (switchover)` begins. */
function coloured(text: string): string {
  const [first = ''] = text.split(' ');
  for (const [colour, words] of Object.entries(colours)) {
    if ((words as readonly string[]).includes(first)) {
      return styleText(colour as keyof typeof colours, text, { stream: process.stdout });
    }
  }
  return text;
}
