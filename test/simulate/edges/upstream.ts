/**
 * One attempt at the VIP → its outcome, over simulated connections: what `src/upstream/upstream.ts` promises of undici's
 * pool, with the network's mishaps in place of a network. Invariant kept: `never-sent` only of what was not written.
 */

import type { Fetched, SendOptions, UpstreamRequest } from '../../../src/upstream/upstream.ts';
import type { Event, Owner } from '../clock.ts';
import { type Asked, type Ear, Line } from '../line.ts';
import { connectTimeoutMs } from '../times.ts';
import { theOwner, theWorld } from './world.ts';

interface UpstreamOptions {
  readonly onBadSign: (evidence: string) => void;
}

const reuseShare = 0.7;
const restingMax = 8;

type How = 'reset' | 'close';

export class Upstream {
  readonly #options: UpstreamOptions;
  readonly #owner: Owner = theOwner();
  readonly #attempts = new Set<Attempt>();
  #resting: Line[] = [];

  constructor(options: UpstreamOptions) {
    this.#options = options;
  }

  send(request: UpstreamRequest, options: SendOptions): Promise<Fetched> {
    this.#checkEpochs();
    return new Promise((resolve) => {
      const attempt = new Attempt({
        owner: this.#owner,
        request,
        options,
        resting: this.#take(),
        ended: (fetched, line) => {
          this.#attempts.delete(attempt);
          if (line !== null) this.#rest(line);
          const isBadSign = fetched.kind === 'never-sent' || fetched.kind === 'unknown';
          if (isBadSign && !attempt.isObstructed && options.signal?.aborted !== true)
            this.#options.onBadSign(fetched.evidence);
          resolve(fetched);
        },
      });
      this.#attempts.add(attempt);
    });
  }

  /** Nothing of an epoch that this replica knows to be over is on the line any more (R7). */
  #checkEpochs(): void {
    const epoch = epochOf(this.#owner);
    for (const attempt of this.#attempts) {
      if (attempt.epoch < epoch) theWorld().complain('an attempt outlives its epoch (R7)', `${attempt.epoch}`);
    }
  }

  #take(): Line | null {
    return theWorld().random.isLucky(reuseShare) ? (this.#resting.pop() ?? null) : null;
  }

  #rest(line: Line): void {
    if (this.#resting.length >= restingMax) return void line.giveUp('reset');
    line.ear = {
      connected: () => undefined,
      answered: () => undefined,
      failed: () => {
        this.#resting = this.#resting.filter((each) => each !== line);
      },
    };
    this.#resting.push(line);
  }

  reset(why: string): void {
    for (const line of this.#resting.splice(0)) line.giveUp('reset');
    for (const attempt of [...this.#attempts]) attempt.giveUp(why);
  }

  get connections(): number {
    return this.#attempts.size + this.#resting.length;
  }

  async close(): Promise<void> {
    this.reset('the gateway ends');
  }
}

interface AttemptOptions {
  readonly owner: Owner;
  readonly request: UpstreamRequest;
  readonly options: SendOptions;
  readonly resting: Line | null;
  readonly ended: (fetched: Fetched, line: Line | null) => void;
}

/** As the replica knows it; before it runs, none that could be over. */
const epochOf = (owner: Owner): number =>
  theWorld().replicas.find((each) => each.owner === owner)?.gateway?.coordinator.epoch ?? Number.POSITIVE_INFINITY;

class Attempt implements Ear {
  isObstructed = false;
  readonly epoch: number;
  readonly #given: AttemptOptions;
  readonly #line: Line;
  readonly #deadline: Event;
  readonly #connecting: Event;
  #isWritten = false;
  #isOver = false;
  /** The answer streams into the sink. */
  #isStreaming = false;

  constructor(given: AttemptOptions) {
    this.#given = given;
    this.epoch = epochOf(given.owner);
    const { owner, options, resting } = given;
    const { clock, lines } = theWorld();
    this.#deadline = clock.after(options.deadlineMs, owner, () =>
      this.giveUp(`SILENCE: no answer within ${options.deadlineMs} ms`),
    );
    this.#connecting = clock.after(connectTimeoutMs, owner, () => {
      if (!this.#isWritten) this.giveUp(`no connection within ${connectTimeoutMs} ms`);
    });
    if (options.sink !== undefined) theWorld().reads.leaves(owner, given.request.path);
    this.#line = resting ?? new Line(lines, { place: 'vip', port: 'rest', client: owner, ear: this });
    this.#line.ear = this;
    if (resting !== null) clock.after(0, owner, () => this.connected());
    options.signal?.addEventListener('abort', () => this.giveUp('the client left'));
  }

  connected(): void {
    if (this.#isOver) return;
    const { owner, request, options } = this.#given;
    const obstacle = options.obstacle?.() ?? null;
    if (obstacle !== null) {
      this.isObstructed = true;
      return void this.#end({ kind: 'never-sent', evidence: obstacle }, this.#line);
    }
    this.#isWritten = true;
    const { method, path, headers, body } = request;
    const asked: Asked = { method, path, headers, body: body === null ? '' : Buffer.from(body).toString() };
    // Reads of clients are no looks, and stand in no journal.
    if (options.sink === undefined) theWorld().leaves(owner, asked);
    this.#line.send(asked);
  }

  answered({ status, headers, body }: Parameters<Ear['answered']>[0]): void {
    const { owner, request, options } = this.#given;
    const answer = { status, headers, body: Buffer.from(body) };
    if (options.sink !== undefined) {
      theWorld().reads.said({ owner, path: request.path, status, body, epoch: this.epoch });
      if (this.#stream(answer.body, status, headers)) return;
    }
    this.#end({ kind: 'answered', answer }, this.#line);
  }

  /** In two pieces, between which whatever ends a connection may come. Whether the sink wants it so. */
  #stream(body: Uint8Array, status: number, headers: readonly string[]): boolean {
    const { owner, options } = this.#given;
    const { clock, lines } = theWorld();
    const { sink } = options;
    if (this.#isOver || sink?.start(status, [...headers]) !== true) return false;
    this.#isStreaming = true;
    const middle = Math.ceil(body.byteLength / 2);
    sink.write(body.subarray(0, middle));
    clock.after(lines.delayMs(), owner, () => {
      if (this.#isOver) return;
      sink.write(body.subarray(middle));
      this.#end({ kind: 'streamed', isComplete: true }, this.#line);
    });
    return true;
  }

  failed(why: string, { isInvalid = false, begun }: Parameters<Ear['failed']>[1] & object = {}): void {
    const { sink } = this.#given.options;
    if (begun !== undefined && !this.#isOver && sink?.start(begun.status, [...begun.headers]) === true) {
      this.#isStreaming = true;
      sink.write(Buffer.from(begun.body));
    }
    this.#fail(why, isInvalid);
  }

  /** Ended by this side (R7): reset, so that what did not arrive never does. */
  giveUp(why: string, how: How = 'reset'): void {
    this.#line.giveUp(how);
    this.#fail(why, false);
  }

  #fail(evidence: string, isInvalid: boolean): void {
    if (this.#isStreaming) return void this.#end({ kind: 'streamed', isComplete: false }, null);
    this.#end(this.#isWritten ? { kind: 'unknown', evidence, isInvalid } : { kind: 'never-sent', evidence }, null);
  }

  #end(fetched: Fetched, line: Line | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const event of [this.#deadline, this.#connecting]) event.isCancelled = true;
    this.#given.ended(fetched, line);
  }
}
