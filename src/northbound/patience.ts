/** How long a client is made to wait for the journal when its time is up; the write goes on behind its answer. */

const journalPatienceMs = 5_000;

/** What `work` comes to, or null after a while. */
export function within<Result>(work: Promise<Result>): Promise<Result | null> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(null), journalPatienceMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
