// What the tests of the simulated pair share: a client of ESC, a receiver of callbacks, raw connections, waiting for a
// condition. It asserts nothing.
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { Agent, type Dispatcher, request } from 'undici';
import { type SimulatedPair, startPair } from '../../src/sim/pair.ts';
import type { PairOptions } from '../../src/sim/profiles.ts';
import { ownAddresses } from '../support/own-network.ts';

/** Bodies as ESC takes them. */
export const tenantXml = '<tenant xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><name>t</name></tenant>';
export const networkXml = '<network><name>n</name></network>';
export const deploymentXml =
  '<deployment><name>d</name><vm_group><name>a</name></vm_group><vm_group><name>b</name></vm_group></deployment>';
export const operationXml = (operation: string): string => `<action><operation>${operation}</operation></action>`;

export type Answer = { status: number; headers: Record<string, string | string[] | undefined>; body: string };
export type CallOptions = {
  body?: string;
  headers?: Record<string, string>;
  /** Another address than the VIP. */
  at?: string;
  port?: number;
  /** Gives the request up; without one it has `callMaxMs`. */
  signal?: AbortSignal;
};

const callMaxMs = 60_000;

/** A pair at a hundredth of real time whose takeover is short, and a client of it. */
export async function startWorld(options: PairOptions = {}): Promise<World> {
  const pair = await startPair({
    ...ownAddresses(),
    timeScale: 0.01,
    phases: { P0: 2000, P1: 4000, P2: 2000, P3: 2000 },
    workMs: { deployment: 2000, tenant: 300, network: 300, operation: 1000 },
    ...options,
  });
  return new World(pair);
}

export class World {
  readonly pair: SimulatedPair;
  // A connection a request: one that was kept through a switchover would be reset, which has tests of its own.
  readonly #agent = new Agent({ connections: 64, pipelining: 0, connect: { rejectUnauthorized: false } });

  constructor(pair: SimulatedPair) {
    this.pair = pair;
  }

  /** A REST request; `path` begins behind `/ESCManager/v0`. */
  call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    return this.fetch(method, this.pair.ports.rest, `/ESCManager/v0${path}`, options);
  }

  /** The health report at the VIP or at a node. */
  health(options: CallOptions = {}): Promise<Answer> {
    return this.fetch('GET', this.pair.ports.health, '/esc/health', options);
  }

  async fetch(method: string, port: number, path: string, options: CallOptions): Promise<Answer> {
    const { body, headers, at = this.pair.vip, signal = AbortSignal.timeout(callMaxMs) } = options;
    const answer = await request(`${this.pair.scheme}://${at}:${port}${path}`, {
      method: method as Dispatcher.HttpMethod,
      dispatcher: this.#agent,
      headers: { 'content-type': 'application/xml', ...headers },
      body: body ?? null,
      signal,
    });
    return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() };
  }

  /** Creates a resource and waits until its state is active. */
  async make(path: string, body: string, headers: Record<string, string> = {}): Promise<Answer> {
    const answer = await this.call('POST', path, { body, headers });
    const id = path.split('/').at(-1);
    await until(() => this.stateOf(id ?? '') === 'active');
    return answer;
  }

  /** The state of a resource in the replicated store; undefined if it is not there. */
  stateOf(id: string): string | undefined {
    return this.pair.resources().find((row) => row.id === id)?.state.is;
  }

  /** Effects on the VIM, as `KIND ID`. */
  effects(): string[] {
    return this.pair.ledger.map(({ kind, id }) => `${kind} ${id}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
    await this.pair.close();
  }
}

export type Callback = {
  event: string;
  headers: NodeJS.Dict<string | string[]>;
  body: string;
  from: string | undefined;
};

/** A server for callbacks; `answer` is the status it gives. */
export class Receiver {
  readonly got: Callback[] = [];
  answer = 200;
  url = '';
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const event = /<event_type>(.*?)</.exec(body)?.[1] ?? '';
      this.got.push({ event, headers: request.headers, body, from: request.socket.remoteAddress });
      response.writeHead(this.answer).end();
    });
  });

  static async start(): Promise<Receiver> {
    const receiver = new Receiver();
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve));
    const address = receiver.#server.address();
    receiver.url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/callback`;
    return receiver;
  }

  events(): string[] {
    return this.got.map(({ event }) => event);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A raw connection: what came, and how it ended. */
export class Line {
  readonly socket: Socket;
  text = '';
  end: 'open' | 'closed' | 'reset' | 'refused' = 'open';

  constructor(host: string, port: number) {
    this.socket = connect({ host, port, noDelay: true });
    this.socket.on('data', (chunk: Buffer) => {
      this.text += chunk.toString();
    });
    this.socket.on('error', (error: NodeJS.ErrnoException) => {
      this.end = error.code === 'ECONNREFUSED' ? 'refused' : 'reset';
    });
    this.socket.on('end', () => {
      if (this.end === 'open') this.end = 'closed';
    });
  }

  static async open(host: string, port: number): Promise<Line> {
    const line = new Line(host, port);
    await until(() => line.socket.readyState === 'open' || line.end !== 'open');
    return line;
  }

  /** Sends a request of REST's and resolves when the kernel has it. */
  post(path: string, body: string): Promise<void> {
    const head = `POST /ESCManager/v0${path} HTTP/1.1\r\nHost: esc\r\nContent-Type: application/xml\r\n`;
    const text = `${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    return new Promise((resolve) => this.socket.write(text, () => resolve()));
  }

  get(path: string): Promise<void> {
    const text = `GET ${path} HTTP/1.1\r\nHost: esc\r\n\r\n`;
    return new Promise((resolve) => this.socket.write(text, () => resolve()));
  }
}

/** Waits for a condition; rejects after `deadlineMs`. */
export async function until(condition: () => boolean | Promise<boolean>, deadlineMs = 60_000): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not so within ${deadlineMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Everything that is on the way between this process's sockets and timers has had its turn. */
export async function settle(rounds = 20): Promise<void> {
  for (let round = 0; round < rounds; round++) await new Promise((resolve) => setTimeout(resolve, 1));
}
