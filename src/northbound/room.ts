/**
 * How many attempts may be marked in flight at once: as many as ESC has sockets for, and so many more as will get one soon
 * enough by what ESC takes for one. What is marked and waits for a socket for too long has to be marked again (R32), which
 * writes the journal for nothing and lets later ones pass; what finds no room waits its turn as held.
 * Invariant: whoever took or entered leaves once. It keeps nobody waiting itself, and says when there is room again.
 */
import { now } from '../pair/clock.ts';

export interface RoomOptions {
  /** Sockets to ESC. */
  readonly connections: number;
  /** How long what is marked may come to wait for a socket. */
  readonly waitMaxMs: number;
  /** Milliseconds. */
  readonly clock?: () => number;
}

/** Of what ESC took lately, the longest counts, and is forgotten by this part with each that took less. */
const forgottenShare = 1 / 16;

export class Room {
  readonly #options: Required<RoomOptions>;
  /** Called when somebody has left. */
  onLeft: () => void = () => undefined;
  #marked = 0;
  /** When each that has a socket got it, the oldest first. */
  readonly #begun = new Map<number, number>();
  #last = 0;
  /** Null: ESC has answered nothing yet. */
  #tookMs: number | null = null;

  constructor(options: RoomOptions) {
    this.#options = { clock: now, ...options };
  }

  get hasRoom(): boolean {
    const { connections, waitMaxMs, clock } = this.#options;
    if (this.#marked < connections) return true;
    if (this.#tookMs === null) return false;
    const [oldest = clock()] = this.#begun.values();
    const tookMs = Math.max(1, this.#tookMs, clock() - oldest);
    return this.#marked < connections * (1 + Math.floor(waitMaxMs / tookMs));
  }

  /** False: there is none now. */
  take(): boolean {
    if (!this.hasRoom) return false;
    this.#marked += 1;
    return true;
  }

  /** For what is not kept waiting here: it has its own bound. */
  enter(): void {
    this.#marked += 1;
  }

  leave(): void {
    this.#marked -= 1;
    this.onLeft();
  }

  /** One has got its socket. Returns what is to be called when ESC is done with it. */
  begun(): () => void {
    this.#last += 1;
    const number = this.#last;
    const { clock } = this.#options;
    const at = clock();
    this.#begun.set(number, at);
    return () => {
      if (!this.#begun.delete(number)) return;
      const tookMs = clock() - at;
      const before = this.#tookMs ?? 0;
      this.#tookMs = tookMs >= before ? tookMs : before + (tookMs - before) * forgottenShare;
    };
  }
}
