/**
 * `northgate journal export`: every transaction that a filter finds, one JSON object a line (NDJSON), newest first. A
 * page is asked for when the one before was taken, so that a slow reader costs no memory here.
 */
import type { Command } from 'commander';
import type { PairStatusView } from '../ops/pair-view.ts';
import type { TransactionPage } from '../ops/transactions.ts';
import { queryOf, withFilters } from './journal-filter.ts';
import type { OpsClient } from './ops-client.ts';
import { opsCommand, withClient } from './ops-command.ts';
import { jsonOf, type Output } from './output.ts';

const pageSize = 500;

export const exportCommand = (output: Output): Command =>
  withFilters(opsCommand('export', 'every transaction as one line of JSON, newest first')).action((options) =>
    withClient(options, async (client) => {
      const query = queryOf(options);
      const isWhole = Object.values(query).every((value) => value === undefined);
      const progress = progressLine(await totalOf(client, isWhole));
      let count = 0;
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const page: TransactionPage = await client.get('v1/transactions', { ...query, limit: pageSize, cursor });
        for (const transaction of page.items) output.write(`${jsonOf(transaction)}\n`);
        await output.drained();
        count += page.items.length;
        progress.tell(count);
        cursor = page.nextCursor;
      }
      progress.end();
    }),
  );

/** Only somebody who looks on is told, and only when the lines themselves go elsewhere. */
const isWatched = (): boolean => process.stderr.isTTY === true && process.stdout.isTTY !== true;

/** How many there are; null where that is not known, or nobody is told. */
async function totalOf(client: OpsClient, isWhole: boolean): Promise<number | null> {
  if (!isWhole || !isWatched()) return null;
  const { transactions } = await client.get<PairStatusView>('v1/pair');
  return transactions === null ? null : Object.values(transactions).reduce((sum, count) => sum + count, 0);
}

function progressLine(total: number | null): { tell(count: number): void; end(): void } {
  const of = total === null ? '' : ` of ${total}`;
  const say = (text: string): void => void (isWatched() && process.stderr.write(text));
  return { tell: (count) => say(`\r${count}${of} exported`), end: () => say('\n') };
}
