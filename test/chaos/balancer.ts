/**
 * A plain TCP balancer: the next backend for each connection, another one only where a connection is refused. It knows
 * nothing of health, so a frozen backend gets its share and keeps it waiting.
 */
import { once } from 'node:events';
import net from 'node:net';

const connectionsMax = 4000;

export class Balancer {
  readonly #server: net.Server;
  readonly #backends: readonly number[];
  readonly #open = new Set<net.Socket>();
  #next = 0;

  constructor(backends: readonly number[]) {
    this.#backends = backends;
    this.#server = net.createServer({ pauseOnConnect: true, noDelay: true }, (client) => this.#serve(client));
    this.#server.maxConnections = connectionsMax;
  }

  async listen(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
    await closed;
  }

  #serve(client: net.Socket): void {
    this.#next += 1;
    this.#keep(client);
    client.on('error', () => undefined);
    this.#connect(client, this.#next, this.#backends.length);
  }

  #connect(client: net.Socket, turn: number, triesLeft: number): void {
    if (triesLeft === 0) return void client.resetAndDestroy();
    const port = this.#backends[turn % this.#backends.length] ?? 0;
    const backend = net.connect({ port, host: '127.0.0.1', noDelay: true });
    let isThrough = false;
    backend.once('connect', () => {
      isThrough = true;
      this.#keep(backend);
      client.pipe(backend);
      backend.pipe(client);
      client.once('close', () => backend.resetAndDestroy());
      backend.once('close', () => client.destroy());
    });
    backend.on('error', () => {
      if (isThrough) client.resetAndDestroy();
      else this.#connect(client, turn + 1, triesLeft - 1);
    });
  }

  #keep(socket: net.Socket): void {
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
  }
}
