/** `northgate journal show ID`: one transaction with its attempts, or its recorded bytes. */
import type { Command } from 'commander';
import type { TransactionView } from '../ops/transaction-view.ts';
import { jsonOption, opsCommand, withClient } from './ops-command.ts';
import { legibleOf, type Output, printJson, printPairs, printTable } from './output.ts';

export const showCommand = (output: Output): Command =>
  opsCommand('show', 'one transaction with its attempts')
    .argument('<id>')
    .option('--request', 'the recorded request instead, credentials masked')
    .option('--response', 'ESC’s recorded answer instead')
    .addOption(jsonOption())
    .action((id: string, options) =>
      withClient(options, async (client) => {
        const path = transactionPath(id);
        if (options.request || options.response) {
          const bytes = await client.bytes(`${path}/${options.request ? 'request' : 'response'}`);
          if (output.isTerminal) output.write(legibleOf(bytes));
          else process.stdout.write(bytes);
          return;
        }
        const transaction = await client.get<TransactionView>(path);
        if (options.json) printJson(output, transaction);
        else printTransaction(output, transaction);
      }),
    );

export const transactionPath = (id: string): string => `v1/transactions/${encodeURIComponent(id)}`;

const callbackHead = ['ATTEMPT', 'CALLBACK', 'STATUS', 'FROM', 'AT', 'DELIVERY', 'TRIES', 'EVIDENCE'];

/** All of one transaction for people. */
function printTransaction(output: Output, { attempts, ...fields }: TransactionView): void {
  printPairs(output, Object.entries(fields));
  const rows = attempts.map(({ number, kind, epoch, node, at, outcome, evidence }) => [
    number,
    kind,
    epoch,
    node,
    at,
    outcome ?? null,
    evidence ?? null,
  ]);
  if (rows.length > 0) printTable(output, ['ATTEMPT', 'KIND', 'EPOCH', 'NODE', 'AT', 'OUTCOME', 'EVIDENCE'], rows);
  const callbacks = attempts.flatMap(({ number, callbacks: reports }) =>
    reports.map(({ eventType, status, from, at, delivery, tries, evidence }) => [
      number,
      eventType,
      status,
      from,
      at,
      delivery,
      tries,
      evidence ?? null,
    ]),
  );
  if (callbacks.length > 0) printTable(output, callbackHead, callbacks);
}
