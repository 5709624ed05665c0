/** The times of this world, in place of those of a chaos run. */
export { leaseMs } from '../times.ts';
