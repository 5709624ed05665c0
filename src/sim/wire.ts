// One TCP connection as a node sees it, with a network in between that can misbehave: the path may be cut (bytes are on
// the way and arrive when it heals, as a kernel's retransmission would, unless the client reset), the node frozen (bytes
// have arrived and are read when it thaws, reset or not), dead (nothing is read or sent), or without the VIP (whatever
// the client sends is answered with a reset). reference/lab.md 3.1 and 3.3. Sockets are real; SYN loss is not played.
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

export type NodeCondition = 'running' | 'frozen' | 'dead';

/** `FIN` stands for the end of what the client sends. */
type Arrival = Buffer | 'FIN';

export class Wire extends Duplex {
  readonly #raw: Socket;
  readonly #bufferMaxBytes: number;
  #condition: NodeCondition;
  #isPathCut: boolean;
  #hasMoved = false;
  #isClientGone = false;
  /** A client that talked to a dead node hears of the move at once: its kernel still retransmits. */
  #talkedToTheDead: boolean;
  #onTheWay: Arrival[] = [];
  #arrived: Arrival[] = [];
  #heldBytes = 0;
  #outbox: Buffer[] = [];
  #isEndWaiting = false;

  /** `isPathCut`: whether the path was dead when the connection came; the client then believes in it all the same. */
  constructor(raw: Socket, condition: NodeCondition, isPathCut: boolean, bufferMaxBytes: number) {
    super({ allowHalfOpen: true, autoDestroy: true });
    this.#raw = raw;
    this.#condition = condition;
    this.#isPathCut = isPathCut;
    this.#bufferMaxBytes = bufferMaxBytes;
    this.#talkedToTheDead = condition === 'dead';
    raw.setNoDelay(true);
    raw.on('data', (chunk: Buffer) => this.#receive(chunk));
    raw.on('end', () => this.#receive('FIN'));
    raw.on('error', () => this.#loseClient());
    raw.on('close', () => this.#loseClient());
    // An error of the wire itself is a client's reset; whoever reads the wire sees it end.
    this.on('error', () => {});
  }

  get isPathCut(): boolean {
    return this.#isPathCut;
  }

  /** The path to the VIP dies: nothing is delivered and nothing answered, either way. */
  cutPath(): void {
    this.#isPathCut = true;
  }

  /** The path is back: what is on the way in both directions arrives. */
  healPath(): void {
    this.#isPathCut = false;
    const arrivals = this.#onTheWay.splice(0);
    for (const arrival of arrivals) this.#arrive(arrival);
    this.#release();
  }

  /** The node stops running (SIGSTOP, a paused VM); its kernel still takes bytes. */
  freeze(): void {
    if (this.#condition === 'running') this.#condition = 'frozen';
  }

  /** The node runs again and reads what has arrived. */
  thaw(): void {
    if (this.#condition !== 'frozen') return;
    this.#condition = 'running';
    for (const arrival of this.#arrived.splice(0)) this.#hand(arrival);
    this.#release();
  }

  /** The node or its process dies. A hanging client learns nothing; the node's side of the wire is gone either way. */
  die(how: 'hang' | 'reset' | 'close'): void {
    this.#condition = 'dead';
    this.#arrived = [];
    this.#outbox = [];
    if (how === 'reset' && !this.#isPathCut) this.reset();
    if (how === 'close' && !this.#isPathCut) this.#raw.end();
    this.destroy();
  }

  /** The address is another node's now, whose kernel resets whatever comes on a connection it does not know. */
  move(how: 'reset' | 'reset-on-bytes'): void {
    this.#hasMoved = true;
    this.#outbox = [];
    if ((how === 'reset' || this.#talkedToTheDead) && !this.#isPathCut) this.reset();
  }

  /** Resets the connection, as a faulty application or a killed process does. */
  reset(): void {
    // libuv refuses to reset what was shut down before, and Node then loses the handle, open for ever.
    if (this.#raw.writableEnded) this.#raw.destroy();
    else this.#raw.resetAndDestroy();
  }

  /** Ends the connection at once, without a thought for anybody: the pair is closing. */
  discard(): void {
    this.#raw.destroy();
    this.destroy();
  }

  #receive(arrival: Arrival): void {
    if (this.#isPathCut) {
      this.#onTheWay.push(arrival);
      this.#slow(arrival);
    } else {
      this.#arrive(arrival);
    }
  }

  #arrive(arrival: Arrival): void {
    if (this.#hasMoved) return void this.reset();
    if (this.#condition === 'dead') {
      this.#talkedToTheDead = true;
    } else if (this.#condition === 'frozen') {
      this.#arrived.push(arrival);
      this.#slow(arrival);
    } else {
      this.#hand(arrival);
    }
  }

  #hand(arrival: Arrival): void {
    if (this.destroyed || this.readableEnded) return;
    if (arrival === 'FIN') this.push(null);
    else if (!this.push(arrival)) this.#raw.pause();
  }

  #slow(arrival: Arrival): void {
    if (arrival === 'FIN') return;
    this.#heldBytes += arrival.length;
    if (this.#heldBytes > this.#bufferMaxBytes) this.#raw.pause();
  }

  /** The client reset the connection, or both sides have ended it. */
  #loseClient(): void {
    if (this.#isClientGone) return;
    this.#isClientGone = true;
    // A reset empties the client's send queue, so what was on the way never comes; what had arrived stays.
    this.#onTheWay = [];
    this.#outbox = [];
    if (this.#condition === 'frozen') this.#arrived.push('FIN');
    else this.destroy();
  }

  /** Sends what was held back and reads on. */
  #release(): void {
    this.#heldBytes = 0;
    this.#raw.resume();
    if (!this.#canSend()) return;
    for (const chunk of this.#outbox.splice(0)) this.#raw.write(chunk);
    if (this.#isEndWaiting) this.#raw.end();
  }

  #canSend(): boolean {
    return !this.#isClientGone && !this.#hasMoved && !this.#isPathCut && this.#condition === 'running';
  }

  override _read(): void {
    if (this.#heldBytes <= this.#bufferMaxBytes) this.#raw.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#canSend()) return void this.#raw.write(chunk, () => done());
    const isHeldBack = !this.#isClientGone && !this.#hasMoved && this.#condition !== 'dead';
    if (isHeldBack && this.#outbox.length < 1024) this.#outbox.push(chunk);
    done();
  }

  override _final(done: () => void): void {
    if (this.#canSend()) this.#raw.end();
    else this.#isEndWaiting = true;
    done();
  }

  override _destroy(_error: Error | null, done: (error: null) => void): void {
    // A node that can still send closes the socket; one that cannot leaves its client hanging.
    if (this.#canSend()) this.#raw.destroySoon();
    done(null);
  }
}
