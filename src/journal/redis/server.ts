/**
 * What is known of the server behind a journal's connection, which a reconnect may change: a fail-over, a restart.
 * Invariants: a change is told before any command is sent to the new server; nothing is written on a connection whose
 * server was not found to keep what was asked, since a new server may be configured otherwise than the old one.
 */
import type { ServerInfo } from './connector.ts';

export class Server {
  readonly #listeners = new Set<(runId: string) => void>();
  #connection = 0;
  #checkedConnection = 0;
  #checking: Promise<void> | null = null;
  #runId: string | null = null;
  /** As it was seen last. */
  #replication: Replication | null = null;
  #version = 'unknown';

  /** Counts connections: the same number before and after means the same connection in between. */
  get connection(): number {
    return this.#connection;
  }

  /** As Redis says it, such as `7.0.15`. */
  get version(): string {
    return this.#version;
  }

  /** WAITAOF came with Redis 7.2 (Redis documentation, WAITAOF). */
  get hasWaitAof(): boolean {
    const [major = 0, minor = 0] = this.#version.split('.').map(Number);
    return major > 7 || (major === 7 && minor >= 2);
  }

  /** For the connector: a connection is made, and this is what INFO says there. */
  met({ run_id: runId, redis_version: version }: ServerInfo): void {
    const before = this.#runId;
    if (runId !== before) this.#replication = null;
    this.#connection += 1;
    this.#runId = runId ?? null;
    this.#version = version ?? 'unknown';
    if (runId === undefined || before === null || before === runId) return;
    this.#tell(runId);
  }

  /**
   * For the journal, now and then: what INFO says of replication. A server whose data went back without a restart, as one
   * that followed another for a while, has taken over that one's history, or is behind its own.
   */
  replicates(info: string): void {
    const found = replicationOf(info);
    const before = this.#replication;
    this.#replication = found;
    if (found === null || before === null || this.#runId === null) return;
    const isBack = found.id === before.id && found.offset < before.offset;
    // A new history without one before it is begun with the first replica, and after the last one (Redis, replication.c).
    const isGoneOn = found.previous === before.id && found.until > before.offset;
    const isOther = found.id !== before.id && !isGoneOn && !/^0*$/.test(found.previous);
    if (!isBack && !isOther) return;
    // Whatever it is now is to be checked before anything is written.
    this.#connection += 1;
    this.#tell(this.#runId);
  }

  #tell(runId: string): void {
    for (const listener of this.#listeners) {
      try {
        listener(runId);
      } catch (error) {
        // A listener's defect must not cost the connection.
        setImmediate(() => {
          throw error;
        });
      }
    }
  }

  /** Null: it is not known. */
  get runId(): string | null {
    return this.#runId;
  }

  /** Calls the listener with the run id of each server that is another than the one before, or the same gone back. Returns the end of it. */
  subscribe(listener: (runId: string) => void): () => void {
    const own = (runId: string): void => listener(runId);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  /** Runs the check once a connection; whoever asks meanwhile shares it. @throws what the check throws, then it is run again by the next. */
  async checked(check: () => Promise<void>): Promise<void> {
    if (this.#checkedConnection === this.#connection) return;
    this.#checking ??= this.#check(check).finally(() => {
      this.#checking = null;
    });
    await this.#checking;
    if (this.#checkedConnection !== this.#connection) throw new Error('the connection to Redis changed just now');
  }

  async #check(check: () => Promise<void>): Promise<void> {
    const connection = this.#connection;
    await check();
    this.#checkedConnection = connection;
  }

  close(): void {
    this.#listeners.clear();
  }
}

interface Replication {
  readonly id: string;
  /** The history that this one goes on from; zeros: none. */
  readonly previous: string;
  /** The first offset that is of this one. */
  readonly until: number;
  readonly offset: number;
}

function replicationOf(info: string): Replication | null {
  const field = (name: string): string => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  const id = field('master_replid');
  return id === ''
    ? null
    : {
        id,
        previous: field('master_replid2'),
        until: Number(field('second_repl_offset')),
        offset: Number(field('master_repl_offset')),
      };
}
