/**
 * A client that writes bytes and reads bytes: for what no HTTP library would send, and to see what is really answered.
 * Invariant: every wait has a deadline. Problems of the gateway are held against its OpenAPI document.
 */
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { checkIfProblem } from './document-check.ts';
import { fieldOf, readChunked, readHead } from './echo-esc.ts';
import { until } from './until.ts';

export interface RawAnswer {
  readonly status: number;
  readonly reason: string;
  /** Flat, in order and spelling. */
  readonly headers: readonly string[];
  readonly body: Buffer;
}

const waitMs = 60_000;

export class RawClient {
  readonly socket: net.Socket;
  #chunks: Buffer[] = [];
  #length = 0;
  /** How the gateway ended the connection: a FIN, a RST, or not yet. */
  end: 'open' | 'fin' | 'reset' = 'open';

  constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#length += chunk.byteLength;
    });
    socket.once('end', () => {
      if (this.end === 'open') this.end = 'fin';
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET') this.end = 'reset';
    });
  }

  /** Everything that came and was not taken as an answer yet. */
  get bytes(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] ?? Buffer.alloc(0);
  }

  write(bytes: string | Buffer): void {
    this.socket.write(bytes, 'latin1');
  }

  /** Waits for the next whole answer. `toHead`: one to a HEAD request, which has no body. */
  async answer(toHead = false): Promise<RawAnswer> {
    for (;;) {
      const { bytes } = this;
      const parsed = parseAnswer(bytes, toHead, this.socket.readableEnded);
      if (parsed !== null) {
        this.#chunks = [bytes.subarray(parsed.bytes)];
        this.#length = bytes.byteLength - parsed.bytes;
        checkIfProblem({ ...parsed.answer, body: toHead ? null : parsed.answer.body });
        return parsed.answer;
      }
      if (this.end !== 'open') throw new Error(`the connection ended (${this.end}) before an answer: ${bytes}`);
      await this.#more();
    }
  }

  async #more(): Promise<void> {
    const had = this.#length;
    await until(() => this.#length > had || this.end !== 'open', 'the gateway says more', waitMs);
  }

  /** Waits until the gateway has ended the connection and says how. */
  async ended(): Promise<'fin' | 'reset'> {
    await until(() => this.end !== 'open', 'the gateway ends the connection', waitMs);
    return this.end === 'reset' ? 'reset' : 'fin';
  }

  close(): void {
    this.socket.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

export async function connectRaw(port: number): Promise<RawClient> {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  const client = new RawClient(socket);
  await once(socket, 'connect');
  return client;
}

/** With TLS; whom it reaches is not checked. */
export async function connectSecure(port: number): Promise<RawClient> {
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  const client = new RawClient(socket);
  await once(socket, 'secureConnect');
  return client;
}

/** A request's bytes: first line and fields each on a line of their own, then the body. */
export const requestText = (lines: readonly string[], body = ''): string => `${lines.join('\r\n')}\r\n\r\n${body}`;

function parseAnswer(bytes: Buffer, toHead: boolean, isAtEnd: boolean): { answer: RawAnswer; bytes: number } | null {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd === -1) return null;
  const { first, headers } = readHead(bytes.toString('latin1', 0, headEnd));
  const [, statusText = '', ...reason] = first.split(' ');
  const status = Number(statusText);
  const bodyAt = headEnd + 4;
  const answer = (body: Buffer): RawAnswer => ({
    status,
    reason: reason.join(' '),
    headers,
    body: Buffer.from(body),
  });
  if (toHead || status < 200 || status === 204 || status === 304)
    return { answer: answer(Buffer.alloc(0)), bytes: bodyAt };
  if (fieldOf(headers, 'transfer-encoding').toLowerCase() === 'chunked') {
    const chunked = readChunked(bytes, bodyAt);
    return chunked === null ? null : { answer: answer(chunked.body), bytes: chunked.end };
  }
  const length = fieldOf(headers, 'content-length');
  if (length === '') return isAtEnd ? { answer: answer(bytes.subarray(bodyAt)), bytes: bytes.byteLength } : null;
  const end = bodyAt + Number(length);
  return bytes.byteLength < end ? null : { answer: answer(bytes.subarray(bodyAt, end)), bytes: end };
}
