/**
 * How the Redis journal calls Redis. Invariants: a write that returns is as durable as was asked — with `replicated:N`
 * the number that WAIT gives is checked — and everything that fails comes out as an error here, in time.
 */
import type { Redis } from 'ioredis';
import type { DurabilityAsked } from '../options.ts';
import type { Keys } from './names.ts';
import { type Argument, run } from './scripts.ts';

/** Less than the time-out of a command, so that WAIT answers first. */
const replicaWaitMs = 1000;

export interface Store {
  readonly redis: Redis;
  readonly keys: Keys;
  read(script: 'read', keys: readonly string[]): Promise<unknown>;
  write(
    script: 'write' | 'prune' | 'epoch' | 'switchover' | 'lease',
    keys: readonly string[],
    values: readonly Argument[],
  ): Promise<unknown>;
}

export function storeOf(redis: Redis, keys: Keys, durability: DurabilityAsked): Store {
  return {
    redis,
    keys,
    read: (script, names) => run(redis, script, names, []),
    async write(script, names, values) {
      const said = await run(redis, script, names, values);
      if (durability.kind !== 'replicated') return said;
      // Asked after the script has answered: a script that had to be sent whole ran later than a WAIT sent with it.
      const acknowledged = await redis.wait(durability.replicas, replicaWaitMs);
      if (acknowledged < durability.replicas) {
        throw new Error(`${acknowledged} of ${durability.replicas} Redis replicas confirmed the write`);
      }
      return said;
    },
  };
}
