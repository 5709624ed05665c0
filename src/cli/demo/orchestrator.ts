/**
 * The demo's orchestrator: sends ESC's requests to the gateway, each with a callback URL of its own, and keeps a book of
 * what it sent, what it was answered and what was reported to it, under which transaction id. It never sends anything
 * twice: that is the gateway's business.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent, request } from 'undici';
import { type Order, terminalEvents } from './bodies.ts';

/** A completion report as it came to the order's own URL. */
export interface Report {
  readonly at: number;
  /** Event type and status, such as `SERVICE_ALIVE SUCCESS`. */
  readonly says: string;
  readonly escTransaction: string | undefined;
}

export interface Sent {
  readonly order: Order;
  readonly sentAt: number;
  /** In the order of their coming. */
  readonly reports: Report[];
  /** What came of it; null as long as nothing has. */
  result:
    | {
        readonly kind: 'answered';
        readonly at: number;
        readonly status: number;
        /** The gateway's id of it. */
        readonly transaction: string | undefined;
        /** ESC's id of it. */
        readonly escTransaction: string | undefined;
      }
    | { readonly kind: 'failed'; readonly at: number; readonly why: string }
    | null;
}

/** Past what the gateway keeps a client waiting, so that the answer is always the gateway's. */
const answerMaxMs = 400_000;
const reportMaxBytes = 65_536;

export class Orchestrator {
  readonly book: Sent[] = [];
  readonly #byId = new Map<string, Sent>();
  /** Reports that came to a URL that was never given to anybody. */
  strayReports = 0;
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
        this.#note(incoming, Buffer.concat(chunks).toString());
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
    this.#callbackUrl = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/completed/`;
  }

  /** Sends one request and resolves when its answer is in the book. Never rejects. */
  async send(order: Order): Promise<Sent> {
    const sent: Sent = { order, sentAt: Date.now(), reports: [], result: null };
    this.book.push(sent);
    this.#byId.set(order.id, sent);
    const callback = `${this.#callbackUrl}${order.id}`;
    try {
      const { statusCode, headers, body } = await request(`${this.#target}${order.path}`, {
        dispatcher: this.#agent,
        method: 'POST',
        headers: { 'content-type': 'application/xml', accept: 'application/xml', callback },
        body: order.body,
      });
      await body.dump();
      const transaction = oneOf(headers['northgate-transaction']);
      const escTransaction = escTransactionIn(headers);
      sent.result = { kind: 'answered', at: Date.now(), status: statusCode, transaction, escTransaction };
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

  #note({ url = '', headers }: IncomingMessage, body: string): void {
    const sent = this.#byId.get(url.split('/').at(-1) ?? '');
    if (sent === undefined) {
      this.strayReports += 1;
      return;
    }
    const event = /<event_type>([^<]*)</.exec(body)?.[1] ?? 'unreadable';
    const outcome = headers['esc-status-code'] === '200' ? 'SUCCESS' : 'FAILURE';
    sent.reports.push({ at: Date.now(), says: `${event} ${outcome}`, escTransaction: escTransactionIn(headers) });
  }
}

type Fields = Readonly<Record<string, string | string[] | undefined>>;

const oneOf = (value: string | string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : value?.[0];

/** ESC spells the field in more than one way (reference/esc.md 1.5). */
const escTransactionIn = (headers: Fields): string | undefined =>
  oneOf(headers['esc-transaction-id'] ?? headers.esc_transaction_id ?? headers.transaction_id);

/** Reports that say how the whole request ended. */
export const terminalReports = ({ order, reports }: Sent): Report[] =>
  reports.filter(({ says }) => says.startsWith(`${terminalEvents[order.kind]} `));

/** Whether a request got its 2xx. A 202 that only names the transaction is no final answer. */
export function isGranted({ result }: Sent): boolean {
  return result?.kind === 'answered' && result.status >= 200 && result.status < 300 && result.status !== 202;
}
