// Waits for a condition, with a deadline.
import { setTimeout as pause } from 'node:timers/promises';

/** Resolves with the first truthy value. @throws Error that names what was waited for. */
export async function until<Value>(
  what: string,
  condition: () => Value | Promise<Value>,
  withinMs = 10_000,
): Promise<NonNullable<Value>> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${withinMs} ms`);
    await pause(5);
  }
}
