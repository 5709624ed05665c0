/**
 * The gateway's log: JSON lines on stdout, or lines for people. Whatever is logged under a name of a secret is masked,
 * on the levels on which log lines have fields; code that logs whole requests or headers is not to be written.
 */
import { type Logger, pino } from 'pino';
import { PinoPretty } from 'pino-pretty';
import type { Config } from '../config/schema.ts';
import { loggedError } from './log-error.ts';

const secretNames = ['authorization', 'password', 'token', 'key', 'cookie', 'secret', 'credentials', 'headers'];

/** `authorization` and `Authorization`, at the top, one and two levels down. */
const secretPaths = secretNames
  .flatMap((name) => [name, `${name.charAt(0).toUpperCase()}${name.slice(1)}`])
  .concat(['["proxy-authorization"]', '["set-cookie"]'])
  .flatMap((name) => {
    const inner = name.startsWith('[') ? name : `.${name}`;
    return [name, `*${inner}`, `*.*${inner}`];
  });

/** Lines are written before the call returns, so that the last one before an end is not lost. */
export function makeLog({ level, pretty }: Config['log']): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: (error: unknown) => loggedError(error), error: (error: unknown) => loggedError(error) },
    redact: { paths: secretPaths, censor: '***' },
  };
  const isPretty = pretty ?? process.stdout.isTTY === true;
  if (!isPretty) return pino(options, pino.destination({ fd: 1, sync: true }));
  return pino(options, PinoPretty({ destination: 1, sync: true, colorize: process.stdout.isTTY === true }));
}
