/**
 * Where the clients hear of completions: a listener that takes every report, and can be down for a while, by refusing
 * connections or by answering 503. What it answered 200 is heard; nothing else is.
 */
import { once } from 'node:events';
import http from 'node:http';
import type { Heard } from './ledgers.ts';

export type ReceiverMode = 'up' | 'refusing' | 'answering-503';

export class Receiver {
  readonly heard: Heard[] = [];
  readonly #host: string;
  readonly #port: number;
  #mode: ReceiverMode = 'up';
  #server: http.Server | null = null;
  #changing: Promise<void> = Promise.resolve();

  constructor(port: number, host = '127.0.0.1') {
    this.#host = host;
    this.#port = port;
  }

  get port(): number {
    return this.#port;
  }

  become(mode: ReceiverMode): Promise<void> {
    this.#changing = this.#changing.then(async () => {
      this.#mode = mode;
      if (mode === 'refusing') await this.#close();
      else if (this.#server === null) await this.#listen();
    });
    return this.#changing;
  }

  /** Whether the order's last event was heard. */
  hasHeard(order: string, event: string): boolean {
    return this.heard.some((each) => each.order === order && each.event === event);
  }

  async #listen(): Promise<void> {
    const server = http.createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        if (this.#mode !== 'up') return void response.writeHead(503).end();
        const body = Buffer.concat(chunks).toString();
        const { headers } = request;
        this.heard.push({
          at: Date.now(),
          order: request.url?.split('/').at(-1) ?? '',
          delivery: String(headers['northgate-delivery']),
          event: /<(?:\w+:)?event_type>([^<]*)</.exec(body)?.[1] ?? '',
          status: String(headers['esc-status-code'] ?? ''),
          escTransaction: String(headers['esc-transaction-id'] ?? ''),
        });
        response.writeHead(200).end();
      });
    });
    server.listen(this.#port, this.#host);
    await once(server, 'listening');
    this.#server = server;
  }

  async #close(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }
}
