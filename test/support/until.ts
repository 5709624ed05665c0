/** Waits for a condition, never for a time. */

const pollMs = 5;
/** Only what never comes takes as long, however slow the machine. */
const deadlineMsDefault = 60_000;

/** Resolves when `condition` holds; rejects after `deadlineMs` with what was waited for. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  deadlineMs = deadlineMsDefault,
): Promise<void> {
  const deadlineAt = Date.now() + deadlineMs;
  while (!(await condition())) {
    if (Date.now() > deadlineAt) throw new Error(`waited ${deadlineMs} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
