/**
 * Waits until replicas have what was written, for `replicated:N`.
 * Invariants: what is confirmed was acknowledged by as many replicas as asked, by the number that Redis gives; one WAIT is
 * under way at a time, since the server answers nothing else on the connection meanwhile. Who comes then shares the next
 * one, so that no queue of them grows when replicas are away.
 */
import type { Redis } from 'ioredis';
import type { Server } from './server.ts';

/** Less than the time-out of a command, so that WAIT answers first. */
const replicaWaitMs = 1000;

export class Replication {
  readonly #redis: Redis;
  readonly #server: Server;
  readonly #replicas: number;
  /** Whether the server syncs its log before it confirms, and replicas are to have done so too. */
  #isOnDisk = false;
  #current: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  constructor(redis: Redis, server: Server, replicas: number) {
    this.#redis = redis;
    this.#server = server;
    this.#replicas = replicas;
  }

  /**
   * By what the server's settings are. Replicas are taken to be configured like their master, as a fail-over needs: where
   * that one syncs always, waiting for their disks costs no more than waiting for their memory.
   */
  configure(appendfsync: string): void {
    this.#isOnDisk = appendfsync === 'always' && this.#server.hasWaitAof;
  }

  /**
   * Resolves when N replicas have all that was written on the connection of this number (`Server.connection`) until now.
   * @throws if fewer have, or if it is another connection by now: WAIT on a new one would count replicas that know
   * nothing of what was written on the old one.
   */
  async confirmed(connection: number): Promise<void> {
    await (this.#current === null ? this.#start() : this.#afterCurrent(this.#current));
    if (this.#server.connection !== connection)
      throw new Error('the connection to Redis broke before replicas confirmed');
  }

  #start(): Promise<void> {
    const current = this.#wait().finally(() => {
      this.#current = null;
    });
    this.#current = current;
    return current;
  }

  #afterCurrent(current: Promise<void>): Promise<void> {
    this.#next ??= current
      .catch(() => {
        // Told to those that waited for it.
      })
      .then(() => {
        this.#next = null;
        return this.#start();
      });
    return this.#next;
  }

  async #wait(): Promise<void> {
    const [where, acknowledged] = this.#isOnDisk ? await this.#onDisk() : ['', await this.#inMemory()];
    if (acknowledged >= this.#replicas) return;
    throw new Error(`${acknowledged} of ${this.#replicas} Redis replicas confirmed the write${where}`);
  }

  #inMemory(): Promise<number> {
    return this.#redis.wait(this.#replicas, replicaWaitMs);
  }

  /** WAITAOF gives whether the server itself has synced, and how many replicas have. */
  async #onDisk(): Promise<[where: string, acknowledged: number]> {
    const said = await this.#redis.call('WAITAOF', 1, this.#replicas, replicaWaitMs);
    const [own, others] = Array.isArray(said) ? said.map(Number) : [];
    if (own !== 1) throw new Error('Redis itself has not synced the write to its append-only file');
    return [' on disk', others ?? 0];
  }
}
