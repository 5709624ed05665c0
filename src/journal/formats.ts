/**
 * The formats in which records are kept. A new format comes in two releases: the first one reads it and writes the one
 * before, the second one writes it. So two releases that follow each other can run side by side on one journal, and each
 * may take the other's place, forward and back (docs/upgrading.md, docs/adr/0028).
 * Invariant: what is of a format past `newestRead` is neither read in part nor written over.
 */
import { JournalUnavailable } from './journal.ts';

/** One of the two texts of a record, as JSON gives it. Its `format` is said apart. */
export type Part = Readonly<Record<string, unknown>>;

interface Step {
  /** A part of the format before as it is in this one. Gets head and course alike, and leaves what it does not change. */
  readonly raise: (part: Part) => Part;
  /** The way back, for as long as a release reads this format and does not write it yet. Loses nothing that the older one knew. */
  readonly lower: (part: Part) => Part;
}

/** From format 1 to 2, from 2 to 3, and so on; kept for ever, since a deployment's record lives as long as it stands (R29). */
const steps: readonly Step[] = [];

/** Gateways of this release read this format and all before it. */
export const newestRead = 1 + steps.length;

/** Raised to `newestRead` by the release after the one that brings a step. */
export const written: number = 1;

/** A record that a later release has written: for that one to read, and for this one to leave alone. */
export class UnknownFormat extends JournalUnavailable {
  constructor(format: number) {
    super(`it is kept in format ${format}, and this Northgate reads formats up to ${newestRead}`);
  }
}

/** Why a journal is refused at the start, or a lease while it runs; a sentence's end for operators. */
export const tooNew = (format: number | string): string =>
  `takes records of format ${format}, and this Northgate reads formats up to ${newestRead}: run the release that wrote them, or the one before it`;

/** As this release works with it. @throws UnknownFormat */
export function raised(part: Part, format: number): Part {
  if (!(format >= 1 && format <= newestRead)) throw new UnknownFormat(format);
  return steps.slice(format - 1).reduce((current, step) => step.raise(current), part);
}

/** As this release keeps it, `format` included. */
export function asWritten(part: Part): Part {
  const lowered = steps.slice(written - 1).reduceRight((current, step) => step.lower(current), part);
  return { format: written, ...lowered };
}
