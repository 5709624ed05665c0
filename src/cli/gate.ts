/** `northgate hold`, `open`, `drain`: the gate by hand, for maintenance. */
import type { Command } from 'commander';
import type { PairStatusView } from '../ops/pair-view.ts';
import { jsonOption, opsCommand, withClient } from './ops-command.ts';
import { type Output, printJson } from './output.ts';

type Mode = 'open' | 'holding' | 'draining';

const gateCommand = (output: Output, name: string, mode: Mode, description: string): Command =>
  opsCommand(name, description)
    .addOption(jsonOption())
    .action((options) =>
      withClient(options, async (client) => {
        const pair = await client.act<PairStatusView>('PUT', 'v1/gate', { mode });
        if (options.json) printJson(output, pair);
        else output.write(`the gate is ${pair.gate}${pair.reason === 'none' ? '' : ` (${pair.reason})`}\n`);
      }),
    );

export const gateCommands = (output: Output): Command[] => [
  gateCommand(output, 'hold', 'holding', 'let new requests wait until `northgate open`'),
  gateCommand(output, 'open', 'open', 'give the gate back to what is observed of the pair'),
  gateCommand(output, 'drain', 'draining', 'refuse new requests and let the rest end, until `northgate open`'),
];
