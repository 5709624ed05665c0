/** The connection is reset when the whole request has left the client: before the server has it, or before its answer goes back. */
import type { Fault } from './fault.ts';

export const resetAfterSending: Fault = {
  name: 'reset-after-sending',
  ways: ['there', 'back'],
  async play(exchange, way) {
    if (way === 'back') await exchange.ask();
    exchange.reset();
  },
};
