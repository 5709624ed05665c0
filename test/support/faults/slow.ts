/** The request, or the answer, comes in pieces with a pause before each: slow, and whole in the end. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Exchange, Fault } from './fault.ts';

const pieces = 4;
const pauseMs = 60;

export const slow: Fault = {
  name: 'slow',
  ways: ['there', 'back'],
  async play(exchange, way) {
    const [bytes, write] =
      way === 'there'
        ? [exchange.request, (piece: Buffer) => exchange.toServer(piece)]
        : [await exchange.ask(), (piece: Buffer) => exchange.toClient(piece)];
    await dripped(exchange, bytes, write);
  },
};

async function dripped(exchange: Exchange, bytes: Buffer, write: (piece: Buffer) => void): Promise<void> {
  const length = Math.ceil(bytes.byteLength / pieces);
  for (let from = 0; from < bytes.byteLength; from += length) {
    await Promise.race([pause(pauseMs), exchange.gone]);
    write(bytes.subarray(from, from + length));
  }
}
