/** `northgate journal list`: one page of transactions, newest first. */
import type { Command } from 'commander';
import type { TransactionView } from '../ops/transaction-view.ts';
import type { TransactionPage } from '../ops/transactions.ts';
import { queryOf, withFilters } from './journal-filter.ts';
import { jsonOption, opsCommand, withClient } from './ops-command.ts';
import { type Cell, type Output, printJson, printTable } from './output.ts';
import { watching, watchOption } from './watch.ts';

export const listCommand = (output: Output): Command =>
  withFilters(opsCommand('list', 'transactions, newest first'))
    .option('--limit <count>', 'how many at most', '50')
    .option('--cursor <cursor>', 'where the page before ended')
    .addOption(jsonOption())
    .addOption(watchOption())
    .action((options) =>
      withClient(options, (client) =>
        watching(output, options.watch, async (shown) => {
          const { limit, cursor, watch } = options;
          const page = await client.get<TransactionPage>('v1/transactions', { ...queryOf(options), limit, cursor });
          if (options.json) {
            printJson(shown, page);
            return;
          }
          printList(shown, page.items);
          if (page.nextCursor === null || watch !== undefined) return;
          process.stderr.write(`there may be more: --cursor ${page.nextCursor}\n`);
        }),
      ),
    );

const headForPrograms = ['ID', 'STATUS', 'METHOD', 'PATH', 'CLIENT', 'ATTEMPTS', 'RECEIVED', 'ANSWER', 'REASON'];
/** What matters least stands last: a narrow terminal leaves it out. */
const headForPeople = ['ID', 'STATUS', 'REQUEST', 'REASON', 'RECEIVED', 'ATTEMPTS', 'ANSWER', 'CLIENT'];

function printList(output: Output, items: readonly TransactionView[]): void {
  if (output.isTerminal) printTable(output, headForPeople, items.map(rowForPeople));
  else printTable(output, headForPrograms, items.map(rowForPrograms));
}

const rowForPrograms = (one: TransactionView): Cell[] => [
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

const rowForPeople = (one: TransactionView): Cell[] => [
  one.id,
  one.status,
  `${one.method} ${one.path}`,
  one.reason,
  one.receivedAt,
  one.attempts.length,
  one.responseStatus,
  one.client,
];
