/** Back-off between attempts: exponential with a cap, half of each pause by chance. Randomness comes in as an argument. */

export const backoffBaseMs = 250;
export const backoffMaxMs = 15_000;

/** Milliseconds to wait before the next attempt after `failures` in a row (1 or more); `random` is in [0, 1). */
export function backoffMs(failures: number, random: number): number {
  const ceiling = Math.min(backoffMaxMs, backoffBaseMs * 2 ** Math.min(failures - 1, 16));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}

/**
 * How many transactions may be replayed at once, `sinceReadyMs` after the node became ready: one at first, all of
 * `concurrency` after `rampUpMs`, in equal steps. A node that just took over gets load slowly.
 */
export function rampedConcurrency(concurrency: number, rampUpMs: number, sinceReadyMs: number): number {
  if (rampUpMs <= 0 || sinceReadyMs >= rampUpMs) return concurrency;
  return Math.max(1, Math.floor((concurrency * Math.max(0, sinceReadyMs)) / rampUpMs));
}
