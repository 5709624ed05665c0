// The addresses of a pair: the VIP and both nodes, each with a REST and a health port, as TCP listeners on loopback.
// A port that serves or is silent listens; a refused one does not. Silence is a connection that is taken and never
// read from by a node, because loopback cannot drop a SYN: its client sees a connect that works and then nothing.
import { createServer, type Server, type Socket } from 'node:net';
import type { PairSettings } from './profiles.ts';
import type { PortMode } from './takeover.ts';
import { type NodeCondition, Wire } from './wire.ts';

export type PortName = 'rest' | 'health';
/** Where a connection was made to: the VIP, or the first or second node's own address. */
export type Place = 'vip' | 0 | 1;

/** Who gets a connection. `owner` is whatever the caller wants to know a connection by. */
export type Receiver<Owner> = { mode: PortMode; condition: NodeCondition; owner: Owner };

/** What the network asks of whoever owns the addresses. */
export type Occupants<Owner> = {
  /** What a port does right now; asked when listeners are opened and closed. */
  modeOf: (place: Place, port: PortName) => PortMode;
  /** Who gets a connection that has just been made. */
  receiverOf: (place: Place, port: PortName) => Receiver<Owner>;
  /** Takes over a connection that is to be served. */
  attach: (connection: Connection<Owner>) => void;
};

export type Connection<Owner> = { wire: Wire; place: Place; port: PortName; owner: Owner };

type Listener = { place: Place; port: PortName; address: string; server: Server | undefined };

const bindAttemptsMax = 30;

export class Network<Owner> {
  readonly connections = new Set<Connection<Owner>>();
  readonly ports: Record<PortName, number>;
  readonly #listeners: Listener[] = [];
  readonly #settings: PairSettings;
  readonly #occupants: Occupants<Owner>;
  #isPathCut = false;
  #isClosed = false;
  #settling: Promise<void> = Promise.resolve();

  constructor(settings: PairSettings, occupants: Occupants<Owner>) {
    this.#settings = settings;
    this.#occupants = occupants;
    this.ports = { rest: settings.restPort, health: settings.healthPort };
    const addresses: [Place, string][] = [
      ['vip', settings.vip],
      [0, settings.nodes[0]],
      [1, settings.nodes[1]],
    ];
    for (const port of ['rest', 'health'] as const) {
      for (const [place, address] of addresses) this.#listeners.push({ place, port, address, server: undefined });
    }
  }

  /** Finds ports that are free on all three addresses and opens what should be open. */
  async start(): Promise<void> {
    for (const port of ['rest', 'health'] as const) this.ports[port] = await this.#freePort(port);
    await this.settle();
  }

  /** Opens and closes listeners until they are as the occupants say. Calls may overlap; each ends with the state as asked. */
  settle(): Promise<void> {
    this.#settling = this.#settling.then(async () => {
      for (const listener of this.#listeners) {
        const wanted = !this.#isClosed && this.#occupants.modeOf(listener.place, listener.port) !== 'refused';
        if (wanted && !listener.server) listener.server = await this.#listen(listener, this.ports[listener.port]);
        if (!wanted && listener.server) await this.#stop(listener);
      }
    });
    return this.#settling;
  }

  /** The path between clients and the VIP dies; nodes' own addresses stay reachable. */
  cutPath(): void {
    this.#isPathCut = true;
    for (const { wire, place } of this.connections) if (place === 'vip') wire.cutPath();
  }

  healPath(): void {
    this.#isPathCut = false;
    for (const { wire } of this.connections) if (wire.isPathCut) wire.healPath();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.settle();
    for (const { wire } of this.connections) wire.discard();
    this.connections.clear();
  }

  #accept(listener: Listener, socket: Socket): void {
    const { mode, condition, owner } = this.#occupants.receiverOf(listener.place, listener.port);
    if (mode === 'refused' || this.connections.size >= this.#settings.limits.connectionsMax) {
      socket.on('error', () => {});
      socket.resetAndDestroy();
      return;
    }
    const isPathCut = this.#isPathCut && listener.place === 'vip';
    const seen = mode === 'silent' ? 'dead' : condition;
    const wire = new Wire(socket, seen, isPathCut, this.#settings.limits.wireBufferMaxBytes);
    const connection = { wire, place: listener.place, port: listener.port, owner };
    this.connections.add(connection);
    // A frozen node has not read yet what a client left behind that is gone already.
    const forget = (): void => void (socket.destroyed && wire.destroyed && this.connections.delete(connection));
    socket.once('close', forget);
    wire.once('close', forget);
    if (mode === 'serving') this.#occupants.attach(connection);
  }

  #listen(listener: Listener, port: number): Promise<Server> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(listener, socket));
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: listener.address, port, exclusive: true }, () => {
        server.off('error', reject);
        resolve(server);
      });
    });
  }

  /** Stops listening. Not awaited to its event, which waits for connections; the kernel refuses from here on. */
  async #stop(listener: Listener): Promise<void> {
    listener.server?.close();
    listener.server = undefined;
  }

  async #freePort(port: PortName): Promise<number> {
    const wanted = this.#settings[port === 'rest' ? 'restPort' : 'healthPort'];
    for (let attempt = 1; ; attempt++) {
      const opened: Listener[] = [];
      try {
        let number = wanted;
        for (const listener of this.#listeners.filter((each) => each.port === port)) {
          listener.server = await this.#listen(listener, number);
          opened.push(listener);
          const address = listener.server.address();
          if (typeof address === 'object' && address) number = address.port;
        }
        return number;
      } catch (error) {
        for (const listener of opened) await this.#stop(listener);
        // A port that is free on one address may be taken on another; only a free choice is worth another try.
        if (wanted !== 0 || attempt === bindAttemptsMax) throw error;
      }
    }
  }
}
