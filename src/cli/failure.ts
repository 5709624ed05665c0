/** Ends a command with an exit code of contract section 1 and a sentence that says what to do. */

/** 1: refused or found unhealthy. 2: wrong usage or configuration. 3: the gateway could not be reached. */
export type ExitCode = 1 | 2 | 3;

export class Failure extends Error {
  override readonly name = 'Failure';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.exitCode = exitCode;
  }
}
