/** The runner's hold on the process of the clients: it tells it what to do, and reads its ledger at the end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { ClientLedger } from './ledgers.ts';
import type { LoadOrder, LoadStart } from './load-process.ts';
import type { ReceiverMode } from './receiver.ts';

const program = fileURLToPath(new URL('load-process.ts', import.meta.url));

/** It measures nothing: see `replica.ts`. */
const plainEnvironment = { ...process.env, NODE_V8_COVERAGE: undefined };

export class Load {
  readonly #child: ChildProcess;
  readonly #start: LoadStart;
  #last = 0;

  /** `inside`: words of a command that starts another one elsewhere, in a network namespace. */
  constructor(start: LoadStart, inside: readonly string[] = []) {
    const [command = '', ...given] = [...inside, process.execPath, program];
    this.#child = spawn(command, given, { env: plainEnvironment, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#start = start;
  }

  start(): Promise<void> {
    return this.#tell({ do: 'start', with: this.#start });
  }

  receive(mode: ReceiverMode): Promise<void> {
    return this.#tell({ do: 'receive', mode });
  }

  /** Resolves when no client waits for anything any more. */
  stop(followMs: number): Promise<void> {
    return this.#tell({ do: 'stop', followMs });
  }

  async end(): Promise<ClientLedger> {
    const gone = once(this.#child, 'exit');
    await this.#tell({ do: 'end' });
    await gone;
    return JSON.parse(await readFile(this.#start.ledgerFile, 'utf8')) as ClientLedger;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  #tell(order: LoadOrder): Promise<void> {
    this.#last += 1;
    const id = this.#last;
    return new Promise((resolve, reject) => {
      const heard = (message: unknown): void => {
        if ((message as { id: number }).id !== id) return;
        this.#child.off('message', heard);
        this.#child.off('exit', ended);
        resolve();
      };
      const ended = (code: number | null): void => reject(new Error(`the process of the clients ended with ${code}`));
      this.#child.on('message', heard);
      this.#child.once('exit', ended);
      this.#child.send({ id, order });
    });
  }
}
