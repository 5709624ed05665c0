/**
 * One attempt at the VIP → its outcome. One pool of undici a generation; `reset` ends a generation with every socket
 * of it reset (R7). Invariants: `never-sent` is said only if undici had not begun to write or the connection was refused
 * (R11; error codes do not tell); no retry layer is in here; every phase ends by the attempt's own deadline.
 */
import type { Socket } from 'node:net';
import { type Dispatcher, Pool } from 'undici';
import type { Answer, Outcome } from '../domain/outcome.ts';
import { firstValue } from './headers.ts';
import { type Admit, type ConnectOptions, connector } from './sockets.ts';
import { StalledReaders } from './stalled-readers.ts';

export interface UpstreamRequest {
  readonly method: string;
  /** Target byte for byte: path and query. */
  readonly path: string;
  /** Flat, end-to-end. */
  readonly headers: readonly string[];
  readonly body: Uint8Array | null;
}

/** Where a streamed answer goes. */
export interface AnswerSink {
  /** Status and head are in. True: the body streams into `write`; false: the answer is collected and returned. */
  start(status: number, headers: string[]): boolean;
  /** False: pause until `onDrain` calls back. */
  write(chunk: Uint8Array): boolean;
  onDrain(resume: () => void): void;
}

export type Fetched =
  | Exclude<Outcome, { kind: 'unknown' }>
  /** `isInvalid`: something did answer, and it was not HTTP. */
  | { readonly kind: 'unknown'; readonly evidence: string; readonly isInvalid: boolean }
  | { readonly kind: 'streamed'; readonly isComplete: boolean };

export interface SendOptions {
  /** From now to the last byte of a collected answer; for a streamed one to its first byte, then between bytes. */
  readonly deadlineMs: number;
  readonly sink?: AnswerSink;
  /** Asked just before the first byte is written, however long a socket was waited for: why it must not be; null: it may. */
  readonly obstacle?: () => string | null;
  /** Ends the attempt by reset when the client leaves; only for safe methods. */
  readonly signal?: AbortSignal;
}

export interface UpstreamOptions extends ConnectOptions {
  readonly connectionsMax: number;
  /** A collected answer past this is given up as unknown. */
  readonly answerBytesMax: number;
  /** Asked of every connection over TLS before it is used. */
  readonly admit: Admit;
  /** A bad sign in live traffic (R6). */
  readonly onBadSign: (evidence: string) => void;
}

export class Upstream {
  readonly #options: UpstreamOptions;
  readonly #origin: string;
  readonly #stalled: StalledReaders;
  #sockets = new Set<Socket>();
  #pool: Pool;

  constructor(options: UpstreamOptions) {
    this.#options = options;
    const host = options.host.includes(':') ? `[${options.host}]` : options.host;
    this.#origin = `${options.trust === null ? 'http' : 'https'}://${host}:${options.port}`;
    this.#stalled = new StalledReaders(options.connectionsMax);
    this.#pool = this.#makePool();
  }

  #makePool(): Pool {
    this.#sockets = new Set();
    return new Pool(this.#origin, {
      connect: connector(this.#options, this.#sockets),
      connections: this.#options.connectionsMax,
      pipelining: 1,
      keepAliveTimeout: 4_000,
      keepAliveMaxTimeout: 60_000,
      headersTimeout: 0,
      bodyTimeout: 0,
      allowH2: false,
    });
  }

  /** One attempt; never throws, never sends twice. */
  send(request: UpstreamRequest, options: SendOptions): Promise<Fetched> {
    return new Promise((resolve) => {
      const attempt = new Exchange(
        options,
        { answerBytesMax: this.#options.answerBytesMax, stalled: this.#stalled },
        (fetched) => {
          const isBadSign = fetched.kind === 'never-sent' || fetched.kind === 'unknown';
          // Given up because the client left, or we must not send it, says nothing of ESC.
          if (isBadSign && options.signal?.aborted !== true && !attempt.isObstructed)
            this.#options.onBadSign(fetched.evidence);
          resolve(fetched);
        },
      );
      try {
        this.#pool.dispatch(
          {
            method: request.method as Dispatcher.HttpMethod,
            path: request.path,
            headers: request.headers as string[],
            body:
              request.body === null || request.body.byteLength === 0
                ? null
                : Buffer.from(request.body.buffer, request.body.byteOffset, request.body.byteLength),
          },
          attempt,
        );
      } catch (error) {
        attempt.onError(error as Error);
      }
    });
  }

  /** The end of an epoch (R7): sockets are reset first, then what waited for one fails as never sent. */
  reset(why: string): void {
    const [sockets, pool] = [this.#sockets, this.#pool];
    this.#pool = this.#makePool();
    const error = new Error(why);
    for (const socket of sockets) socket.destroy(error);
    pool.destroy(error).catch(() => undefined);
  }

  /** Sockets that are open now. */
  get connections(): number {
    return this.#sockets.size;
  }

  async close(): Promise<void> {
    this.#stalled.close();
    for (const socket of this.#sockets) socket.destroy();
    await this.#pool.destroy();
  }
}

interface Limits {
  readonly answerBytesMax: number;
  readonly stalled: StalledReaders;
}

/** undici's handler of one attempt. The older handler form is used because it gives ESC's header lines as they came. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #options: SendOptions;
  readonly #answerBytesMax: number;
  readonly #stalled: StalledReaders;
  readonly #finish: (fetched: Fetched) => void;
  #timer: NodeJS.Timeout;
  #abort: ((error?: Error) => void) | null = null;
  #givenUp: Error | null = null;
  #isOver = false;
  isObstructed = false;
  #status = 0;
  #headers: string[] = [];
  #isStreaming = false;
  #chunks: Uint8Array[] = [];
  #bytes = 0;

  constructor(options: SendOptions, { answerBytesMax, stalled }: Limits, finish: (fetched: Fetched) => void) {
    this.#options = options;
    this.#answerBytesMax = answerBytesMax;
    this.#stalled = stalled;
    this.#finish = finish;
    this.#timer = this.#deadline();
    options.signal?.addEventListener('abort', this.#onLeft);
  }

  readonly #onStalled = (why: Error): void => this.#giveUp(why);

  readonly #onLeft = (): void => this.#giveUp(new Error('the client left'));

  #deadline(): NodeJS.Timeout {
    const { deadlineMs } = this.#options;
    return setTimeout(() => this.#giveUp(new SilenceError(`no answer within ${deadlineMs} ms`)), deadlineMs);
  }

  /** Before the first write this only marks: undici has no handle for a request that still waits for a socket. */
  #giveUp(error: Error): void {
    this.#givenUp = error;
    if (this.#abort === null) this.onError(error);
    else this.#abort(error);
  }

  /** undici calls this just before the first byte is written; giving up before it means never sent. */
  onConnect(abort: (error?: Error) => void): void {
    if (this.#givenUp !== null) {
      abort(this.#givenUp);
      return;
    }
    const obstacle = this.#options.obstacle?.() ?? null;
    if (obstacle !== null) {
      this.isObstructed = true;
      // Thrown, not aborted: that would cost the socket, which is well.
      throw new Error(obstacle);
    }
    this.#abort = abort;
  }

  onHeaders(status: number, headers: Buffer[], resume: () => void): boolean {
    if (status < 200) return true;
    this.#status = status;
    this.#headers = headers.map((field) => field.toString('latin1'));
    const coding = firstValue(this.#headers, 'transfer-encoding').trim().toLowerCase();
    if (coding !== '' && coding !== 'chunked') {
      this.#giveUp(new CodingError(`the answer has the transfer coding ${coding}`));
      return false;
    }
    this.#isStreaming = this.#options.sink?.start(status, this.#headers) ?? false;
    if (this.#isStreaming) {
      this.#timer.refresh();
      this.#options.sink?.onDrain(() => {
        clearTimeout(this.#timer);
        this.#stalled.end(this.#onStalled);
        if (this.#isOver) return;
        this.#timer = this.#deadline();
        resume();
      });
    }
    return true;
  }

  /** It is the client's turn now: ESC's deadline does not run while nothing is read of it. */
  #waitForReader(): void {
    clearTimeout(this.#timer);
    const error = new Error(`the client read nothing for ${readerStallMaxMs} ms`);
    this.#timer = setTimeout(() => this.#giveUp(error), readerStallMaxMs);
    this.#stalled.begin(this.#onStalled);
  }

  onData(chunk: Buffer): boolean {
    if (this.#isStreaming) {
      const takesMore = this.#options.sink?.write(chunk) ?? true;
      if (takesMore) this.#timer.refresh();
      else this.#waitForReader();
      return takesMore;
    }
    this.#bytes += chunk.byteLength;
    if (this.#bytes > this.#answerBytesMax) {
      this.#giveUp(new Error(`the answer is longer than ${this.#answerBytesMax} bytes`));
      return false;
    }
    this.#chunks.push(chunk);
    return true;
  }

  onComplete(): void {
    if (this.#isStreaming) {
      this.#end({ kind: 'streamed', isComplete: true });
      return;
    }
    const body = this.#chunks.length === 1 ? (this.#chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#chunks);
    const answer: Answer = { status: this.#status, headers: this.#headers, body };
    this.#end({ kind: 'answered', answer });
  }

  onError(error: Error): void {
    if (this.#isStreaming) {
      this.#end({ kind: 'streamed', isComplete: false });
      return;
    }
    // A 304 may tell the length of what it leaves out (RFC 9110 section 8.6); undici takes that for a missing body.
    const isWhole = this.#status === 304 && this.#givenUp === null && error.name === contentLengthError;
    if (isWhole) {
      this.onComplete();
      return;
    }
    const evidence = describe(this.#givenUp ?? error, this.#status);
    if (this.#abort === null) this.#end({ kind: 'never-sent', evidence });
    else this.#end({ kind: 'unknown', evidence, isInvalid: invalidAnswerErrors.has(error.name) });
  }

  #end(fetched: Fetched): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#stalled.end(this.#onStalled);
    this.#options.signal?.removeEventListener('abort', this.#onLeft);
    this.#finish(fetched);
  }
}

/** A client that takes nothing of a streamed answer for so long is given up, and the connection to ESC with it. */
const readerStallMaxMs = 60_000;

const contentLengthError = 'ResponseContentLengthMismatchError';

/** undici's errors for bytes that came and were no HTTP, or a head without end. */
const invalidAnswerErrors: ReadonlySet<string> = new Set([
  'HTTPParserError',
  'HeadersOverflowError',
  contentLengthError,
  'CodingError',
]);

/** A coding that nobody here undoes, and that is not passed on (RFC 9112 section 7). */
class CodingError extends Error {
  override readonly name = 'CodingError';
}

/** ESC was silent for the whole of an attempt; safe methods answer it with 504 instead of 502. */
class SilenceError extends Error {
  readonly code = 'SILENCE';
}

function describe(error: Error & { code?: string }, status: number): string {
  const cut = status === 0 ? '' : `, after the head of an answer ${status}`;
  return `${error.code === undefined ? '' : `${error.code}: `}${error.message}${cut}`;
}
