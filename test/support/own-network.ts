/**
 * Loopback addresses that no other test process has: what a pair closes for a while and opens again at the same port,
 * nobody has taken meanwhile. They come from the process's id; of 2^15 ids in a row no two have one in common.
 */

const network = `127.${128 + ((process.pid >> 8) % 128)}.${process.pid % 256}`;
const addressesOfPair = 3;

/** Of a pair; pairs of one process that stand at the same time have different numbers, from 0 to 83. */
export function ownAddresses(number = 0): { vip: string; nodes: readonly [string, string] } {
  const first = 1 + number * addressesOfPair;
  return { vip: `${network}.${first}`, nodes: [`${network}.${first + 1}`, `${network}.${first + 2}`] };
}
