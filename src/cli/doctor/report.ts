/**
 * How checks are told: a line each, tab-separated for programs; on a terminal in colours, with what to do below it. The
 * last line counts them. Control characters never reach the terminal: names and messages come from elsewhere.
 */
import { styleText } from 'node:util';
import type { Output } from '../output.ts';
import type { Check, Status } from './check.ts';

const colours: Readonly<Record<Status, 'green' | 'yellow' | 'red' | 'gray'>> = {
  pass: 'green',
  warn: 'yellow',
  fail: 'red',
  skip: 'gray',
};

const clean = (text: string): string => text.replace(/\p{Cc}+/gu, ' ');

const idWidth = 24;

export function tellChecks(output: Output, checks: readonly Check[]): void {
  for (const { status, id, subject, found, advice } of checks) {
    if (output.isTerminal) {
      output.write(`${coloured(status)}  ${id.padEnd(idWidth)}  ${clean(subject)}: ${clean(found)}\n`);
      if (advice !== null) output.write(`${' '.repeat(idWidth + 8)}→ ${clean(advice)}\n`);
    } else {
      output.write(`${[status, id, subject, found, advice ?? '-'].map(clean).join('\t')}\n`);
    }
  }
}

/** Only where standard output is a terminal that takes colours and NO_COLOR is not set (no-color.org). */
const coloured = (status: Status): string => styleText(colours[status], status, { stream: process.stdout });

export type Summary = Readonly<Record<Status, number>>;

export function summaryOf(checks: readonly Check[]): Summary {
  const counts = { pass: 0, warn: 0, fail: 0, skip: 0 };
  for (const { status } of checks) counts[status] += 1;
  return counts;
}

export const summaryText = ({ pass, warn, fail, skip }: Summary): string =>
  `${pass} passed, ${warn} warned, ${fail} failed, ${skip} skipped\n`;
