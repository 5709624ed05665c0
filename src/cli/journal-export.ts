/** `northgate journal export`: every transaction that a filter finds, one JSON object a line, newest first. */
import type { Command } from 'commander';
import type { TransactionPage } from '../ops/transactions.ts';
import { queryOf, withFilters } from './journal-filter.ts';
import { opsCommand, withClient } from './ops-command.ts';
import type { Output } from './output.ts';

const pageSize = 500;

export const exportCommand = (output: Output): Command =>
  withFilters(opsCommand('export', 'every transaction as one line of JSON, newest first')).action((options) =>
    withClient(options, async (client) => {
      const query = { ...queryOf(options), limit: pageSize };
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const page: TransactionPage = await client.get('v1/transactions', { ...query, cursor });
        for (const transaction of page.items) output.write(`${JSON.stringify(transaction)}\n`);
        cursor = page.nextCursor;
      }
    }),
  );
