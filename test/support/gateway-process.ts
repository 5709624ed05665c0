/**
 * A gateway in a process of its own, to be killed or frozen. Run as a program it starts one from its environment and
 * prints its URL; `NORTHGATE_TEST_CUT` names a point at which it sends itself a signal, exactly there, the first time.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { request } from 'undici';
import { startGateway } from '../../src/app.ts';
import { readConfig, refusalText } from '../../src/config/reader.ts';
import type { Transaction } from '../../src/domain/transaction.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { openJournal } from '../../src/journal/open.ts';

/**
 * Short, so that what a killed one left is soon adopted; but a process that gets little of its machine for a moment must
 * not look frozen (R5).
 */
export const leaseTtlMs = 1_500;

/**
 * Between the journal's word and the send; between ESC's answer and its record; between its record and the client's answer;
 * when some of what a new Redis lacks is written back and the rest is not (R34).
 */
export type Cut = 'before-send' | 'before-record' | 'before-answer' | 'in-repair';

export interface ProcessOptions {
  readonly cut?: Cut | undefined;
  /** What it sends itself at the cut; after SIGSTOP it goes on from there when it is woken. */
  readonly signal?: 'SIGKILL' | 'SIGSTOP';
  /** False: its gate is not waited for. */
  readonly isOpen?: boolean;
  readonly leaseTtlMs?: number;
  readonly lingerMs?: number;
  /** Another release than the sources are: see `next-release.ts`. */
  readonly release?: 'next' | 'after' | undefined;
}

export interface GatewayProcess extends AsyncDisposable {
  readonly url: string;
  readonly opsUrl: string;
  readonly process: ChildProcess;
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>;
  /** SIGTERM, and waits for the end; the exit code. */
  end(): Promise<number | null>;
  /** Resolves when it is gone by itself. */
  readonly gone: Promise<unknown>;
}

/** Resolves when its gate is open, unless `isOpen` is false. A test that fails leaves none behind: it is disposed of. */
export async function startGatewayProcess(
  settings: Readonly<Record<string, string>>,
  {
    cut,
    signal = 'SIGKILL',
    isOpen = true,
    leaseTtlMs: ttlMs = leaseTtlMs,
    release,
    lingerMs = 0,
  }: ProcessOptions = {},
): Promise<GatewayProcess> {
  const flags = release === undefined ? [] : ['--import', new URL('next-release.ts', import.meta.url).href];
  const child = spawn(process.execPath, [...flags, fileURLToPath(import.meta.url)], {
    env: {
      ...process.env,
      NORTHGATE_TEST_RELEASE: release ?? '',
      NORTHGATE_TEST_SETTINGS: JSON.stringify(settings),
      NORTHGATE_TEST_CUT: cut ?? '',
      NORTHGATE_TEST_SIGNAL: signal,
      NORTHGATE_TEST_LEASE: String(ttlMs),
      NORTHGATE_TEST_LINGER: String(lingerMs),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = once(child, 'exit');
  await using unfinished = new AsyncDisposableStack();
  unfinished.defer(() => void child.kill('SIGKILL'));
  const urls = await Promise.race([urlsFrom(child), gone.then(() => null)]);
  if (urls === null) throw new Error('the gateway process ended before it listened');
  const [url, opsUrl] = urls;
  if (isOpen) await (await request(`${url}/ESCManager/v0/tenants`)).body.dump();
  const stop = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await gone;
    return child.exitCode;
  };
  const kill = async (): Promise<void> => void (await stop('SIGKILL'));
  unfinished.move();
  return { url, opsUrl, process: child, gone, kill, end: () => stop('SIGTERM'), [Symbol.asyncDispose]: kill };
}

function urlsFrom(child: ChildProcess): Promise<[string, string]> {
  return new Promise((resolve) => {
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const found = /^urls (\S+) (\S+)$/m.exec(text);
      if (found?.[1] !== undefined && found[2] !== undefined) resolve([found[1], found[2]]);
    });
  });
}

/** So many restorations have begun when a gateway is cut in its repair. */
const restoredBeforeCut = 3;

/** The write that records ESC's answer. */
const isAnswered = ({ state }: Transaction): boolean => state.status === 'accepted' || 'settledAt' in state;

/** The journal, with the process's death or sleep put between two of its steps and what follows them. */
function cutting(journal: Journal, cut: Cut, signal: NodeJS.Signals): Journal {
  let isDone = false;
  const at = (point: Cut, isHere: boolean): void => {
    if (isDone || point !== cut || !isHere) return;
    isDone = true;
    // After SIGSTOP it goes on from here when it is woken.
    process.kill(process.pid, signal);
  };
  let restored = 0;
  return {
    ...journal,
    restore: async (restoration) => {
      restored += 1;
      at('in-repair', restored === restoredBeforeCut + 1);
      return journal.restore(restoration);
    },
    create: async (creation) => {
      const created = await journal.create(creation);
      at('before-send', created.word === 'created' && created.transaction.state.status === 'in-flight');
      return created;
    },
    replace: async (replacement) => {
      const settles = isAnswered(replacement.transaction);
      at('before-record', settles);
      const replaced = await journal.replace(replacement);
      at('before-answer', settles);
      return replaced;
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const reading = readConfig({ environment: JSON.parse(process.env.NORTHGATE_TEST_SETTINGS ?? '{}') });
  if ('errors' in reading) throw new Error(refusalText(reading));
  const cut = process.env.NORTHGATE_TEST_CUT as Cut | '';
  const signal = process.env.NORTHGATE_TEST_SIGNAL as NodeJS.Signals;
  const open: typeof openJournal = async (options) => {
    const journal = await openJournal(options);
    return cut === undefined || cut === '' ? journal : cutting(journal, cut, signal);
  };
  const log = pino({ level: process.env.NORTHGATE_TEST_LOG ?? 'silent' });
  const gateway = await startGateway(reading.config, log, {
    open,
    leaseTtlMs: Number(process.env.NORTHGATE_TEST_LEASE),
    lingerMs: Number(process.env.NORTHGATE_TEST_LINGER),
  });
  process.once('SIGTERM', () => void gateway.close());
  process.stdout.write(`urls ${gateway.northbound.url} ${gateway.ops.url}\n`);
}
