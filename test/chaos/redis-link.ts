/**
 * The path between one replica and Redis, which can be cut while the others keep theirs: `reset` ends connections and
 * refuses new ones; `silent` takes and holds all bytes, and delivers them when it is healed, as a network does.
 */
import { once } from 'node:events';
import net from 'node:net';

export type LinkState = 'whole' | 'reset' | 'silent';

export class RedisLink {
  readonly #redisPort: number;
  readonly #server: net.Server;
  readonly #open = new Set<net.Socket>();
  #state: LinkState = 'whole';

  constructor(redisPort: number) {
    this.#redisPort = redisPort;
    this.#server = net.createServer({ pauseOnConnect: true, noDelay: true }, (replica) => this.#serve(replica));
  }

  /** Its port. */
  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as net.AddressInfo).port;
  }

  become(state: LinkState): void {
    this.#state = state;
    for (const socket of this.#open) {
      if (state === 'reset') socket.resetAndDestroy();
      else if (state === 'silent') socket.pause();
      else socket.resume();
    }
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
    await closed;
  }

  #serve(replica: net.Socket): void {
    if (this.#state === 'reset') return void replica.resetAndDestroy();
    const redis = net.connect({ port: this.#redisPort, host: '127.0.0.1', noDelay: true });
    for (const [one, other] of [
      [replica, redis],
      [redis, replica],
    ] as const) {
      this.#open.add(one);
      one.on('data', (chunk: Buffer) => other.write(chunk));
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.#open.delete(one);
        other.destroy();
      });
    }
    if (this.#state === 'whole') replica.resume();
    else redis.pause();
  }
}
