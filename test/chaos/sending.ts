/** One request of a client on a connection of its own, and what came of it: an answer, or none in the client's time. */
import { createHash } from 'node:crypto';
import http from 'node:http';
import type { Order, Try } from './ledgers.ts';

const loopback = '127.0.0.1';

/** Where the clients call, and as whom. */
export interface Calling {
  /** Loopback, unless the gateway is elsewhere. */
  readonly host?: string;
  readonly port: number;
  /** Of the clients' own listener, as the gateway is to call it. */
  readonly callbackHost?: string;
  readonly callbackPort: number;
  readonly authorization: string;
}

interface Came {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** Never rejects. */
export async function tryOnce(order: Order, calling: Calling, timeoutMs: number): Promise<Try> {
  const at = Date.now();
  const headers: Record<string, string> = {
    'Content-Type': 'application/xml',
    Callback: `http://${calling.callbackHost ?? loopback}:${calling.callbackPort}/cb/${order.id}`,
    'Client-Transaction-Id': order.id,
    ...(order.key === null ? {} : { 'Idempotency-Key': `"${order.key}"` }),
    ...(order.prefer === null ? {} : { Prefer: order.prefer }),
  };
  const came = await ask(calling, { method: order.method, path: order.path, headers, body: order.body, timeoutMs });
  return { at, endedAt: Date.now(), ...readingOf(came) };
}

/** The status that the gateway tells of a transaction, null if none was to be had. */
export async function statusOf(transaction: string, calling: Calling, timeoutMs: number): Promise<string | null> {
  const path = `/northgate/v1/transactions/${transaction}`;
  const came = await ask(calling, { method: 'GET', path, headers: {}, body: undefined, timeoutMs });
  if (typeof came === 'string' || came.status !== 200) return null;
  return (JSON.parse(came.body) as { status: string }).status;
}

function readingOf(came: Came | 'none' | 'refused'): Omit<Try, 'at' | 'endedAt'> {
  if (typeof came === 'string') return { came };
  const { status, headers, body } = came;
  const isProblem = String(headers['content-type']).startsWith('application/problem+json');
  const problem = isProblem ? (JSON.parse(body) as Record<string, string>) : {};
  const transaction = headers['northgate-transaction'] ?? problem.transaction;
  const escTransaction = headers['esc-transaction-id'];
  return {
    came: 'answer',
    status,
    body: createHash('sha256').update(body).digest('hex').slice(0, 12),
    ...(typeof transaction === 'string' ? { transaction } : {}),
    ...(typeof escTransaction === 'string' ? { escTransaction } : {}),
    ...(isProblem ? { problem: String(problem.type).split(':').at(-1) ?? '', sent: String(problem.sent) } : {}),
  };
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly timeoutMs: number;
}

function ask({ host = loopback, port, authorization }: Calling, asked: Asked): Promise<Came | 'none' | 'refused'> {
  const { method, path, headers, body, timeoutMs } = asked;
  return new Promise((resolve) => {
    const request = http.request(
      { port, host, agent: false, method, path, headers: { ...headers, Authorization: authorization } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', () => resolve('none'));
        response.on('close', () => resolve('none'));
        response.on('end', () => {
          const whole = response.complete;
          const came = { status: response.statusCode ?? 0, headers: response.headers, body: '' };
          resolve(whole ? { ...came, body: Buffer.concat(chunks).toString() } : 'none');
        });
      },
    );
    const timer = setTimeout(() => request.destroy(), timeoutMs);
    request.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED' ? 'refused' : 'none'));
    request.on('close', () => clearTimeout(timer));
    request.end(body);
  });
}
