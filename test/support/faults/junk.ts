/** Bytes of no protocol in place of the request, or of its answer. */
import type { Fault } from './fault.ts';

export const junk: Fault = {
  name: 'junk',
  ways: ['there', 'back'],
  async play(exchange, way) {
    if (way === 'there') exchange.toServer(bytes);
    else {
      await exchange.ask();
      exchange.toClient(bytes);
      exchange.endToClient();
    }
    await exchange.gone;
  },
};

const bytes = Buffer.from('\u0000\u0001 this is of no protocol \r\n\r\n');
