/**
 * The last while of a gateway that others can stand in for: clients that are connected, or whose balancer has not heard yet,
 * are told to go elsewhere. A connection that just breaks may have carried their request or not.
 */
import { now } from '../pair/clock.ts';

/** Ends at the instant, in the part of a turn that follows the taking of new connections, so that few are left untaken. */
export async function linger(until: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, until - now())));
  await new Promise((resolve) => setImmediate(resolve));
}
