/**
 * One TCP connection to the pair, told in whole requests and answers, with what a network and a node can do to it: the
 * path is cut (what was sent arrives when it heals, unless the client reset the connection), the node is frozen (what
 * arrived is read when it thaws, reset or not), dead (nothing more comes), or without the VIP (whatever is sent draws a
 * reset). The same as `src/sim/wire.ts` plays on real sockets; reference/lab.md 0.1 and 3.
 */
import type { Served } from '../../src/sim/cluster.ts';
import type { NodeCondition } from '../../src/sim/wire.ts';
import type { Owner } from './clock.ts';
import type { Lines } from './lines.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly string[];
  readonly body: string;
}

export interface Answered {
  readonly status: number;
  /** Flat. */
  readonly headers: readonly string[];
  readonly body: string;
}

/** What the client's side hears, each at a time of its own. */
export interface Ear {
  connected(): void;
  answered(answer: Answered): void;
  /** `begun`: so much of an answer came before. */
  failed(why: string, how?: { isRefused?: boolean; isInvalid?: boolean; begun?: Answered }): void;
}

export type Place = 'vip' | 0 | 1;
export type PortName = 'rest' | 'health';

/** SYNs and data are sent again so often. */
const resendMs = 300;

export class Line {
  readonly place: Place;
  readonly port: PortName;
  ear: Ear;
  /** What it reached; null: nothing yet. */
  served: Served | null = null;
  isClientGone = false;
  isPathCut = false;
  readonly #lines: Lines;
  readonly client: Owner | null;
  #condition: NodeCondition = 'running';
  #hasMoved = false;
  #talkedToTheDead = false;
  #isReset = false;
  #onTheWay: Asked[] = [];
  #arrived: Asked[] = [];
  #outbox: (() => void)[] = [];
  /** What becomes of the next answer. */
  #spoils: 'reset' | 'hang' | null = null;

  constructor(lines: Lines, to: { place: Place; port: PortName; client: Owner | null; ear: Ear }) {
    this.#lines = lines;
    this.place = to.place;
    this.port = to.port;
    this.ear = to.ear;
    this.client = to.client;
    this.#lines.world(() => this.#knock());
  }

  #knock(): void {
    if (this.isClientGone) return;
    const isCut = this.place === 'vip' && this.#lines.isPathCut;
    const { mode, condition, owner } = this.#lines.receiverOf(this.place, this.port);
    if (isCut || mode === 'silent') return void this.#lines.world(() => this.#knock(), resendMs);
    if (mode === 'refused') return void this.#tell(() => this.ear.failed('ECONNREFUSED', { isRefused: true }));
    this.#condition = condition;
    this.served = owner;
    this.#lines.connections.add({ wire: this, place: this.place, port: this.port, owner });
    this.#tell(() => this.ear.connected());
  }

  /** The client's request is in its kernel's hands. */
  send(asked: Asked): void {
    const mishap = this.port === 'rest' ? this.#lines.mishap() : 'none';
    if (mishap === 'hang-before') return;
    if (mishap === 'reset-before') return void this.reset();
    if (mishap !== 'none') this.#spoils = mishap === 'reset-after' ? 'reset' : 'hang';
    this.#lines.world(() => this.#receive(asked));
  }

  /** The client gives it up. What a reset finds on the way is dropped; what a close finds there is delivered. */
  giveUp(how: 'reset' | 'close'): void {
    this.isClientGone = true;
    this.#outbox = [];
    this.#isReset = how === 'reset';
    if (this.#isReset) this.#onTheWay = [];
    if (this.#onTheWay.length === 0 && this.#arrived.length === 0) this.#lines.forget(this);
  }

  #receive(asked: Asked): void {
    if (this.isPathCut && this.#isReset) return;
    if (this.isPathCut) this.#onTheWay.push(asked);
    else this.#arrive(asked);
  }

  #arrive(asked: Asked): void {
    if (this.#hasMoved) return void this.reset();
    if (this.#condition === 'dead') this.#talkedToTheDead = true;
    else if (this.#condition === 'frozen') this.#arrived.push(asked);
    else if (this.served !== null) this.#lines.serve(this, this.served, asked);
  }

  /** The node answers; lost if it cannot be sent, held back while the path is cut or the node frozen. */
  answer(answer: Answered): void {
    if (this.#spoils === 'hang') return;
    if (this.#spoils === 'reset') return void this.reset();
    this.#send(() => this.ear.answered(answer));
  }

  /** The node ends the connection in order, before or in the middle of an answer. */
  breakOff(why: string, how: { isInvalid?: boolean; begun?: Answered } = {}): void {
    this.#send(() => this.ear.failed(why, how));
  }

  #send(tell: () => void): void {
    if (this.isClientGone || this.#hasMoved || this.#condition === 'dead') return;
    if (this.isPathCut || this.#condition === 'frozen') this.#outbox.push(tell);
    else this.#tell(tell);
  }

  cutPath(): void {
    this.isPathCut = true;
  }

  healPath(): void {
    this.isPathCut = false;
    for (const asked of this.#onTheWay.splice(0)) {
      if (this.isClientGone) this.#lines.complain('given up, and delivered all the same (R7)', asked.path);
      this.#arrive(asked);
    }
    for (const tell of this.#outbox.splice(0)) this.#send(tell);
    if (this.isClientGone) this.#lines.forget(this);
  }

  freeze(): void {
    if (this.#condition === 'running') this.#condition = 'frozen';
  }

  thaw(): void {
    if (this.#condition !== 'frozen') return;
    this.#condition = 'running';
    for (const asked of this.#arrived.splice(0)) this.#arrive(asked);
    for (const tell of this.#outbox.splice(0)) this.#send(tell);
    if (this.isClientGone) this.#lines.forget(this);
  }

  die(how: 'hang' | 'reset' | 'close'): void {
    this.#condition = 'dead';
    this.#arrived = [];
    this.#outbox = [];
    if (how !== 'hang') this.reset();
  }

  move(how: 'reset' | 'reset-on-bytes'): void {
    this.#hasMoved = true;
    this.#outbox = [];
    if (how === 'reset' || this.#talkedToTheDead) this.reset();
  }

  reset(): void {
    if (this.isPathCut) return;
    this.#lines.forget(this);
    this.#tell(() => this.ear.failed('ECONNRESET'));
  }

  /** As the network does it: some time later, to who still listens. */
  #tell(tell: () => void): void {
    this.#lines.clock.after(this.#lines.delayMs(), this.client, () => {
      if (!this.isClientGone) tell();
    });
  }
}
