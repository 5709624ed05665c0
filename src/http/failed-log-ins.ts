/**
 * Who guesses credentials: failed log-ins, counted for a minute by address and by the name that was tried. Past the limit a name
 * is not tried again from there, but with credentials that were right a while ago: a guesser neither goes on nor shuts out
 * others. Credentials are remembered as digests only, bounded in number and time.
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

export interface LogIn {
  readonly address: string;
  /** Of those that are configured; whatever else is tried has one name together, so that memory is bounded. */
  readonly name: string;
}

export class FailedLogIns {
  readonly #failures = new RateLimiterMemory({ points: failuresMax, duration: windowSeconds });
  /** Digest of right credentials → until when they are remembered; oldest first. */
  readonly #right = new Map<string, number>();
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** @throws GatewayError `rate-limited` for a name that was guessed at too often, unless these were right before. */
  async admit({ address, name }: LogIn, credentials: string): Promise<void> {
    if (this.wasRight(credentials)) return;
    const known = await this.#failures.get(keyOf(address, name));
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

  /** They were found wrong; one line in the log for each burst. @throws GatewayError `rate-limited` past the limit. */
  async failed({ address, name }: LogIn, listener: 'northbound' | 'ops'): Promise<void> {
    const known = await this.#failures.penalty(keyOf(address, name));
    if (known.consumedPoints === failuresMax) {
      const sentence = `${failuresMax} log-ins failed within a minute; further ones are refused`;
      this.#log.warn({ address: placeOf(address), listener }, sentence);
    }
    if (known.consumedPoints > failuresMax) throw tooMany(known.msBeforeNext);
  }
}

const keyOf = (address: string, name: string): string => JSON.stringify([placeOf(address), name]);

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
