/** What a Redis server tells of itself: CPU time, memory, and commands that took long. Asked on a connection of its own. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';

const micros = 1_000_000;

/** The journal's scripts by the hash that Redis calls them by. */
const scripts = new Map(
  [['index.lua', 'write.lua'], ['index.lua', 'prune.lua'], ['read.lua'], ['release.lua'], ['lease.lua']].map(
    (files) => {
      const folder = new URL('../src/journal/redis/', import.meta.url);
      const source = files.map((file) => readFileSync(new URL(file, folder), 'utf8')).join('\n');
      return [createHash('sha1').update(source).digest('hex'), files.at(-1) ?? ''];
    },
  ),
);

export class RedisFigures implements AsyncDisposable {
  readonly #redis: Redis;

  constructor(port: number) {
    this.#redis = new Redis({ host: '127.0.0.1', port, commandTimeout: 120_000, maxRetriesPerRequest: 0 });
  }

  /** User and system time of its main thread and all others, in microseconds. */
  async cpuMicros(): Promise<number> {
    const info = await this.#redis.info('cpu');
    return (figureOf(info, 'used_cpu_user') + figureOf(info, 'used_cpu_sys')) * micros;
  }

  /** In bytes. */
  async usedMemory(): Promise<number> {
    return figureOf(await this.#redis.info('memory'), 'used_memory');
  }

  /** Of the append-only file, in bytes. */
  async logBytes(): Promise<number> {
    return figureOf(await this.#redis.info('persistence'), 'aof_current_size');
  }

  /** How long the last fork held the server up, in milliseconds. */
  async forkMs(): Promise<number> {
    return figureOf(await this.#redis.info('stats'), 'latest_fork_usec') / 1000;
  }

  /** Of a key with all that is in it, in bytes. */
  async memoryOf(key: string): Promise<number> {
    return Number(await this.#redis.memory('USAGE', key, 'SAMPLES', 0));
  }

  async firstKey(pattern: string): Promise<string> {
    for (let cursor = '0'; ; ) {
      const [next, keys] = await this.#redis.scan(cursor, 'MATCH', pattern, 'COUNT', 1000);
      if (keys[0] !== undefined) return keys[0];
      if (next === '0') throw new Error(`there is no key ${pattern}`);
      cursor = next;
    }
  }

  async set(setting: string, value: string): Promise<void> {
    await this.#redis.config('SET', setting, value);
  }

  /** Commands above `slowlog-log-slower-than` since the log was last emptied, each with its time in milliseconds. */
  async slowCommands(): Promise<{ readonly command: string; readonly ms: number }[]> {
    const log = (await this.#redis.slowlog('GET', -1)) as [number, number, number, string[]][];
    await this.#redis.slowlog('RESET');
    return log.map(([, , took, [name = '', script = '']]) => ({
      command: scripts.get(script) ?? name,
      ms: took / 1000,
    }));
  }

  /** Since it was last reset: the longest of each event that Redis watches, in milliseconds. */
  async latencies(): Promise<string> {
    const events = (await this.#redis.call('LATENCY', 'LATEST')) as [string, number, number, number][];
    await this.#redis.call('LATENCY', 'RESET');
    return events.map(([event, , , longestMs]) => `${event} ${longestMs}`).join(', ');
  }

  async beginRewrite(): Promise<void> {
    await this.#redis.bgrewriteaof();
  }

  async isRewriting(): Promise<boolean> {
    const info = await this.#redis.info('persistence');
    return figureOf(info, 'aof_rewrite_in_progress') + figureOf(info, 'aof_rewrite_scheduled') > 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#redis.disconnect();
  }
}

function figureOf(info: string, name: string): number {
  const found = new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1];
  if (found === undefined) throw new Error(`Redis does not tell its ${name}`);
  return Number(found);
}
