/** `northgate journal replay`, `cancel`, `resolve`: an operator's acts on one transaction (R2). */
import { type Command, Option } from 'commander';
import type { TransactionView } from '../ops/transaction-view.ts';
import { transactionPath } from './journal-show.ts';
import { jsonOption, opsCommand, withClient } from './ops-command.ts';
import { type Output, printJson } from './output.ts';

const act = (name: string, description: string): Command =>
  opsCommand(name, description).argument('<id>').addOption(jsonOption());

interface ActOptions {
  readonly url: string;
  readonly json?: true;
}

async function carryOut(output: Output, act: { id: string; name: string; body?: unknown }, options: ActOptions) {
  await withClient(options, async (client) => {
    const { id, name, body } = act;
    const transaction = await client.act<TransactionView>('POST', `${transactionPath(id)}/${name}`, body);
    if (options.json) printJson(output, transaction);
    else
      output.write(
        `${id} is ${transaction.status}${transaction.replayOrderedAt === null ? '' : ', to be sent again'}\n`,
      );
  });
}

export const actCommands = (output: Output): Command[] => [
  act('replay', 'send it once more: unacknowledged, or awaiting an operator').action((id: string, options) =>
    carryOut(output, { id, name: 'replay' }, options),
  ),
  act('cancel', 'never send it: held').action((id: string, options) =>
    carryOut(output, { id, name: 'cancel' }, options),
  ),
  act('resolve', 'settle it by what you found out: accepted, unacknowledged, or awaiting an operator')
    .addOption(new Option('--as <status>', 'what it came to').choices(['completed', 'failed']).makeOptionMandatory())
    .requiredOption('--note <text>', 'how you found out; kept as the reason')
    .action((id: string, options) => {
      const { as, note } = options;
      return carryOut(output, { id, name: 'resolve', body: { as, note } }, options);
    }),
];
