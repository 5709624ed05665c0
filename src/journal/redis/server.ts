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
    this.#connection += 1;
    this.#runId = runId ?? null;
    this.#version = version ?? 'unknown';
    if (runId === undefined || before === null || before === runId) return;
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

  /** Calls the listener with the run id of each server that is another than the one before. Returns the end of it. */
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
