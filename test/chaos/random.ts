/**
 * Chance that a seed repeats: the same seed gives the same draws. What the machine makes of them, how long a process
 * takes to start, is not repeated: a seed finds the same kind of trouble again, not the same microsecond.
 */

export interface Random {
  /** From 0 up to 1, without it. */
  next(): number;
  /** From `low` up to `high`. */
  between(low: number, high: number): number;
  isLucky(share: number): boolean;
  pick<Choice>(choices: readonly [Choice, ...Choice[]]): Choice;
  /** Another stream of its own, so that one user's draws do not move another's. */
  fork(): Random;
}

/** The generator mulberry32 (public domain, Tommy Ettinger): 32 bits of state are enough to choose troubles. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    next,
    between: (low, high) => low + next() * (high - low),
    isLucky: (share) => next() < share,
    pick: (choices) => choices[Math.floor(next() * choices.length)] ?? choices[0],
    fork: () => randomOf(Math.floor(next() * 4_294_967_296)),
  };
}
