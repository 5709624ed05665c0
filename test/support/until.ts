/** Waits for a condition, never for a time. */

const pollMs = 5;

/** Resolves when `condition` holds; rejects after `deadlineMs` with what was waited for. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  deadlineMs = 20_000,
): Promise<void> {
  const deadlineAt = Date.now() + deadlineMs;
  while (!(await condition())) {
    if (Date.now() > deadlineAt) throw new Error(`waited ${deadlineMs} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
