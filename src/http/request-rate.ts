/** How many requests a client may make in a second (`limits.requestsPerSecond`): counted by name, refused past that. */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { GatewayError } from '../domain/problem.ts';

export type CountRequest = (client: string) => Promise<void>;

/** Null: no limit. The function rejects with GatewayError `rate-limited`; nothing was journaled or sent then. */
export function requestRate(perSecond: number | undefined): CountRequest | null {
  if (perSecond === undefined) return null;
  const limiter = new RateLimiterMemory({ points: perSecond, duration: 1 });
  return async (client) => {
    try {
      await limiter.consume(client);
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      throw new GatewayError('rate-limited', {
        detail: `${client} has made more than ${perSecond} requests within a second (limits.requestsPerSecond).`,
        sent: 'no',
        retryAfterSeconds: Math.max(1, Math.ceil(refused.msBeforeNext / 1000)),
      });
    }
  };
}
