/**
 * A program: one client that asks a Redis server PING each millisecond and keeps how long each answer took. What it
 * sees as a stall may also be its own waiting for a core: a baseline of the same length says how much that is.
 */
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { answerQuestions } from './child.ts';

export interface Pinged {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly longestMs: number;
  /** Answers that took longer than `longMs`. */
  readonly long: number;
}

export const longMs = 5;
const everyMs = 1;
let socket: net.Socket | null = null;
let askedAt: number[] = [];
let timesMs: number[] = [];

function answered(replies: Buffer): void {
  const now = performance.now();
  for (const byte of replies) if (byte === 0x2b) timesMs.push(now - (askedAt.shift() ?? now));
}

async function ask(): Promise<void> {
  while (socket !== null && !socket.destroyed) {
    askedAt.push(performance.now());
    socket.write('PING\r\n');
    await pause(everyMs);
  }
}

function close(): void {
  socket?.destroy();
  socket = null;
}

answerQuestions(
  {
    async begin(port: number) {
      socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
      await once(socket, 'connect');
      [askedAt, timesMs] = [[], []];
      socket.on('data', answered);
      socket.on('error', () => undefined);
      void ask();
    },
    /** Since it was last asked; what is not answered yet counts with the time that it has waited so far. */
    pinged(): Pinged {
      const now = performance.now();
      const sorted = Float64Array.from([...timesMs, ...askedAt.map((at) => now - at)]).sort();
      timesMs = [];
      const quantile = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
      const long = sorted.filter((each) => each > longMs).length;
      return { count: sorted.length, p50Ms: quantile(0.5), p99Ms: quantile(0.99), longestMs: quantile(1), long };
    },
    close,
  },
  close,
);
