/**
 * Who guesses credentials: failed log-ins, counted by address for a minute. Past the limit only credentials that were right
 * a while ago are let through from there, so that neither a guesser goes on nor a client behind the same address is shut
 * out by one. Credentials are remembered as digests only, bounded in number and time.
 */
import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { Logger } from 'pino';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { GatewayError } from '../domain/problem.ts';

const failuresMax = 10;
const windowSeconds = 60;
const rememberedMax = 1_000;
const rememberedMs = 600_000;

export class FailedLogIns {
  readonly #failures = new RateLimiterMemory({ points: failuresMax, duration: windowSeconds });
  /** Digest of right credentials → until when they are remembered; oldest first. */
  readonly #right = new Map<string, number>();
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  /**
   * Whether these credentials may be looked at. @throws GatewayError `rate-limited` from an address that failed too often,
   * unless they were right before.
   */
  async admit(address: string, credentials: string): Promise<void> {
    if (this.wasRight(credentials)) return;
    const known = await this.#failures.get(placeOf(address));
    if (known !== null && known.consumedPoints >= failuresMax) throw tooMany(known.msBeforeNext);
  }

  /** They were found right. */
  remember(credentials: string): void {
    const digest = digestOf(credentials);
    this.#right.delete(digest);
    this.#right.set(digest, performance.now() + rememberedMs);
    const [oldest] = this.#right.keys();
    if (this.#right.size > rememberedMax && oldest !== undefined) this.#right.delete(oldest);
  }

  wasRight(credentials: string): boolean {
    const until = this.#right.get(digestOf(credentials));
    return until !== undefined && until > performance.now();
  }

  /** They were found wrong; one line in the log for each burst. */
  async failed(address: string, listener: 'northbound' | 'ops'): Promise<void> {
    const place = placeOf(address);
    const known = await this.#failures.penalty(place);
    if (known.consumedPoints === failuresMax) {
      this.#log.warn(
        { address: place, listener },
        `${failuresMax} log-ins failed within a minute; further ones are refused`,
      );
    }
  }
}

/** An IPv6 host has a whole /64 to come from. */
function placeOf(address: string): string {
  if (!isIPv6(address) || address.toLowerCase().startsWith('::ffff:')) return address;
  const [head = '', tail = ''] = address.split('::');
  const groups = head.split(':').filter((group) => group !== '');
  const rest = tail.split(':').filter((group) => group !== '');
  const zeros = address.includes('::') ? Array.from({ length: 8 - groups.length - rest.length }, () => '0') : [];
  return `${[...groups, ...zeros, ...rest].slice(0, 4).join(':')}::/64`;
}

const digestOf = (credentials: string): string => createHash('sha256').update(credentials).digest('base64url');

const tooMany = (msBeforeNext: number): GatewayError =>
  new GatewayError('rate-limited', {
    detail: `More than ${failuresMax} log-ins from this address failed within a minute.`,
    sent: 'no',
    retryAfterSeconds: Math.max(1, Math.ceil(msBeforeNext / 1000)),
  });
