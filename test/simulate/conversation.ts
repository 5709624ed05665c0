/**
 * One request of a client at a replica, as the northbound listener takes it: Node's request and response without a
 * socket. What is told of it goes back to the client through the world; if the client leaves first, the replica hears.
 */
import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { NorthboundOptions } from '../../src/http/northbound-listener.ts';
import { asGatewayError, problemAnswer } from '../../src/http/problem-answer.ts';
import { towardsEsc } from '../../src/upstream/headers.ts';
import { currentOwner } from './clock.ts';
import { theWorld } from './edges/world.ts';

export interface ClientRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

export interface ClientAnswer {
  readonly status: number;
  /** In lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One of the two is called, once, if there is an answer or a part of one. */
export interface Told {
  readonly give: (answer: ClientAnswer) => void;
  readonly cut: () => void;
}

class Request extends EventEmitter {
  readonly method: string;
  readonly url: string;
  readonly httpVersion = '1.1';
  readonly headers: Record<string, string>;
  readonly rawHeaders: string[];
  complete = false;

  constructor({ method, path, headers }: ClientRequest) {
    super();
    this.method = method;
    this.url = path;
    const all = { host: 'gateway:1', ...headers };
    this.rawHeaders = Object.entries(all).flat();
    this.headers = Object.fromEntries(Object.entries(all).map(([name, value]) => [name.toLowerCase(), value]));
  }

  pause(): void {}
}

class Response extends EventEmitter {
  destroyed = false;
  headersSent = false;
  sendDate = true;
  #status = 0;
  #headers: Record<string, string> = {};
  readonly #chunks: Uint8Array[] = [];
  readonly #give: Told['give'];
  readonly #cut: Told['cut'];

  constructor({ give, cut }: Told) {
    super();
    this.#give = give;
    this.#cut = cut;
  }

  writeHead(status: number, given: readonly string[] | Readonly<Record<string, string>>): this {
    this.headersSent = true;
    this.#status = status;
    const flat = Array.isArray(given) ? (given as string[]) : Object.entries(given).flat();
    for (let index = 0; index < flat.length; index += 2) {
      this.#headers[(flat[index] ?? '').toLowerCase()] = flat[index + 1] ?? '';
    }
    return this;
  }

  write(chunk: Uint8Array): boolean {
    this.#chunks.push(chunk);
    return true;
  }

  end(last: Uint8Array | string = ''): void {
    if (this.destroyed) return;
    const body = Buffer.concat([...this.#chunks, Buffer.from(last as string)]).toString();
    this.#give({ status: this.#status, headers: this.#headers, body });
    this.destroyed = true;
    process.nextTick(() => {
      this.emit('finish');
      this.emit('close');
    });
  }

  /** What was told of it is cut short, so the client has nothing. */
  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.#cut();
    this.emit('close');
  }
}

export class Conversation {
  readonly #left = new AbortController();
  readonly #response: Response;

  constructor(options: NorthboundOptions, asked: ClientRequest, told: Told) {
    const request = new Request(asked);
    const response = new Response(told);
    this.#response = response;
    void this.#handle(options, request as unknown as IncomingMessage, response as unknown as ServerResponse);
    // Not before somebody reads it, as Node's would.
    theWorld().clock.after(0, currentOwner(), () => {
      if (asked.body !== undefined) request.emit('data', Buffer.from(asked.body));
      request.complete = true;
      request.emit('end');
    });
  }

  /** The client's connection is gone. */
  leave(): void {
    if (this.#response.destroyed) return;
    this.#left.abort();
    this.#response.destroy();
  }

  async #handle(options: NorthboundOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { identify, escHosts, transact, pass, log } = options;
    const path = request.method === 'GET' ? pass : transact;
    try {
      const fields = towardsEsc(request.rawHeaders, { httpVersion: '1.1', pseudonym: 'northgate', forwardsMax: null });
      const { client, headers } = await identify(request, fields);
      const authorities = { own: 'http://gateway:1', esc: escHosts };
      await path.handle(request, response, { client, headers, authorities, hasLeft: this.#left.signal });
    } catch (error) {
      const { status, headers, body } = problemAnswer(asGatewayError(error, log));
      response.writeHead(status, headers);
      response.end(body);
    }
  }
}
