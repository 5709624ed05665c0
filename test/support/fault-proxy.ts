/**
 * A TCP proxy that knows one exchange from the next and lets a fault befall those that are chosen, by their bytes. One
 * exchange of a connection after the other; what the server says unasked is passed on. As long as nothing is chosen it
 * passes on ends and resets as they come, in both directions.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { EndOf } from './fault-proxy-framing.ts';
import type { DoorFault, Exchange } from './faults/fault.ts';
import { until } from './until.ts';

export type Play = (exchange: Exchange) => Promise<void>;

export interface FaultProxyOptions {
  readonly endOf: EndOf;
  /** Asked when a connection is made; `port` may be known only later. */
  readonly target: () => { readonly host: string; readonly port: number };
  /** Where it listens. */
  readonly host?: string;
  /** What is to befall an exchange; null: nothing. */
  readonly choose?: (request: Buffer) => Play | null;
}

export class FaultProxy {
  readonly #options: FaultProxyOptions;
  readonly #open = new Set<Socket>();
  #server: Server | null = null;
  #isResetting = false;
  #port = 0;
  /** Connections that were reset before a byte of them was read. */
  turnedAway = 0;

  constructor(options: FaultProxyOptions) {
    this.#options = options;
  }

  get port(): number {
    return this.#port;
  }

  get target(): FaultProxyOptions['target'] {
    return this.#options.target;
  }

  /** Rejects if the port cannot be had. */
  async listen(port = 0): Promise<number> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (client) => {
      if (this.#isResetting) {
        this.turnedAway += 1;
        client.on('error', () => {});
        reset(client);
      } else this.#serve(client);
    });
    server.listen(port, this.#options.host ?? '127.0.0.1');
    await once(server, 'listening');
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
    return this.#port;
  }

  /** Of all connections: those that are there are reset, new ones refused or reset, until it is `open` again. */
  async become(state: DoorFault | 'open'): Promise<void> {
    this.#isResetting = state === 'reset-while-connecting';
    if (state === 'refused') await this.#stopListening();
    else if (this.#server === null) await this.#listenAgain();
    if (state !== 'open') for (const socket of this.#open) reset(socket);
  }

  async close(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    await this.#stopListening();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #stopListening(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    // The kernel refuses from here on; its event waits for connections.
    server?.close();
  }

  /** Somebody may have had the port for a moment. */
  async #listenAgain(): Promise<void> {
    const again = (): Promise<boolean> =>
      this.listen(this.#port).then(
        () => true,
        () => false,
      );
    await until(again, `port ${this.#port} is free again`);
  }

  #serve(client: Socket): void {
    const server = connect({ ...this.#options.target(), allowHalfOpen: true, noDelay: true });
    for (const socket of [client, server]) {
      this.#open.add(socket);
      socket.once('close', () => this.#open.delete(socket));
    }
    const { endOf, choose = () => null } = this.#options;
    new Line(client, server, { endOf, choose }).begin();
  }
}

/** One connection of a client and the one to the server that belongs to it. */
class Line {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #options: Required<Pick<FaultProxyOptions, 'endOf' | 'choose'>>;
  readonly #gone: Promise<void>;
  #fromClient = Buffer.alloc(0);
  #fromServer = Buffer.alloc(0);
  #unasked = Buffer.alloc(0);
  #asking: ((answer: Buffer) => void) | null = null;
  #isBusy = false;
  #hasClientEnded = false;
  #isLingering = false;
  /** The server's whole answer came, and its exchange is not over. */
  #isAnswering = false;
  #hasServerEnded = false;

  constructor(client: Socket, server: Socket, options: Required<Pick<FaultProxyOptions, 'endOf' | 'choose'>>) {
    this.#client = client;
    this.#server = server;
    this.#options = options;
    this.#gone = new Promise((resolve) => client.once('close', () => resolve()));
  }

  begin(): void {
    const [client, server] = [this.#client, this.#server];
    client.on('data', (chunk: Buffer) => {
      this.#fromClient = Buffer.concat([this.#fromClient, chunk]);
      this.#next();
    });
    server.on('data', (chunk: Buffer) => this.#came(chunk));
    client.on('end', () => {
      this.#hasClientEnded = true;
      if (!this.#isBusy) server.end(this.#fromClient);
    });
    server.on('end', () => {
      this.#hasServerEnded = true;
      // What it had begun to say goes on as far as it came; a whole answer is still to be given.
      if (!this.#isAnswering) client.end(this.#fromServer);
    });
    client.on('error', () => this.#isLingering || reset(server));
    server.on('error', () => reset(client));
    // A reset of ours, or the end of a socket that was whole on both sides, which changes nothing any more.
    client.on('close', () => this.#isLingering || server.destroy());
    server.on('close', () => this.#isAnswering || client.destroySoon());
    client.resume();
  }

  #next(): void {
    const end = this.#options.endOf(this.#fromClient);
    if (this.#isBusy || end === null) return;
    const request = this.#fromClient.subarray(0, end);
    this.#fromClient = this.#fromClient.subarray(end);
    this.#isBusy = true;
    const exchange = this.#exchange(request);
    const play = this.#options.choose(request) ?? (async () => exchange.toClient(await exchange.ask()));
    void play(exchange).then(() => {
      this.#isBusy = false;
      this.#isAnswering = false;
      write(this.#client, this.#unasked);
      this.#unasked = Buffer.alloc(0);
      if (this.#hasServerEnded) this.#client.end();
      this.#next();
      if (this.#isLingering && this.#client.destroyed) this.#server.end();
      if (this.#hasClientEnded && !this.#isBusy) this.#server.end(this.#fromClient);
    });
  }

  #came(chunk: Buffer): void {
    // Between an answer and its end, at whatever pace that is given, nothing else may come.
    if (this.#isAnswering) this.#unasked = Buffer.concat([this.#unasked, chunk]);
    if (this.#isAnswering) return;
    if (this.#asking === null) return void write(this.#client, chunk);
    this.#fromServer = Buffer.concat([this.#fromServer, chunk]);
    const end = this.#options.endOf(this.#fromServer);
    if (end === null) return;
    const answer = this.#fromServer.subarray(0, end);
    const rest = this.#fromServer.subarray(end);
    this.#fromServer = Buffer.alloc(0);
    const asking = this.#asking;
    this.#asking = null;
    this.#isAnswering = true;
    this.#unasked = rest;
    asking(answer);
  }

  #exchange(request: Buffer): Exchange {
    const [client, server] = [this.#client, this.#server];
    return {
      request,
      ask: (bytes = request) =>
        new Promise((resolve) => {
          this.#asking = resolve;
          write(server, bytes);
        }),
      toServer: (bytes) => write(server, bytes),
      toClient: (bytes) => write(client, bytes),
      endToServer: () => void server.end(),
      endToClient: () => void client.end(),
      reset: () => {
        reset(client);
        reset(server);
      },
      linger: () => {
        this.#isLingering = true;
      },
      gone: this.#gone,
    };
  }
}

/** A socket that is being shut down cannot be reset: Node 24 would leave its descriptor open for ever. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

function write(socket: Socket, bytes: Buffer): void {
  if (bytes.byteLength > 0 && !socket.destroyed && socket.writable) socket.write(bytes);
}
