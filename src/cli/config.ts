/** `northgate config`: reads the configuration and says what is wrong, or what it comes to; prints the reference. */
import { Command } from 'commander';
import type { ConfigReading } from '../config/reader.ts';
import { Failure } from './failure.ts';
import { type Output, printJson } from './output.ts';

/** Warnings go to standard error. @throws Failure 2 with a line for each fault. */
async function readOrRefuse(file: string | undefined): Promise<ConfigReading> {
  const { readConfig, refusalText } = await import('../config/reader.ts');
  const reading = readConfig({ file, environment: process.env });
  for (const warning of reading.warnings) process.stderr.write(`warning: ${warning}\n`);
  if ('errors' in reading) throw new Failure(2, refusalText(reading).trimEnd());
  return reading;
}

export function configCommand(output: Output): Command {
  const config = new Command('config').description('the configuration: check it, print what it comes to');
  const fileOption = ['--config <file>', 'a YAML file; else NORTHGATE_CONFIG, else the environment alone'] as const;
  config
    .command('check')
    .description('say what is wrong, key by key')
    .option(...fileOption)
    .action(async (options) => {
      await readOrRefuse(options.config);
      output.write('the configuration is well\n');
    });
  config
    .command('print')
    .description('every key with its value and where it came from, secrets masked')
    .option(...fileOption)
    .option('--json', 'print JSON, without where each value came from')
    .action(async (options) => {
      const { printConfig } = await import('../config/print.ts');
      const printed = printConfig(await readOrRefuse(options.config));
      if (options.json) printJson(output, (await import('yaml')).parse(printed));
      else output.write(printed);
    });
  config
    .command('reference')
    .description('every key with default and meaning, as Markdown')
    .action(async () => output.write((await import('../config/reference.ts')).configReference()));
  return config;
}
