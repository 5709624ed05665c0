/** Removes from time to time what was done longer ago than `journal.retention`, some at a time. */
import type { Logger } from 'pino';
import type { Journal } from './journal.ts';

const pruneEveryMs = 10_000;
const pruneAtOnceMax = 500;

export interface PruningOptions {
  /** Milliseconds since the epoch of Unix. */
  readonly doneBefore: () => number;
  readonly log: Logger;
}

/** Returns the end of it. */
export function startPruning(journal: Pick<Journal, 'prune'>, { doneBefore, log }: PruningOptions): () => void {
  const timer = setInterval(() => {
    journal.prune(doneBefore(), pruneAtOnceMax).catch((error: unknown) => {
      log.error({ err: error }, 'settled transactions could not be pruned; it is tried again');
    });
  }, pruneEveryMs);
  return () => clearInterval(timer);
}
