/**
 * The gateway's clock: instants that never run back, whatever is done to the machine's. What was asked before and
 * after an event is told apart by it (R12, R13), and a step back must not make every answer look old.
 */

/** Milliseconds since the epoch of Unix as the machine's clock had it when the process started, and as they passed since. */
export const now = (): number => Math.floor(performance.timeOrigin + performance.now());
