// Runs writer-process.ts and reads what it says.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { JournalOptions } from '../../src/journal/options.ts';
import { until } from '../support/until.ts';

const program = fileURLToPath(new URL('./writer-process.ts', import.meta.url));

export interface Writing extends AsyncDisposable {
  readonly child: ChildProcess;
  /** Everything said so far, a line each. */
  readonly lines: readonly string[];
  created(): string[];
  /** Resolves when so many are created. */
  reaches(count: number): Promise<void>;
  /** Kills it with SIGKILL if it runs; resolves when all that it said was read. */
  kill9(): Promise<void>;
  ended(): Promise<void>;
}

/** `limits` is put before it in a shell, for example `ulimit -f 100;`. */
export function startWriting(options: JournalOptions, prefix = 't', limits = ''): Writing {
  const given = [process.execPath, program, JSON.stringify(options), prefix];
  const child = spawn('sh', ['-c', `${limits} exec "$@"`, 'sh', ...given], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on('line', (line) => lines.push(line));
  const ended = Promise.all([once(child, 'exit'), once(reader, 'close')]);
  const created = (): string[] => lines.flatMap((line) => (line.startsWith('created ') ? [line.slice(8)] : []));
  const kill9 = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  return {
    child,
    lines,
    created,
    reaches: async (count) => {
      await until(() => created().length >= count || child.exitCode !== null, `${count} transactions are created`);
    },
    kill9,
    ended: async () => void (await ended),
    [Symbol.asyncDispose]: kill9,
  };
}
