/**
 * One connection of the load generator: a request out, its answer in, one at a time. Made cheap, so that the load costs
 * less than what it measures: it reads of an answer only its status and its Content-Length.
 */
import { once } from 'node:events';
import net from 'node:net';

export class LoadConnection {
  readonly #socket: net.Socket;
  #onAnswer: ((status: number) => void) | null = null;
  #unread = '';

  constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.#take(text));
    socket.on('error', () => undefined);
    socket.once('close', () => this.#give(0));
  }

  static async open(port: number): Promise<LoadConnection> {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new LoadConnection(socket);
  }

  /** Calls back with the status; 0 if the connection ended first. */
  send(request: string, onAnswer: (status: number) => void): void {
    this.#onAnswer = onAnswer;
    if (this.#socket.destroyed) setImmediate(() => this.#give(0));
    else this.#socket.write(request, 'latin1');
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  close(): void {
    this.#onAnswer = null;
    this.#socket.destroy();
  }

  #take(text: string): void {
    this.#unread = this.#unread === '' ? text : this.#unread + text;
    const headEnd = this.#unread.indexOf('\r\n\r\n');
    if (headEnd === -1) return;
    const length = /\r\ncontent-length: *(\d+)/i.exec(this.#unread)?.[1];
    if (length === undefined) throw new Error(`an answer without Content-Length: ${this.#unread.slice(0, headEnd)}`);
    if (this.#unread.length < headEnd + 4 + Number(length)) return;
    const status = Number(this.#unread.slice(9, 12));
    this.#unread = '';
    this.#give(status);
  }

  #give(status: number): void {
    const give = this.#onAnswer;
    this.#onAnswer = null;
    give?.(status);
  }
}
