/** `northgate journal list`: one page of transactions, newest first. */
import type { Command } from 'commander';
import type { TransactionView } from '../ops/transaction-view.ts';
import type { TransactionPage } from '../ops/transactions.ts';
import { queryOf, withFilters } from './journal-filter.ts';
import { jsonOption, opsCommand, withClient } from './ops-command.ts';
import { type Output, printJson, printTable } from './output.ts';

const listHead = ['ID', 'STATUS', 'METHOD', 'PATH', 'CLIENT', 'ATTEMPTS', 'RECEIVED', 'ANSWER', 'REASON'];

export const listCommand = (output: Output): Command =>
  withFilters(opsCommand('list', 'transactions, newest first'))
    .option('--limit <count>', 'how many at most', '50')
    .option('--cursor <cursor>', 'where the page before ended')
    .addOption(jsonOption())
    .action((options) =>
      withClient(options, async (client) => {
        const { limit, cursor } = options;
        const page = await client.get<TransactionPage>('v1/transactions', { ...queryOf(options), limit, cursor });
        if (options.json) {
          printJson(output, page);
          return;
        }
        printTable(output, listHead, page.items.map(listRow));
        if (page.nextCursor !== null) process.stderr.write(`there may be more: --cursor ${page.nextCursor}\n`);
      }),
    );

const listRow = (one: TransactionView): (string | number | null)[] => [
  one.id,
  one.status,
  one.method,
  one.path,
  one.client,
  one.attempts.length,
  one.receivedAt,
  one.responseStatus,
  one.reason,
];
