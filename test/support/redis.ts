/**
 * A real redis-server for a test: its own process, port and directory, every write synced before it is confirmed.
 * Without redis-server on the machine tests are skipped, with a sentence; with CI=true that is a failure.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
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

export interface RedisServer extends AsyncDisposable {
  readonly port: number;
  readonly url: {
    readonly kind: 'redis';
    readonly tls: false;
    readonly host: string;
    readonly port: number;
    readonly database: 0;
  };
  /** Of the process that runs now. */
  readonly pid: number;
  /** Ends it as power would; resolves when it is gone. */
  kill9(): Promise<void>;
  /** Freezes it: it holds its connections and answers nothing. */
  stop(): void;
  cont(): void;
  /** Kills it if it runs, and starts it again with what is on its disk; resolves when it answers. */
  restart(): Promise<void>;
}

/** `settings` are redis-server options, for example `{ appendfsync: 'no' }`. */
export async function startRedis(settings: Readonly<Record<string, string>> = {}): Promise<RedisServer> {
  const directory = await mkdtemp(join(tmpdir(), 'northgate-redis-'));
  const port = await freePort();
  const all = { appendonly: 'yes', appendfsync: 'always', save: '', ...settings, dir: directory, port: String(port) };
  const given = Object.entries({ ...all, bind: '127.0.0.1' }).flatMap(([name, value]) => [`--${name}`, value]);

  const start = async (): Promise<ChildProcess> => {
    const started = spawn('redis-server', given, { stdio: ['ignore', 'pipe', 'inherit'] });
    started.stdout.resume();
    await answers(started, port);
    return started;
  };
  let child = await start();
  // Also when the test process ends by an error, before anything could be disposed of.
  const endWithProcess = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithProcess);
  const kill9 = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  return {
    port,
    url: { kind: 'redis', tls: false, host: '127.0.0.1', port, database: 0 },
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
    async [Symbol.asyncDispose]() {
      process.off('exit', endWithProcess);
      await kill9();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Waits for PONG: while the log is read in, the server accepts connections and answers LOADING. */
async function answers(child: ChildProcess, port: number): Promise<void> {
  const deadline = Date.now() + startMaxMs;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
    if (await isAnswering(port)) return;
    await pause(10);
  }
  throw new Error(`redis-server did not answer within ${startMaxMs} ms`);
}

function isAnswering(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', (reply) => {
      socket.destroy();
      resolve(reply.toString().startsWith('+PONG'));
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}
