/**
 * What commands print: tables for people on a terminal, tab-separated lines for programs otherwise, JSON on demand.
 * Control characters in values never reach the terminal: a path or a reason comes from somebody else.
 */
import Table from 'cli-table3';

type Cell = string | number | null;

export interface Output {
  readonly isTerminal: boolean;
  write(text: string): void;
}

export const standardOutput: Output = {
  isTerminal: process.stdout.isTTY === true,
  write: (text) => void process.stdout.write(text),
};

export function printTable(output: Output, head: readonly string[], rows: readonly (readonly Cell[])[]): void {
  const shown = rows.map((row) => row.map((cell) => clean(cell === null ? '-' : String(cell))));
  if (!output.isTerminal) {
    for (const row of [head, ...shown]) output.write(`${row.join('\t')}\n`);
    return;
  }
  const table = new Table({ head: [...head], style: { head: [], border: [], compact: true } });
  table.push(...shown);
  output.write(`${table.toString()}\n`);
}

/** Names and values, one a line. */
export function printPairs(output: Output, pairs: readonly (readonly [string, Cell])[]): void {
  const width = Math.max(...pairs.map(([name]) => name.length));
  for (const [name, value] of pairs) {
    const shown = clean(value === null ? '-' : String(value));
    output.write(output.isTerminal ? `${name.padEnd(width)}  ${shown}\n` : `${name}\t${shown}\n`);
  }
}

export const printJson = (output: Output, value: unknown): void => output.write(`${JSON.stringify(value, null, 2)}\n`);

const clean = (text: string): string => text.replace(/\p{Cc}+/gu, ' ');
