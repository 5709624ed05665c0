/** `northgate switchovers`: past switchovers and the one under way, newest first. */
import type { Command } from 'commander';
import type { SwitchoverView } from '../ops/pair-view.ts';
import { jsonOption, opsCommand, withClient } from './ops-command.ts';
import { type Output, printJson, printTable } from './output.ts';
import { watching, watchOption } from './watch.ts';

const head = ['EPOCH', 'CAUSE', 'DETECTED', 'READY', 'RECOVERED', 'FROM', 'TO', 'HELD', 'REPLAYED', 'RECONCILED'];

export const switchoversCommand = (output: Output): Command =>
  opsCommand('switchovers', 'past switchovers, newest first')
    .option('--limit <count>', 'how many at most', '50')
    .addOption(jsonOption())
    .addOption(watchOption())
    .action((options) =>
      withClient(options, (client) =>
        watching(output, options.watch, async (shown) => {
          const switchovers = await client.get<SwitchoverView[]>('v1/switchovers', { limit: options.limit });
          if (options.json) printJson(shown, switchovers);
          else printTable(shown, head, switchovers.map(row));
        }),
      ),
    );

const row = (one: SwitchoverView): (string | number | null)[] => [
  one.epoch,
  one.cause,
  one.detectedAt,
  one.readyAt,
  one.recoveredAt,
  one.from,
  one.to,
  one.held,
  one.replayed,
  one.reconciled,
];
