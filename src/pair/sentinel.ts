/**
 * A resting connection to the VIP (R6): when the VIP moves, keepalive draws a reset within a second. Its end is only a
 * bad sign; it decides nothing. Some servers close idle connections, so after an end it comes back by and by.
 */
import type { Socket } from 'node:net';
import { type ConnectOptions, open } from '../upstream/sockets.ts';
import { now } from './clock.ts';

const reopenDelayMs = 1000;
/** A connection that rested less than this before it ended was closed for idleness or never worked: no sign. */
const restedMinMs = 100;

export class Sentinel {
  readonly #options: ConnectOptions;
  readonly #onBadSign: (evidence: string) => void;
  #socket: Socket | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(options: ConnectOptions, onBadSign: (evidence: string) => void) {
    this.#options = options;
    this.#onBadSign = onBadSign;
  }

  start(): void {
    if (this.#isClosed) return;
    const socket = open(this.#options);
    this.#socket = socket;
    let restingSince: number | null = null;
    let evidence = 'closed by the other side';
    socket.once('connect', () => {
      restingSince = now();
    });
    socket.on('error', (error) => {
      evidence = error.message;
    });
    socket.resume();
    socket.once('close', () => {
      if (this.#isClosed || this.#socket !== socket) return;
      const hasRested = restingSince !== null && now() - restingSince >= restedMinMs;
      if (hasRested) this.#onBadSign(`the resting connection to the VIP ended: ${evidence}`);
      this.#timer = setTimeout(() => this.start(), reopenDelayMs);
    });
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#socket?.destroy();
  }
}
