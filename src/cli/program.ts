/**
 * All commands put together, and what they end with: the exit codes of contract section 1. A command imports what it needs
 * when it runs, so that `status` need not load a whole gateway first.
 */
import { Command, CommanderError } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { addCompletion } from './completion.ts';
import { configCommand } from './config.ts';
import { demoCommand } from './demo-command.ts';
import { doctorCommand } from './doctor.ts';
import { Failure } from './failure.ts';
import { gateCommands } from './gate.ts';
import { journalCommand } from './journal.ts';
import { openapiCommand } from './openapi.ts';
import { standardOutput } from './output.ts';
import { passwordCommand } from './password.ts';
import { serveCommand } from './serve.ts';
import { simCommand } from './sim.ts';
import { statusCommand } from './status.ts';
import { switchoversCommand } from './switchovers.ts';

const { version } = packageJson;

/** Runs one command line and sets the process's exit code. @param words what follows `northgate`. */
export async function runProgram(words: readonly string[]): Promise<void> {
  // Who reads the output may have enough of it, as `head` does.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  try {
    await program().parseAsync([...words], { from: 'user' });
  } catch (error) {
    process.exitCode = exitCodeOf(error);
  }
}

function program(): Command {
  const output = standardOutput;
  const northgate = new Command('northgate')
    .description('A northbound REST API gateway with transaction retry for a Cisco ESC active/standby pair')
    .version(version, '--version', 'print the version')
    // So that `openapi --version 3.1` is openapi's own.
    .enablePositionalOptions();
  const commands = [
    ...[serveCommand(), demoCommand(), simCommand(), doctorCommand(output), statusCommand(output)],
    ...[switchoversCommand(output), journalCommand(output), ...gateCommands(output)],
    ...[configCommand(output), openapiCommand(output), passwordCommand(output)],
  ];
  for (const command of commands) northgate.addCommand(command);
  addCompletion(northgate, output);
  refuseInOneWay(northgate);
  return northgate;
}

/** Of every command: what is wrong, where help is, and an error instead of an exit. */
function refuseInOneWay(command: Command): void {
  command.exitOverride().showHelpAfterError('(--help says what can be said)');
  for (const inner of command.commands) refuseInOneWay(inner);
}

/** Commander has said by itself what was wrong with the command line. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (!(error instanceof Failure)) throw error;
  process.stderr.write(`${error.message}\n`);
  return error.exitCode;
}
