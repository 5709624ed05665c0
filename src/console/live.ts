/**
 * Tells open pages that something changed, at most once a second, and each heartbeat too, so that what says "2 min ago"
 * moves. Pages then ask for themselves again; nothing but the word is sent. Streams are bounded in number and in bytes.
 */
import type { ServerResponse } from 'node:http';
import { GatewayError } from '../domain/problem.ts';
import type { Events } from '../ops/events.ts';

const streamsMax = 100;
const bufferedMaxBytes = 64 * 1024;
const tellEveryMs = 1000;
const heartbeatMs = 10_000;
const changed = 'event: changed\ndata: page\n\n';

export class LiveStreams {
  readonly #events: Events;
  readonly #open = new Map<ServerResponse, () => boolean>();
  #stop: (() => void) | null = null;
  #timer: NodeJS.Timeout | null = null;
  #heartbeat: NodeJS.Timeout | null = null;

  constructor(events: Events) {
    this.#events = events;
  }

  /** Ends when `isWelcome` says so. @throws GatewayError `rate-limited` when there are too many. */
  begin(response: ServerResponse, isWelcome: () => boolean): void {
    if (this.#open.size >= streamsMax) {
      throw new GatewayError('rate-limited', {
        detail: `At most ${streamsMax} pages are kept up to date at once; this one is not.`,
        retryAfterSeconds: 30,
      });
    }
    response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      // A connection that a stream has ended on must not stay open idle and hold up the gateway's end.
      Connection: 'close',
      'X-Accel-Buffering': 'no',
    });
    response.write(':\n\n');
    this.#open.set(response, isWelcome);
    this.#stop ??= this.#events.notice(() => this.#tellSoon());
    this.#heartbeat ??= setInterval(() => this.#tell(), heartbeatMs);
    response.on('error', () => undefined);
    response.once('close', () => this.#ended(response));
  }

  close(): void {
    for (const response of this.#open.keys()) response.end();
    this.#open.clear();
    this.#rest();
  }

  #ended(response: ServerResponse): void {
    this.#open.delete(response);
    if (this.#open.size === 0) this.#rest();
  }

  #rest(): void {
    this.#stop?.();
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#heartbeat !== null) clearInterval(this.#heartbeat);
    this.#stop = null;
    this.#timer = null;
    this.#heartbeat = null;
  }

  #tellSoon(): void {
    this.#timer ??= setTimeout(() => this.#tell(), tellEveryMs);
  }

  #tell(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (const [response, isWelcome] of this.#open) {
      // The page asks once more, and is led to the log-in.
      response.write(changed);
      if (!isWelcome()) response.end();
      else if (response.writableLength > bufferedMaxBytes) response.destroy();
    }
  }
}
