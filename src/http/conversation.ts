/**
 * One connection of a client: its requests under way, and how it ends. Invariants: an answer under way is never
 * overtaken by the refusal of what came after it; nothing that comes after an ending is acted on; the last bytes are
 * not lost to a reset (RFC 9112 sections 9.3.2 and 9.6). It reads no header.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { GatewayError } from '../domain/problem.ts';
import { problemText } from './problem-answer.ts';

/** Requests that one connection may have under way (pipelining); past it the rest is left unread and unanswered. */
const pipelinedMax = 100;
/** How long a client that goes on sending after the last answer is listened to, so that it can read that answer. */
const lingerMaxMs = 2_000;

const conversations = new WeakMap<Socket, Conversation>();

export class Conversation {
  readonly #socket: Socket;
  readonly #underWay = new Map<ServerResponse, AbortController>();
  #newest: IncomingMessage | null = null;
  #isEnding = false;
  #refusal: GatewayError | null = null;
  #broken: { readonly request: IncomingMessage; readonly refusal: GatewayError } | null = null;

  constructor(socket: Socket) {
    this.#socket = socket;
    // Node calls this after the last answer; closing at once would reset the connection if anything is unread.
    socket.destroySoon = () => linger(socket);
    socket.once('close', () => {
      for (const left of this.#underWay.values()) left.abort();
    });
  }

  static on(socket: Socket): Conversation {
    const known = conversations.get(socket);
    if (known !== undefined) return known;
    const made = new Conversation(socket);
    conversations.set(socket, made);
    return made;
  }

  /** A request has come. @returns what fires when its client leaves; null: it must not be acted on. */
  begin(request: IncomingMessage, response: ServerResponse): AbortSignal | null {
    // A broken connection is told by `close`; without a listener an error of it would end the process.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    if (this.#underWay.size >= pipelinedMax) this.#isEnding = true;
    if (this.#isEnding) return null;
    const left = new AbortController();
    this.#newest = request;
    this.#underWay.set(response, left);
    response.once('close', () => {
      this.#underWay.delete(response);
      if (!response.writableFinished) left.abort();
      if (this.#isEnding && this.#underWay.size === 0) this.#end();
    });
    return left.signal;
  }

  /** The answer that is about to be given says that it is the last one. */
  lastAnswer(): void {
    this.#isEnding = true;
  }

  /**
   * What came cannot be read on. It is the newest request's problem if that one is not whole yet, and otherwise is
   * answered after the answers under way.
   */
  refuse(refusal: GatewayError): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    if (this.#newest !== null && !this.#newest.complete) {
      this.#broken = { request: this.#newest, refusal };
      this.#newest.emit('error', refusal);
      return;
    }
    this.#refusal = refusal;
    if (this.#underWay.size === 0) this.#end();
  }

  /** Why this request cannot be read to its end, for who did not listen to it when that was found; null: it may be. */
  brokenBy(request: IncomingMessage): GatewayError | null {
    return this.#broken?.request === request ? this.#broken.refusal : null;
  }

  #end(): void {
    if (this.#refusal !== null && this.#socket.writable) this.#socket.write(problemText(this.#refusal));
    this.#refusal = null;
    linger(this.#socket);
  }
}

/** Says that nothing more comes, and closes when the client has said so too, or after a while. */
function linger(socket: Socket): void {
  if (socket.destroyed) return;
  const timer = setTimeout(() => socket.destroy(), lingerMaxMs);
  socket.once('close', () => clearTimeout(timer));
  if (socket.readableEnded) socket.once('finish', () => socket.destroy());
  else socket.once('end', () => socket.destroy());
  socket.end();
  socket.resume();
}
