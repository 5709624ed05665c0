/**
 * How the Redis journal calls Redis. Invariants: a write that returns is as durable as was asked — with `replicated:N`
 * replicas have confirmed it, and no server is written to that was not checked — and everything that fails comes out as
 * an error here, in time.
 */
import type { Redis } from 'ioredis';
import type { Cipher } from '../cipher.ts';
import type { DurabilityAsked } from '../options.ts';
import { settingsFault, settingsOf } from './durability.ts';
import type { Keys } from './names.ts';
import { Replication } from './replication.ts';
import { type Argument, run } from './scripts.ts';
import type { Server } from './server.ts';

export interface Store {
  readonly redis: Redis;
  readonly server: Server;
  readonly keys: Keys;
  readonly cipher: Cipher;
  read(script: 'read', keys: readonly string[]): Promise<unknown>;
  write(
    script: 'write' | 'restore' | 'reseal' | 'prune' | 'epoch' | 'epochFloor' | 'switchover' | 'lease' | 'trust',
    keys: readonly string[],
    values: readonly Argument[],
  ): Promise<unknown>;
  /** Resolves if a write would be as durable as was asked. @throws why not. */
  confirm(): Promise<void>;
}

export interface StoreOptions {
  readonly cipher: Cipher;
  readonly durability: DurabilityAsked;
  /** Write to a server that keeps less, too. */
  readonly allowWeaker: boolean;
  /** Run on each connection before anything is written. @throws why nothing may be. */
  readonly ready: () => Promise<void>;
}

export function storeOf(redis: Redis, server: Server, keys: Keys, options: StoreOptions): Store {
  const { cipher, durability, allowWeaker, ready } = options;
  const replication = durability.kind === 'replicated' ? new Replication(redis, server, durability.replicas) : null;
  const check = async (): Promise<void> => {
    const settings = await settingsOf(redis);
    const fault = allowWeaker ? '' : settingsFault(settings, durability);
    if (fault !== '') throw new Error(`Redis does not keep what journal.durability asks: ${fault}`);
    replication?.configure(settings?.appendfsync ?? 'unknown');
    await ready();
  };
  return {
    redis,
    server,
    keys,
    cipher,
    read: (script, names) => run(redis, script, names, []),
    async write(script, names, values) {
      await server.checked(check);
      const { connection } = server;
      const said = await run(redis, script, names, values);
      await replication?.confirmed(connection);
      return said;
    },
    async confirm() {
      await server.checked(check);
      await replication?.confirmed(server.connection);
    },
  };
}
