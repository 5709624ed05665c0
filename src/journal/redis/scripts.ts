/**
 * The Lua scripts and how they are run: by their hash, and whole where the server does not have them (a server that
 * was restarted has none). Invariant: a script runs at most once a call; NOSCRIPT comes before anything was run.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';

export type Argument = string | number | Buffer;

interface Script {
  readonly source: string;
  readonly hash: string;
}

function scriptOf(...files: readonly string[]): Script {
  const source = files.map((file) => readFileSync(new URL(file, import.meta.url), 'utf8')).join('\n');
  return { source, hash: createHash('sha1').update(source).digest('hex') };
}

const scripts = {
  write: scriptOf('index.lua', 'write.lua'),
  release: scriptOf('release.lua'),
  prune: scriptOf('index.lua', 'prune.lua'),
  read: scriptOf('read.lua'),
  reseal: scriptOf('reseal.lua'),
  restore: scriptOf('index.lua', 'restore.lua'),
  epoch: scriptOf('epoch.lua'),
  epochFloor: scriptOf('epoch-floor.lua'),
  switchover: scriptOf('switchover.lua'),
  lease: scriptOf('lease.lua'),
  records: scriptOf('records.lua'),
  trust: scriptOf('trust.lua'),
};

/** Gives the script's reply as the script's contract has it. @throws what Redis or ioredis says. */
export async function run(
  redis: Redis,
  name: keyof typeof scripts,
  keys: readonly string[],
  values: readonly Argument[],
): Promise<unknown> {
  const { source, hash } = scripts[name];
  try {
    return await redis.evalsha(hash, keys.length, ...keys, ...values);
  } catch (error) {
    if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
    return redis.eval(source, keys.length, ...keys, ...values);
  }
}
