/** `northgate journal tail`: each change of a transaction, and of the pair, as it happens, until SIGINT. */
import type { Command } from 'commander';
import type { PairView, SwitchoverView } from '../ops/pair-view.ts';
import type { TransactionView } from '../ops/transaction-view.ts';
import { jsonOption, opsCommand, withClient } from './ops-command.ts';
import { jsonOf, type Output, printTable } from './output.ts';
import { interruption } from './watch.ts';

export const tailCommand = (output: Output): Command =>
  opsCommand('tail', 'what changes, as it happens, until Ctrl-C')
    .addOption(jsonOption())
    .action((options) =>
      withClient(options, async (client) => {
        const plain: Output = { ...output, isTerminal: false };
        for await (const { name, data } of client.events('v1/events', interruption())) {
          if (options.json) output.write(`${jsonOf({ event: name, data })}\n`);
          else printTable(plain, cells(name, data), []);
        }
      }),
    );

/** One line an event; the longest things last. */
function cells(name: string, data: unknown): string[] {
  const at = new Date().toISOString();
  switch (name) {
    case 'transaction': {
      const { id, status, method, path, attempts, reason } = data as TransactionView;
      return [at, name, id, status, `${attempts.length} attempts`, `${method} ${path}`, reason ?? ''];
    }
    case 'pair': {
      const { gate, reason, epoch, activeNode } = data as PairView;
      return [at, name, `gate ${gate}`, reason, `epoch ${epoch}`, `active ${activeNode ?? 'unknown'}`];
    }
    case 'switchover': {
      const { epoch, cause, from, to, readyAt } = data as SwitchoverView;
      return [at, name, `epoch ${epoch}`, cause, `${from ?? 'unknown'} to ${to ?? 'unknown'}`, readyAt ?? 'not ready'];
    }
    default:
      return [at, name, JSON.stringify(data)];
  }
}
