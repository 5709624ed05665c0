/** How long the doctor waits for anything, and the one way to stop waiting for what cannot be cancelled. */

/** For a connection, at most; less where the configuration says less. */
export const connectMaxMs = 5_000;
/** For a whole answer. */
export const answerMaxMs = 10_000;
/** For a name; the system's resolver has time-outs of its own, which may be longer. */
export const nameMaxMs = 5_000;
/** For all that is asked of a journal's server. */
export const journalMaxMs = 20_000;

/** What `work` resolves with, or `late` after so long; what comes of it then is dropped. Rejects with it in time. */
export async function within<T>(maxMs: number, work: Promise<T>): Promise<T | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), maxMs);
  });
  work.catch(() => {
    // Told by the race, unless it is over.
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
