/**
 * One try to hand a report to a client's URL. Its own pool of connections, away from ESC's; no redirects, no retries,
 * every phase ends in time. Invariant: a connection is made only to an address that `callbacks.allow` lets be called.
 */
import { Agent, buildConnector, request } from 'undici';
import { endToEnd } from '../upstream/headers.ts';
import type { Allow } from './allow.ts';

export interface DeliveryRequest {
  readonly url: string;
  /** Stays the same on every try (R30). */
  readonly id: string;
  /** Flat, as ESC sent them. */
  readonly headers: readonly string[];
  readonly body: Uint8Array;
  /** Ends the try. */
  readonly signal: AbortSignal;
}

/** `refused`: it will not be taken, so trying again is of no use (R30). `failed`: not taken this time. */
export type Tried = { readonly kind: 'taken' } | { readonly kind: 'refused' | 'failed'; readonly error: string };

const connectMaxMs = 5_000;
const answerMaxMs = 15_000;
const wholeMaxMs = 30_000;
const bodyMaxMs = 1_000;
const connectionsPerOriginMax = 8;
const answerBytesMax = 64 * 1024;
/** Said anew on this hop. */
const saidAnew: ReadonlySet<string> = new Set(['host', 'content-length', 'expect', 'northgate-delivery']);

export class Deliverer {
  readonly #allow: Allow;
  readonly #agent: Agent;

  constructor(allow: Allow) {
    this.#allow = allow;
    const connect = buildConnector({ timeout: connectMaxMs, lookup: allow.lookup });
    this.#agent = new Agent({
      connect,
      connections: connectionsPerOriginMax,
      pipelining: 1,
      keepAliveTimeout: 4_000,
      headersTimeout: answerMaxMs,
      bodyTimeout: answerMaxMs,
      allowH2: false,
    });
  }

  /** Never rejects. */
  async try({ url, id, headers, body, signal }: DeliveryRequest): Promise<Tried> {
    const refusal = this.#allow.refusalOf(url);
    if (refusal !== null) return { kind: 'refused', error: `${refusal} (callbacks.allow)` };
    const { origin, pathname, search, username, password } = new URL(url);
    const fields = endToEnd(headers, saidAnew);
    if (username !== '' || password !== '') fields.push('Authorization', basic(username, password));
    fields.push('Northgate-Delivery', id);
    const cut = new AbortController();
    const end = (): void => cut.abort(signal.reason);
    const timer = setTimeout(() => cut.abort(new Error(`no answer within ${wholeMaxMs} ms`)), wholeMaxMs);
    signal.addEventListener('abort', end);
    try {
      const answer = await request(`${origin}${pathname}${search}`, {
        dispatcher: this.#agent,
        method: 'POST',
        headers: fields,
        body: Buffer.from(body.buffer, body.byteOffset, body.byteLength),
        signal: cut.signal,
      });
      // What the client says beside its status is of no interest, and never waited for.
      answer.body.dump({ limit: answerBytesMax, signal: AbortSignal.timeout(bodyMaxMs) }).catch(() => undefined);
      return judged(answer.statusCode, origin);
    } catch (error) {
      return { kind: 'failed', error: `${origin}: ${sentenceOf(error as NodeJS.ErrnoException)}` };
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

/** R30: 4xx but 408 and 429 will not change by itself. */
function judged(status: number, origin: string): Tried {
  if (status >= 200 && status < 300) return { kind: 'taken' };
  const isFinal = status >= 400 && status < 500 && status !== 408 && status !== 429;
  return { kind: isFinal ? 'refused' : 'failed', error: `${origin} answered ${status}` };
}

const basic = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`;

function sentenceOf(error: NodeJS.ErrnoException & { errors?: readonly Error[] }): string {
  const { code, message, errors = [] } = error;
  const text = message === '' ? errors.map((each) => each.message).join(', ') : message;
  return code === undefined ? text : `${code}: ${text}`;
}
