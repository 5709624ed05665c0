/** Waits for a condition, with a deadline and a way to be interrupted; never for a time. */

const pollMs = 10;

/** Rejects with what was waited for after `deadlineMs`, and with the signal's reason when it is aborted. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  { what, deadlineMs, signal }: { what: string; deadlineMs: number; signal: AbortSignal },
): Promise<void> {
  const deadlineAt = Date.now() + deadlineMs;
  while (true) {
    signal.throwIfAborted();
    if (await condition()) return;
    if (Date.now() > deadlineAt) throw new Error(`waited ${deadlineMs / 1000} s in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
