/** The request, or the answer, comes in pieces with a pause before each: slow, and whole in the end. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Exchange, Fault } from './fault.ts';

const pieces = 4;
const pauseMs = 60;

export const slow: Fault = {
  name: 'slow',
  ways: ['there', 'back'],
  async play(exchange, way) {
    if (way === 'there') {
      const rest = await dripped(exchange, exchange.request, (piece) => exchange.toServer(piece));
      exchange.toClient(await exchange.ask(rest));
    } else {
      const rest = await dripped(exchange, await exchange.ask(), (piece) => exchange.toClient(piece));
      exchange.toClient(rest);
    }
  },
};

/** All but the last piece, which is given back after its pause. */
async function dripped(exchange: Exchange, bytes: Buffer, write: (piece: Buffer) => void): Promise<Buffer> {
  const length = Math.ceil(bytes.byteLength / pieces);
  let from = 0;
  for (; from + length < bytes.byteLength; from += length) {
    await Promise.race([pause(pauseMs), exchange.gone]);
    write(bytes.subarray(from, from + length));
  }
  await Promise.race([pause(pauseMs), exchange.gone]);
  return bytes.subarray(from);
}
