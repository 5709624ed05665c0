/** The times that the simulated world runs by, in virtual milliseconds: those of a real one, made shorter together. */

export const leaseMs = 2_000;
/** Of the pair's takeover and work (`src/sim/profiles.ts`). */
export const timeScale = 0.01;
export const responseTimeoutMs = 4_000;
export const connectTimeoutMs = 1_500;
/** A journal that does not answer for so long is away. */
export const journalTimeoutMs = 1_000;

/** The product's own times that no configuration names: a text of its sources, and what it is here. */
export const shortTimes = [
  {
    name: 'how long a client that does not listen is left alone',
    file: 'src/domain/deliveries.ts',
    find: 'const backoffMaxMs = 5 * 60_000;',
    put: 'const backoffMaxMs = 2_000;',
  },
  {
    name: 'how long a replay that was refused waits',
    file: 'src/domain/retry.ts',
    find: 'export const backoffMaxMs = 15_000;',
    put: 'export const backoffMaxMs = 2_000;',
  },
  {
    name: 'how often all that is open is looked through',
    file: 'src/replay/adopt.ts',
    find: 'const wholeEveryMs = 60 * 1000;',
    put: 'const wholeEveryMs = 3_000;',
  },
  {
    name: 'how long a clean-up without an answer counts as running',
    file: 'src/replay/evidence.ts',
    find: 'const silenceMaxMs = 60_000;',
    put: 'const silenceMaxMs = 6_000;',
  },
  {
    name: 'how long a look may be answered by a container that starts',
    file: 'src/replay/look.ts',
    find: 'const startingMaxMs = 60_000;',
    put: 'const startingMaxMs = 6_000;',
  },
] as const;
