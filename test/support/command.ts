/** `northgate` as a child process, as a person or a unit file runs it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running extends AsyncDisposable {
  readonly process: ChildProcess;
  readonly stdout: () => string;
  readonly ended: Promise<Ran>;
}

/** Where Node keeps what it has compiled; it changes nothing but how fast a process starts. */
export const ofNode = { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE };

/**
 * Starts it with an environment of its own; nothing of ours but PATH, and what Node has compiled. A test that fails leaves
 * none behind: it is disposed of.
 */
export function start(words: readonly string[], environment: Readonly<Record<string, string>> = {}): Running {
  const env = { PATH: process.env.PATH ?? '', ...ofNode, ...environment };
  const child = spawn(process.execPath, [main, ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  return { process: child, stdout: () => stdout, ended, [Symbol.asyncDispose]: kill };
}

export const run = (words: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ran> =>
  start(words, environment).ended;
