/** The times that the simulated world runs by, in virtual milliseconds: those of a real one, made shorter together. */

export const leaseMs = 2_000;
/** Of the pair's takeover and work (`src/sim/profiles.ts`). */
export const timeScale = 0.01;
export const responseTimeoutMs = 4_000;
export const connectTimeoutMs = 1_500;
/** A journal that does not answer for so long is away. */
export const journalTimeoutMs = 1_000;
