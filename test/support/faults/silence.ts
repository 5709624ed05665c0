/** Nothing more comes, and nothing says so: the request is swallowed, or its answer. The connection stays as it is. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Fault } from './fault.ts';

export const silence: Fault = {
  name: 'silence',
  ways: ['there', 'back'],
  async play(exchange, way) {
    if (way === 'back') await exchange.ask();
    await exchange.gone;
  },
};

/** The same until the network ends the connection: for a client that is more patient than a test. */
export const silenceFor = (mostMs: number): Fault => ({
  ...silence,
  async play(exchange, way) {
    await Promise.race([silence.play(exchange, way), pause(mostMs)]);
    exchange.reset();
  },
});
