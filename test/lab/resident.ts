/**
 * A program of the lab that lives in a namespace: started there, asked over Node's channel between processes, and heard
 * when it has something to say. It ends with whoever started it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Coverage of a process that is killed is not to be had, and would slow the others. */
const { NODE_V8_COVERAGE: _, ...plainEnvironment } = process.env;

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

interface News {
  readonly news: unknown;
}

export class Resident<Told> implements AsyncDisposable {
  readonly #program: string;
  readonly #child: ChildProcess;
  readonly #asked = new Map<number, { resolve: (result: never) => void; reject: (error: Error) => void }>();
  #last = 0;

  /** `inside`: the words before a command that is to run in the namespace. `errorFile` gets what it says on stderr. */
  constructor(program: string, inside: readonly string[], errorFile: string, onNews: (news: Told) => void) {
    this.#program = program;
    const file = fileURLToPath(new URL(`${program}.ts`, import.meta.url));
    const [command = '', ...given] = [...inside, process.execPath, file];
    const errors = openSync(errorFile, 'a');
    this.#child = spawn(command, given, { env: plainEnvironment, stdio: ['ignore', errors, errors, 'ipc'] });
    this.#child.on('message', (message: Answer | News) => {
      if ('news' in message) onNews(message.news as Told);
      else this.#answered(message);
    });
    this.#child.once('exit', (code, signal) => {
      for (const { reject } of this.#asked.values()) reject(new Error(`${program} ended with ${code ?? signal}`));
      this.#asked.clear();
    });
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Rejects if the program throws, or has ended. */
  ask<Result>(name: string, argument?: unknown): Promise<Result> {
    if (this.hasEnded) return Promise.reject(new Error(`${this.#program} has ended`));
    return new Promise((resolve, reject) => {
      this.#last += 1;
      this.#asked.set(this.#last, { resolve, reject });
      this.#child.send({ id: this.#last, name, argument } satisfies Question);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.hasEnded) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  #answered({ id, result, error }: Answer): void {
    const waiting = this.#asked.get(id);
    this.#asked.delete(id);
    if (error === undefined) waiting?.resolve(result as never);
    else waiting?.reject(new Error(`${this.#program}: ${error}`));
  }
}

type Answering = (argument: never) => unknown;

/** The program's side: answers until whoever started it is gone, and ends then. */
export function answerQuestions(answers: Readonly<Record<string, Answering>>): void {
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
  process.once('disconnect', () => process.exit(0));
}

/** Tells whoever started this program something that was not asked for. */
export function tell(news: unknown): void {
  process.send?.({ news } satisfies News);
}
