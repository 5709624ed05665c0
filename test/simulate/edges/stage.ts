/** The times of this world, in place of those of a chaos run. */
import { leaseMs as ofThisWorld } from '../times.ts';

export const leaseMs = ofThisWorld;
