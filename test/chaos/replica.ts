/**
 * One place for a replica: fixed ports, and a process that a supervisor starts again when it ends, unless it was told to
 * stay down. What it was done to from outside, and how its processes ended, is kept for the verdict.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { RedisLink } from './redis-link.ts';

const program = fileURLToPath(new URL('replica-process.ts', import.meta.url));
/**
 * Coverage of a process that is killed is not to be had, and would slow the others. Node hands it on to every child that
 * does not say otherwise: left out is not enough.
 */
const plainEnvironment = { ...process.env, NODE_V8_COVERAGE: undefined };
const restartAfterMs = 200;
/** After SIGTERM; the drain's own time is far shorter. */
const endMaxMs = 60_000;

export interface ReplicaOptions {
  readonly name: string;
  readonly port: number;
  readonly opsPort: number;
  /** Its path to Redis. */
  readonly link: RedisLink;
  readonly settings: Readonly<Record<string, string>>;
  readonly leaseMs: number;
  readonly logFile: string;
}

export class Replica {
  readonly options: ReplicaOptions;
  /** What no gateway may do: die by itself, not end when told. */
  readonly complaints: string[] = [];
  #child: ChildProcess | null = null;
  #isListening = false;
  #isWanted = false;
  #isOrdered = false;
  #running: Promise<void> = Promise.resolve();
  /** One thing at a time is done to it. */
  isBusy = false;

  constructor(options: ReplicaOptions) {
    this.options = options;
  }

  get isListening(): boolean {
    return this.#isListening;
  }

  start(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#running = this.#supervise();
  }

  async kill(): Promise<void> {
    await this.#stop('SIGKILL');
  }

  /** SIGTERM, then SIGKILL if it does not end. */
  async terminate(): Promise<void> {
    if (!(await this.#stop('SIGTERM', endMaxMs))) {
      this.complaints.push(`${this.options.name} did not end within ${endMaxMs} ms after SIGTERM`);
      await this.#stop('SIGKILL');
    }
  }

  freeze(): void {
    this.#mark('frozen');
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#mark('thawed');
    this.#child?.kill('SIGCONT');
  }

  #mark(what: string): void {
    appendFileSync(this.options.logFile, `${JSON.stringify({ time: Date.now(), chaos: what })}\n`);
  }

  async #stop(signal: 'SIGKILL' | 'SIGTERM', waitMs?: number): Promise<boolean> {
    this.#isWanted = false;
    this.#isOrdered = true;
    this.#mark(signal);
    // One that has not come so far as to listen has nothing to drain.
    this.#child?.kill(this.#isListening ? signal : 'SIGKILL');
    const deadline = new AbortController();
    const ended = this.#running.then(() => true);
    const late = waitMs === undefined ? ended : pause(waitMs, false, { signal: deadline.signal }).catch(() => false);
    const hasEnded = await Promise.race([ended, late]);
    deadline.abort();
    return hasEnded;
  }

  async #supervise(): Promise<void> {
    while (this.#isWanted) {
      await this.#runOnce();
      if (this.#isWanted) await pause(restartAfterMs);
    }
  }

  async #runOnce(): Promise<void> {
    const { settings, leaseMs, logFile, name } = this.options;
    this.#isOrdered = false;
    const child = fork(program, {
      env: {
        ...plainEnvironment,
        CHAOS_SETTINGS: JSON.stringify(settings),
        CHAOS_LOG: logFile,
        CHAOS_LEASE_MS: String(leaseMs),
      },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4000);
    });
    child.once('message', () => {
      this.#isListening = true;
    });
    const endWithProcess = (): void => void child.kill('SIGKILL');
    process.once('exit', endWithProcess);
    this.#child = child;
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    process.off('exit', endWithProcess);
    // One that cannot start while Redis is away is started again; one that ran has no reason to end.
    if (!this.#isOrdered && this.#isListening)
      this.complaints.push(`${name} ended by itself: ${code ?? signal} ${said}`);
    this.#isListening = false;
    this.#child = null;
  }
}
