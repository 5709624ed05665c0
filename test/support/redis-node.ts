/**
 * One real redis-server process on a port of its own: a server, a replica, a Sentinel or a node of a cluster.
 * Invariant: it ends with the test process, however that ends.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from './free-port.ts';

const startMaxMs = 60_000;

const isMissing = spawnSync('redis-server', ['--version']).error !== undefined;
if (isMissing && process.env.CI === 'true') throw new Error('redis-server is not installed, and CI must test on it');

/** For `test(name, { skip: redisSkip }, …)`. */
export const redisSkip: string | false = isMissing
  ? 'redis-server is not installed, so the Redis journal is not tested: apt-get install redis-server'
  : false;

export interface RedisNode extends AsyncDisposable {
  readonly port: number;
  /** Of the process that runs now. */
  readonly pid: number;
  /** Ends it as power would; resolves when it is gone. */
  kill9(): Promise<void>;
  /** Freezes it: it holds its connections and answers nothing. */
  stop(): void;
  cont(): void;
  /** Kills it if it runs, and starts it again with what is on its disk; resolves when it answers. */
  restart(): Promise<void>;
  /** The same with nothing on its disk. */
  restartEmpty(): Promise<void>;
}

export interface NodeOptions {
  /** Written to its configuration file, which it may change itself. */
  readonly lines: readonly string[];
  readonly isSentinel?: boolean;
  /** TLS on its port and nothing plain. */
  readonly isTls?: boolean;
}

/** Ends them all, also when the test process ends by an error, before anything could be disposed of. */
const running = new Set<() => void>();
process.once('exit', () => {
  for (const end of running) end();
});

export async function startNode({ lines, isSentinel = false, isTls = false }: NodeOptions): Promise<RedisNode> {
  const directory = await mkdtemp(join(tmpdir(), 'northgate-redis-'));
  const port = await freePort();
  const file = join(directory, 'redis.conf');
  const listens = isTls ? ['port 0', `tls-port ${port}`] : [`port ${port}`];
  const own = [...listens, `dir ${directory}`, 'bind 127.0.0.1', ...(isSentinel ? [] : ['save ""'])];
  await writeFile(file, `${[...own, ...lines].join('\n')}\n`);

  const start = async (): Promise<ChildProcess> => {
    const given = isSentinel ? [file, '--sentinel'] : [file];
    const started = spawn('redis-server', given, { stdio: ['ignore', 'pipe', 'inherit'] });
    started.stdout.resume();
    try {
      await answers(started, port, isTls);
    } catch (error) {
      started.kill('SIGKILL');
      throw error;
    }
    return started;
  };
  let child = await start();
  const end = (): void => void child.kill('SIGKILL');
  running.add(end);
  const kill9 = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  return {
    port,
    get pid() {
      return child.pid ?? 0;
    },
    kill9,
    stop: () => void child.kill('SIGSTOP'),
    cont: () => void child.kill('SIGCONT'),
    async restart() {
      await kill9();
      child = await start();
    },
    async restartEmpty() {
      await kill9();
      for (const data of ['appendonlydir', 'dump.rdb'])
        await rm(join(directory, data), { recursive: true, force: true });
      child = await start();
    },
    async [Symbol.asyncDispose]() {
      running.delete(end);
      await kill9();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Waits for any reply but LOADING: one that asks for a password answers too. One that speaks TLS only hangs up. */
async function answers(child: ChildProcess, port: number, isTls: boolean): Promise<void> {
  const deadline = Date.now() + startMaxMs;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
    if (await isAnswering(port, isTls)) return;
    await pause(10);
  }
  throw new Error(`redis-server did not answer within ${startMaxMs} ms`);
}

function isAnswering(port: number, isTls: boolean): Promise<boolean> {
  return new Promise((resolve) => {
    let isConnected = false;
    const socket = connect(port, '127.0.0.1', () => {
      isConnected = true;
      socket.write('PING\r\n');
    });
    socket.once('data', (reply) => {
      socket.destroy();
      resolve(!reply.toString().startsWith('-LOADING'));
    });
    socket.once('error', () => resolve(isTls && isConnected));
    socket.once('close', () => resolve(isTls && isConnected));
  });
}
