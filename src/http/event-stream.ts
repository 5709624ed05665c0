/**
 * Server-sent events (HTML Living Standard, section 9.2) of `ops/events.ts`. Every stream is bounded: one whose client
 * does not read is broken off, and the client connects again. Nothing is repeated; after connecting, clients ask for what they show.
 */
import type { ServerResponse } from 'node:http';
import { GatewayError } from '../domain/problem.ts';
import type { Events } from '../ops/events.ts';

const streamsMax = 100;
const bufferedMaxBytes = 1024 * 1024;
const heartbeatMs = 15_000;
const reconnectMs = 2000;

export class EventStreams {
  readonly #events: Events;
  readonly #open = new Set<ServerResponse>();

  constructor(events: Events) {
    this.#events = events;
  }

  /** @throws GatewayError `rate-limited` when there are too many. */
  begin(response: ServerResponse): void {
    if (this.#open.size >= streamsMax) throw tooMany();
    this.#open.add(response);
    response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      // A connection that a stream has ended on must not stay open idle and hold up the gateway's end.
      Connection: 'close',
      'X-Accel-Buffering': 'no',
      'X-Content-Type-Options': 'nosniff',
    });
    response.write(`retry: ${reconnectMs}\n\n`);
    const stop = this.#events.watch(({ name, data }) => {
      if (response.writableLength > bufferedMaxBytes) response.destroy();
      else response.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
    });
    const heartbeat = setInterval(() => response.write(':\n\n'), heartbeatMs);
    response.on('error', () => undefined);
    response.once('close', () => {
      stop();
      clearInterval(heartbeat);
      this.#open.delete(response);
    });
  }

  close(): void {
    for (const response of this.#open) response.end();
  }
}

const tooMany = (): GatewayError =>
  new GatewayError('rate-limited', { detail: `At most ${streamsMax} event streams at once.`, retryAfterSeconds: 30 });
