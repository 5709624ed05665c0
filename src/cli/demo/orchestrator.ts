/**
 * The demo's orchestrator: sends ESC's requests to the gateway, each with a callback URL, and keeps a book of what it
 * sent, what it was answered and what was reported to it. It never sends anything twice: that is the gateway's business.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent, request } from 'undici';
import type { Order } from './bodies.ts';

export interface Sent {
  readonly order: Order;
  readonly sentAt: number;
  /** What came of it; null as long as nothing has. */
  result:
    | {
        readonly kind: 'answered';
        readonly at: number;
        readonly status: number;
        readonly transaction: string | undefined;
      }
    | { readonly kind: 'failed'; readonly at: number; readonly why: string }
    | null;
}

/** Past what the gateway keeps a client waiting, so that the answer is always the gateway's. */
const answerMaxMs = 400_000;
const reportMaxBytes = 65_536;

export class Orchestrator {
  readonly book: Sent[] = [];
  /** Completion reports of ESC, by event type and status, such as `SERVICE_ALIVE SUCCESS`. */
  readonly reports = new Map<string, number>();
  readonly #agent = new Agent({
    connections: null,
    pipelining: 1,
    headersTimeout: answerMaxMs,
    bodyTimeout: answerMaxMs,
    connectTimeout: 10_000,
  });
  readonly #server: Server;
  #target = '';
  #callbackUrl = '';

  constructor() {
    this.#server = createServer((incoming, response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      incoming.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes <= reportMaxBytes) chunks.push(chunk);
      });
      incoming.on('error', () => response.destroy());
      incoming.on('end', () => {
        this.#note(Buffer.concat(chunks).toString());
        response.writeHead(200).end();
      });
    });
  }

  /** Opens the place for callbacks; `target` is the gateway's northbound URL. */
  async start(target: string): Promise<void> {
    this.#target = target;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    this.#callbackUrl = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/esc-callback`;
  }

  /** Sends one request and resolves when its answer is in the book. Never rejects. */
  async send(order: Order): Promise<Sent> {
    const sent: Sent = { order, sentAt: Date.now(), result: null };
    this.book.push(sent);
    try {
      const { statusCode, headers, body } = await request(`${this.#target}${order.path}`, {
        dispatcher: this.#agent,
        method: 'POST',
        headers: { 'content-type': 'application/xml', accept: 'application/xml', callback: this.#callbackUrl },
        body: order.body,
      });
      await body.dump();
      const id = headers['northgate-transaction'];
      const transaction = typeof id === 'string' ? id : undefined;
      sent.result = { kind: 'answered', at: Date.now(), status: statusCode, transaction };
    } catch (error) {
      sent.result = { kind: 'failed', at: Date.now(), why: error instanceof Error ? error.message : String(error) };
    }
    return sent;
  }

  /** Sends each request after the answer of the one before it, and stops at one that did not get a 2xx. */
  async sendInTurn(orders: readonly Order[]): Promise<void> {
    for (const order of orders) if (!isGranted(await this.send(order))) return;
  }

  /** How many have no answer yet. */
  get waiting(): number {
    return this.book.filter(({ result }) => result === null).length;
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #note(report: string): void {
    const textOf = (element: string): string => new RegExp(`<${element}>([^<]*)<`).exec(report)?.[1] ?? 'unreadable';
    const name = `${textOf('event_type')} ${textOf('status')}`;
    this.reports.set(name, (this.reports.get(name) ?? 0) + 1);
  }
}

/** Whether a request got its 2xx. A 202 that only names the transaction is no final answer. */
export function isGranted({ result }: Sent): boolean {
  return result?.kind === 'answered' && result.status >= 200 && result.status < 300 && result.status !== 202;
}
