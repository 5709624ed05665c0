/** Figures of several rounds as people read them: median with spread, and tables that can be pasted into a document. */

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = 0, high = 0] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return (low + high) / 2;
}

/** `median [least..most]`. */
export function spread(values: readonly number[], digits: number): string {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const middle = median(values).toFixed(digits);
  return values.length === 1 ? middle : `${middle} [${low.toFixed(digits)}..${high.toFixed(digits)}]`;
}

/** Round by round, so that what slows a whole round down does not count. */
export function ratios(values: readonly number[], to: readonly number[]): number[] {
  return values.map((value, round) => value / (to[round] ?? Number.NaN));
}

export function printTable(title: string, head: readonly string[], rows: readonly (readonly string[])[]): void {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  process.stdout.write(`\n${title}\n\n${line(head)}${line(head.map(() => '---'))}${rows.map(line).join('')}`);
}

export const say = (sentence: string): void => void process.stderr.write(`${sentence}\n`);
