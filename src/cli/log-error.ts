/**
 * An error as a log line has it: what it says, where it came from, and why. Invariant: nothing else that hangs on it. Libraries
 * hang what they were doing on their errors: ioredis a command with all its arguments, `AUTH` and records among them, Node the
 * URL that it could not read.
 */
import { maskedText } from '../ops/secrets.ts';

interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly stack: string;
  readonly code?: string | number;
  readonly cause?: LoggedError;
  readonly errors?: readonly LoggedError[];
}

const depthMax = 5;
const errorsMax = 10;

export function loggedError(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error)) {
    return { type: typeof error, message: maskedText(typeof error === 'string' ? error : 'not an error'), stack: '' };
  }
  const { name, message, stack = '', cause } = error;
  const { code } = error as { code?: unknown };
  const errors = error instanceof AggregateError ? error.errors : [];
  const isDeep = depth >= depthMax;
  return {
    type: error.constructor.name || name,
    message: maskedText(message),
    stack: maskedText(stack),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(cause === undefined || isDeep ? {} : { cause: loggedError(cause, depth + 1) }),
    ...(errors.length === 0 || isDeep
      ? {}
      : { errors: errors.slice(0, errorsMax).map((each: unknown) => loggedError(each, depth + 1)) }),
  };
}
