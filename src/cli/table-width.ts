/**
 * Makes rows fit a width: long columns give way first, down to what can still be read; then columns are left out from
 * the right. The first column (an id, to be copied) is never cut. What is cut keeps its beginning and its end. Pure.
 */

/** A column of longer cells may give way, down to the second. */
const shortMax = 17;
const longMin = 8;
/** Borders and padding of a table beside its cells: two blanks and a line a column, and one line more. */
const frame = (columns: number): number => 3 * columns + 1;
/** Ends the head of a table of which columns were left out. */
const leftOut = ' …';

/** `rows` cut so that a table of them is at most `width` wide, as far as its first column lets it. The first row is the head. */
export function fitted(rows: readonly (readonly string[])[], width: number): string[][] {
  const natural = widthsOf(rows);
  const count = columnsThatFit(natural, width);
  const kept = rows.map((row, index) => {
    const cells = row.slice(0, count);
    return index === 0 && count < row.length ? [...cells.slice(0, -1), `${cells.at(-1) ?? ''}${leftOut}`] : cells;
  });
  const widths = widthsOf(kept);
  let excess = sum(widths) + frame(count) - width;
  while (excess > 0) {
    const widest = indexOfWidest(widths);
    if (widest === -1) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess -= 1;
  }
  return kept.map((row) => row.map((cell, index) => shortened(cell, widths[index] ?? 0)));
}

function widthsOf(rows: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, [...cell].length);
  }
  return widths;
}

/** From the left, when each is as narrow as it may be; the first one always. */
function columnsThatFit(natural: readonly number[], width: number): number {
  const least = natural.map((each, index) => (index > 0 && each > shortMax ? longMin : each));
  const isFitting = (count: number): boolean =>
    sum(least.slice(0, count)) + frame(count) + (count < least.length ? leftOut.length : 0) <= width;
  let count = least.length;
  while (count > 1 && !isFitting(count)) count -= 1;
  return count;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

/** Of the columns that may give way; -1 if none may any more. */
function indexOfWidest(widths: readonly number[]): number {
  let found = -1;
  for (const [index, width] of widths.entries()) {
    if (index > 0 && width > longMin && width > (widths[found] ?? 0)) found = index;
  }
  return found;
}

/** `text` in at most `width` characters, an ellipsis in the place of what is left out. */
export function shortened(text: string, width: number): string {
  const characters = [...text];
  if (characters.length <= width) return text;
  const tail = Math.floor((width - 1) / 2);
  const head = width - 1 - tail;
  return `${characters.slice(0, head).join('')}…${characters.slice(characters.length - tail).join('')}`;
}
