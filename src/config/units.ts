// Durations and sizes as they are written: a whole number and one unit. Combinations (1h30m), fractions and bare numbers
// are refused, and so are kB and MB, of which nobody knows whether 1000 or 1024 is meant.

const msPer = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);
const bytesPer = new Map([
  ['B', 1],
  ['KiB', 1024],
  ['MiB', 1024 ** 2],
  ['GiB', 1024 ** 3],
]);

/** `500ms`, `10s`, `5m`, `6h`, `7d` in milliseconds; anything else is `undefined`. */
export const parseDuration = (written: string): number | undefined => parse(written, msPer);

/** `100B`, `512KiB`, `1MiB`, `2GiB` in bytes; anything else is `undefined`. */
export const parseSize = (written: string): number | undefined => parse(written, bytesPer);

function parse(written: string, units: ReadonlyMap<string, number>): number | undefined {
  const [, amount, unit] = /^([0-9]{1,15})([A-Za-z]+)$/.exec(written) ?? [];
  const factor = units.get(unit ?? '');
  if (amount === undefined || factor === undefined) return undefined;
  const product = Number(amount) * factor;
  return Number.isSafeInteger(product) ? product : undefined;
}
