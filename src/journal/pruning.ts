/**
 * Removes from time to time what was done longer ago than `journal.retention`, some at a time, until no more is due: a journal
 * that takes in more than one pass removes would grow without end.
 */
import type { Logger } from 'pino';
import type { Journal } from './journal.ts';

const pruneEveryMs = 10_000;
const pruneAtOnceMax = 500;

export interface PruningOptions {
  /** Milliseconds since the epoch of Unix. */
  readonly doneBefore: () => number;
  readonly log: Logger;
  /** Between two passes that find nothing more to do; 10 s unless a test says otherwise. */
  readonly everyMs?: number;
}

/** Returns the end of it. */
export function startPruning(
  journal: Pick<Journal, 'prune'>,
  { doneBefore, log, everyMs = pruneEveryMs }: PruningOptions,
): () => void {
  let isOver = false;
  let isRunning = false;
  const pass = async (): Promise<void> => {
    if (isRunning) return;
    isRunning = true;
    try {
      while (!isOver && (await journal.prune(doneBefore(), pruneAtOnceMax)) >= pruneAtOnceMax);
    } catch (error) {
      log.error({ err: error }, 'settled transactions could not be pruned; it is tried again');
    } finally {
      isRunning = false;
    }
  };
  const timer = setInterval(() => void pass(), everyMs);
  return () => {
    isOver = true;
    clearInterval(timer);
  };
}
