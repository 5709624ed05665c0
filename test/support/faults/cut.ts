/** Half of the request, or of the answer, and then an orderly end of both connections. */
import type { Fault } from './fault.ts';

export const cut: Fault = {
  name: 'cut',
  ways: ['there', 'back'],
  async play(exchange, way) {
    if (way === 'there') {
      exchange.toServer(halfOf(exchange.request));
      exchange.endToServer();
      exchange.endToClient();
    } else {
      exchange.toClient(halfOf(await exchange.ask()));
      exchange.endToClient();
    }
    await exchange.gone;
  },
};

const halfOf = (bytes: Buffer): Buffer => bytes.subarray(0, Math.ceil(bytes.byteLength / 2));
