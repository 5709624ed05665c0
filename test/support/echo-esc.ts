/**
 * A plain ESC for what the simulated pair does not show: exact bytes. A TCP or TLS listener in the place of the REST
 * northbound that records every byte it gets and how each connection ended, and a health monitor that says READY.
 * It knows HTTP only as far as to find where a request ends (Content-Length or chunked).
 */
import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import tls from 'node:tls';

/** One request as it came over the wire. */
export interface HeardRequest {
  readonly method: string;
  readonly target: string;
  readonly head: string;
  /** Flat, in order and spelling. */
  readonly headers: readonly string[];
  readonly body: Buffer;
}

export interface Connection {
  readonly socket: net.Socket;
  /** Bytes got, with TLS after decryption. */
  bytes: Buffer;
  readonly requests: HeardRequest[];
  /** How the other side ended it: a FIN, a RST, or not yet. */
  end: 'open' | 'fin' | 'reset';
}

/** Gets the request and the connection to answer on; the default answers 200 with the request's body. */
export type Answering = (request: HeardRequest, socket: net.Socket, connection: Connection) => void;

export interface EchoOptions {
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly answering?: Answering;
  /** Called with every connection before anything is read; false: nothing is read of it. */
  readonly accept?: (connection: Connection) => boolean;
}

export const echo: Answering = (request, socket) => {
  const head = `HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: ${request.body.byteLength}\r\n\r\n`;
  socket.write(head);
  if (request.method !== 'HEAD') socket.write(request.body);
};

/** Answers with exactly these bytes. */
export const saying =
  (answer: string | Buffer): Answering =>
  (_, socket) => {
    socket.write(answer, 'latin1');
  };

export class EchoEsc {
  answering: Answering;
  /** Those that said something; the gateway's resting connection never does. */
  readonly connections: Connection[] = [];
  readonly #rest: net.Server;
  readonly #health: http.Server;
  readonly #sockets = new Set<net.Socket>();
  readonly #accept: (connection: Connection) => boolean;

  constructor(options: EchoOptions) {
    this.answering = options.answering ?? echo;
    this.#accept = options.accept ?? (() => true);
    this.#rest = options.tls === undefined ? net.createServer() : tls.createServer(options.tls);
    this.#rest.on('connection', (raw: net.Socket) => {
      this.#sockets.add(raw);
      raw.on('error', () => undefined);
      raw.once('close', () => this.#sockets.delete(raw));
      if (options.tls === undefined) this.#take(raw);
    });
    if (options.tls !== undefined) this.#rest.on('secureConnection', (socket: tls.TLSSocket) => this.#take(socket));
    this.#health = http.createServer((_, response) => {
      response.setHeader('Content-Type', 'application/json');
      response.end('{"status_code":2000,"stage":"READY","message":"ESC services are running."}');
    });
  }

  async start(): Promise<void> {
    for (const server of [this.#rest, this.#health]) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    }
  }

  get port(): number {
    return (this.#rest.address() as AddressInfo).port;
  }

  get healthPort(): number {
    return (this.#health.address() as AddressInfo).port;
  }

  /** All requests, in the order in which they were complete. */
  get requests(): HeardRequest[] {
    return this.connections.flatMap((connection) => connection.requests);
  }

  #take(socket: net.Socket): void {
    const connection: Connection = { socket, bytes: Buffer.alloc(0), requests: [], end: 'open' };
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET') connection.end = 'reset';
    });
    socket.once('end', () => {
      if (connection.end === 'open') connection.end = 'fin';
    });
    if (!this.#accept(connection)) {
      this.connections.push(connection);
      socket.pause();
      return;
    }
    let unread = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      if (connection.bytes.byteLength === 0) this.connections.push(connection);
      connection.bytes = Buffer.concat([connection.bytes, chunk]);
      unread = Buffer.concat([unread, chunk]);
      for (let parsed = parseRequest(unread); parsed !== null; parsed = parseRequest(unread)) {
        unread = unread.subarray(parsed.bytes);
        connection.requests.push(parsed.request);
        this.answering(parsed.request, socket, connection);
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#health.closeAllConnections();
    const closed = [once(this.#rest, 'close'), once(this.#health, 'close')];
    this.#rest.close();
    this.#health.close();
    await Promise.all(closed);
  }
}

export async function startEcho(options: EchoOptions = {}): Promise<EchoEsc> {
  const esc = new EchoEsc(options);
  await esc.start();
  return esc;
}

/** The lines of a head as a flat list; the first line apart. */
export function readHead(head: string): { first: string; headers: string[] } {
  const [first = '', ...lines] = head.split('\r\n');
  const headers = lines.flatMap((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  return { first, headers };
}

/** The first value of a field, or an empty string. */
export function fieldOf(headers: readonly string[], name: string): string {
  const at = headers.findIndex((text, index) => index % 2 === 0 && text.toLowerCase() === name.toLowerCase());
  return at === -1 ? '' : (headers[at + 1] ?? '');
}

function parseRequest(bytes: Buffer): { request: HeardRequest; bytes: number } | null {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd === -1) return null;
  const head = bytes.toString('latin1', 0, headEnd);
  const { first, headers } = readHead(head);
  const [method = '', target = ''] = first.split(' ');
  const bodyAt = headEnd + 4;
  const request = (body: Buffer): HeardRequest => ({ method, target, head, headers, body });
  if (fieldOf(headers, 'transfer-encoding').toLowerCase() === 'chunked') {
    const chunked = readChunked(bytes, bodyAt);
    return chunked === null ? null : { request: request(chunked.body), bytes: chunked.end };
  }
  const end = bodyAt + Number(fieldOf(headers, 'content-length') || 0);
  if (bytes.byteLength < end) return null;
  return { request: request(Buffer.from(bytes.subarray(bodyAt, end))), bytes: end };
}

/** A chunked body from `at` on; null: not whole yet. Trailers are not read. */
export function readChunked(bytes: Buffer, at: number): { body: Buffer; end: number } | null {
  const chunks: Buffer[] = [];
  let next = at;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', next);
    if (lineEnd === -1) return null;
    const size = Number.parseInt(bytes.toString('latin1', next, lineEnd), 16);
    const dataEnd = lineEnd + 2 + size;
    if (bytes.byteLength < dataEnd + 2) return null;
    if (size === 0) return { body: Buffer.concat(chunks), end: dataEnd + 2 };
    chunks.push(bytes.subarray(lineEnd + 2, dataEnd));
    next = dataEnd + 2;
  }
}
