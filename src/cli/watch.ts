/**
 * `--watch`: the same question again and again until Ctrl-C. A gateway that goes away after it was reached is waited for:
 * somebody who watches wants to see it come back.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { InvalidArgumentError, Option } from 'commander';
import { Failure } from './failure.ts';
import type { Output } from './output.ts';

const secondsDefault = 2;
const secondsMax = 3600;

export const watchOption = (): Option =>
  new Option('--watch [seconds]', `again every so many seconds (${secondsDefault}), until Ctrl-C`)
    .preset(String(secondsDefault))
    .argParser(toSeconds);

function toSeconds(written: string): number {
  const seconds = Number(written);
  if (seconds >= 0.1 && seconds <= secondsMax) return seconds;
  throw new InvalidArgumentError(`Expected seconds, from 0.1 to ${secondsMax}.`);
}

/** Fires with the first SIGINT or SIGTERM; the second one ends the process as it always does. */
export function interruption(): AbortSignal {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
  return interrupted.signal;
}

/**
 * Shows once without an interval; else until Ctrl-C: on a terminal in the place of what was shown before, otherwise one
 * after the other. @throws what the first showing throws, and later all but that the gateway cannot be reached.
 */
export async function watching(
  output: Output,
  everySeconds: number | undefined,
  show: (output: Output) => Promise<void>,
): Promise<void> {
  if (everySeconds === undefined) return await show(output);
  const signal = interruption();
  for (let isFirst = true; !signal.aborted; isFirst = false) {
    const text = await showingOf(output, show, isFirst);
    output.write(output.isTerminal ? `\u001b[H\u001b[J${cut(text, output.rows)}` : text);
    await pause(everySeconds * 1000, undefined, { signal }).catch(() => {
      // Interrupted: the loop ends.
    });
  }
}

async function showingOf(output: Output, show: (output: Output) => Promise<void>, isFirst: boolean): Promise<string> {
  const pieces: string[] = [];
  const { isTerminal, columns, rows } = output;
  const drained = (): Promise<void> => Promise.resolve();
  try {
    await show({ isTerminal, columns, rows, write: (text) => void pieces.push(text), drained });
  } catch (error) {
    if (isFirst || !(error instanceof Failure) || error.exitCode !== 3) throw error;
    return `${error.message}\n`;
  }
  return pieces.join('');
}

/** What does not fit would push the beginning out of sight. */
function cut(text: string, rows: number): string {
  const lines = text.split('\n');
  return lines.length <= rows ? text : `${lines.slice(0, rows - 1).join('\n')}\n`;
}
