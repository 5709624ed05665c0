/**
 * `northgate doctor`: everything the gateway needs, checked from where it runs (contract section 1). This file is the
 * command: its options, how it tells, its exit code. What is checked is in `doctor/`, a file a group.
 */
import { Command } from 'commander';
import { Failure } from './failure.ts';
import { type Output, printJson } from './output.ts';

export const doctorCommand = (output: Output): Command =>
  new Command('doctor')
    .description('check what the gateway needs: the pair, the journal, the network, itself; nothing is changed')
    .option('--config <file>', 'a YAML file; else NORTHGATE_CONFIG, else the environment alone')
    .option('--json', 'print JSON')
    .action(async (options) => {
      process.exitCode = await runDoctor(output, options);
    });

/** 1 if a check failed, else 0. @throws Failure 2 for a configuration that is wrong, with a line for each fault. */
async function runDoctor(output: Output, { config, json }: { config?: string; json?: true }): Promise<number> {
  const { readConfig, refusalText } = await import('../config/reader.ts');
  const { examine } = await import('./doctor/examination.ts');
  const { summaryOf, summaryText, tellChecks } = await import('./doctor/report.ts');
  const reading = readConfig({ file: config, environment: process.env });
  if ('errors' in reading) throw new Failure(2, refusalText(reading).trimEnd());
  const waiting = waitingLine();
  const checks = await examine(reading, (group) => {
    waiting.clear();
    if (json !== true) tellChecks(output, group);
    waiting.show();
  });
  waiting.clear();
  const summary = summaryOf(checks);
  if (json === true) printJson(output, { checks, summary });
  else output.write(summaryText(summary));
  return summary.fail > 0 ? 1 : 0;
}

/** What a person sees while something is silent: on standard error, and only on a terminal. */
function waitingLine(): { show(): void; clear(): void } {
  const say = (text: string): void => void (process.stderr.isTTY === true && process.stderr.write(text));
  const show = (): void => say('checking …');
  const clear = (): void => say('\r\u001b[K');
  show();
  return { show, clear };
}
