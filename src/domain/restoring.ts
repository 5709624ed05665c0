/**
 * What a record that a journal gives after it came back is, held against what a replica knows of it (R34): journals that
 * lost their last writes give older ones, and other replicas may have gone on since.
 */
import { isSettled, type Transaction } from './transaction.ts';

/**
 * `older`: to be written over. `there`: nothing is missing. `overtaken`: somebody went on from an older one, so what is
 * known cannot be written back without undoing that.
 */
export function standingOf(found: Transaction | null, known: Transaction): 'older' | 'there' | 'overtaken' {
  if (found === null) return 'older';
  if (found.version >= known.version) return contains(found, known) ? 'there' : 'overtaken';
  const isUndone = isSettled(found.state.status) && !isSettled(known.state.status);
  return !isUndone && contains(known, found) ? 'older' : 'overtaken';
}

/** Whether nothing of the earlier one is missing in the later: no attempt, no report, no word of how it ended. */
function contains(later: Transaction, earlier: Transaction): boolean {
  const digests = new Set(later.reports.map(({ digest }) => digest));
  const isEnded = !isSettled(earlier.state.status) || later.state.status === earlier.state.status;
  return (
    isEnded &&
    later.attempts.length >= earlier.attempts.length &&
    earlier.reports.every(({ digest }) => digests.has(digest))
  );
}
