/** `northgate journal …`: the transaction journal, by the ops API. */
import { Command } from 'commander';
import { actCommands } from './journal-acts.ts';
import { exportCommand } from './journal-export.ts';
import { listCommand } from './journal-list.ts';
import { resealCommand } from './journal-reseal.ts';
import { showCommand } from './journal-show.ts';
import { tailCommand } from './journal-tail.ts';
import type { Output } from './output.ts';

export function journalCommand(output: Output): Command {
  const journal = new Command('journal').description('the transaction journal, by the ops API');
  for (const command of [listCommand(output), showCommand(output), ...actCommands(output)]) journal.addCommand(command);
  return journal.addCommand(tailCommand(output)).addCommand(exportCommand(output)).addCommand(resealCommand(output));
}
