/**
 * A program of the bench in a process of its own, asked over Node's channel between processes: a question by name and
 * its answer. The gateway has a core to itself where the machine has two and `taskset`; all else shares the first one.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

export interface Child extends AsyncDisposable {
  /** Rejects if the program throws, or ends before it has answered. */
  ask<Result>(name: string, argument?: unknown): Promise<Result>;
}

interface Question {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

type Core = 'own' | 'shared';

const isPinned = availableParallelism() >= 2 && spawnSync('taskset', ['--version']).error === undefined;

/** This process and what it starts from now on keep off the gateway's core. */
export function leaveCoreToGateway(): string {
  if (!isPinned) return 'not pinned to cores: taskset is not installed, or there is one core';
  spawnSync('taskset', ['-pc', '0', String(process.pid)], { stdio: 'ignore' });
  return 'the gateway on one core; load, ESC and Redis on another';
}

/** Starts `bench/NAME.ts`; its first question is answered when it is ready for it. */
export function startChild(name: string, core: Core = 'shared', flags: readonly string[] = []): Child {
  const file = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  const node = [process.execPath, ...flags, file];
  const [command = '', ...given] = isPinned ? ['taskset', '-c', core === 'own' ? '1' : '0', ...node] : node;
  const child = spawn(command, given, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  return { ask: asker(name, child), [Symbol.asyncDispose]: () => end(child) };
}

function asker(program: string, child: ChildProcess): Child['ask'] {
  const asked = new Map<number, { resolve: (result: never) => void; reject: (error: Error) => void }>();
  let last = 0;
  child.on('message', ({ id, result, error }: Answer) => {
    const waiting = asked.get(id);
    asked.delete(id);
    if (error === undefined) waiting?.resolve(result as never);
    else waiting?.reject(new Error(`${program}: ${error}`));
  });
  child.once('exit', (code, signal) => {
    for (const { reject } of asked.values()) reject(new Error(`${program} ended with ${code ?? signal}`));
  });
  return (name, argument) =>
    new Promise((resolve, reject) => {
      last += 1;
      asked.set(last, { resolve, reject });
      child.send({ id: last, name, argument } satisfies Question);
    });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.disconnect();
  await gone;
}

type Answering = (argument: never) => unknown;

/** The program's side: answers questions until whoever started it is gone, then calls `close` and ends. */
export function answerQuestions(answers: Readonly<Record<string, Answering>>, close: () => Promise<void> | void): void {
  const reply = async ({ id, name, argument }: Question): Promise<Answer> => {
    try {
      return { id, result: await answers[name]?.(argument as never) };
    } catch (error) {
      return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
  };
  process.on('message', (question: Question) => {
    void reply(question).then((answer) => process.send?.(answer));
  });
  process.once('disconnect', () => {
    void Promise.resolve(close()).then(() => process.exit(0));
  });
}
