/**
 * Who is logged in to the console: random session ids in memory, bounded in number, in idle and in absolute time. A
 * session bears the name and role of the token it was begun with, never the token. They end with the process.
 */
import { randomBytes } from 'node:crypto';

export interface Who {
  readonly name: string;
  readonly role: 'viewer' | 'operator';
}

export interface Session extends Who {
  readonly id: string;
  /** Must come back with every form, so that no other site's page can send one. */
  readonly formToken: string;
}

interface Kept {
  readonly session: Session;
  readonly beganAt: number;
  usedAt: number;
}

const sessionsMax = 200;
const idleMaxMs = 60 * 60 * 1000;
export const sessionMaxMs = 12 * 60 * 60 * 1000;
const idBytes = 32;

export const randomText = (): string => randomBytes(idBytes).toString('base64url');

export class Sessions {
  /** Longest unused first. */
  readonly #kept = new Map<string, Kept>();
  readonly #clock: () => number;

  /** `clock` gives milliseconds and never runs back. */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** When there are too many, the one that was not used for longest ends. */
  begin({ name, role }: Who): Session {
    const now = this.#clock();
    for (const [id, kept] of this.#kept) if (hasEnded(kept, now)) this.#kept.delete(id);
    const [oldest] = this.#kept.size >= sessionsMax ? this.#kept.keys() : [];
    if (oldest !== undefined) this.#kept.delete(oldest);
    const session = { id: randomText(), name, role, formToken: randomText() };
    this.#kept.set(session.id, { session, beganAt: now, usedAt: now });
    return session;
  }

  /** `isUse`: a person did something; a page that refreshes itself does not keep a session alive. */
  find(id: string, isUse: boolean): Session | null {
    const kept = this.#kept.get(id);
    if (kept === undefined) return null;
    const now = this.#clock();
    if (hasEnded(kept, now)) {
      this.#kept.delete(id);
      return null;
    }
    if (isUse) {
      kept.usedAt = now;
      this.#kept.delete(id);
      this.#kept.set(id, kept);
    }
    return kept.session;
  }

  end(id: string): void {
    this.#kept.delete(id);
  }
}

const hasEnded = ({ beganAt, usedAt }: Kept, now: number): boolean =>
  now - beganAt >= sessionMaxMs || now - usedAt >= idleMaxMs;
