/** `northgate status`: the pair, the gate, the epoch, and how many transactions stand where. */
import type { Command } from 'commander';
import type { PairStatusView } from '../ops/pair-view.ts';
import { jsonOption, opsCommand, withClient } from './ops-command.ts';
import { type Output, printJson, printPairs, printTable } from './output.ts';
import { watching, watchOption } from './watch.ts';

export const statusCommand = (output: Output): Command =>
  opsCommand('status', 'the pair, the gate, the epoch, counts')
    .addOption(jsonOption())
    .addOption(watchOption())
    .action((options) =>
      withClient(options, (client) =>
        watching(output, options.watch, async (page) => {
          const pair = await client.get<PairStatusView>('v1/pair');
          if (options.json) printJson(page, pair);
          else printPair(page, pair);
        }),
      ),
    );

/** The state of the pair for people. */
function printPair(output: Output, pair: PairStatusView): void {
  const { gate, reason, held, transactions, lastSwitchover } = pair;
  printPairs(output, [
    ['gate', reason === 'none' ? gate : `${gate} (${reason})`],
    ['epoch', pair.epoch],
    ['VIP', `${pair.vip}: ${pair.vipHealth.health}, ${pair.vipHealth.message}`],
    ['active node', pair.activeNode],
    ['last switchover', lastSwitchover === null ? null : `${lastSwitchover.detectedAt} (${lastSwitchover.cause})`],
    ['held', `${held.requests} requests, ${held.bytes} bytes`],
    ['replica', pair.replica],
    ...pair.warnings.map((warning) => ['warning', warning] as const),
  ]);
  if (pair.nodes.length > 0) {
    const rows = pair.nodes.map((node) => [node.address, node.role, node.health, node.since, node.message]);
    printTable(output, ['NODE', 'ROLE', 'HEALTH', 'SINCE', 'MESSAGE'], rows);
  }
  if ((pair.replicas?.length ?? 0) > 1) {
    const rows = pair.replicas?.map(({ name, isLive, leaseEndsAt }) => [name, isLive ? 'live' : 'gone', leaseEndsAt]);
    printTable(output, ['REPLICA', 'IS', 'LEASE ENDS'], rows ?? []);
  }
  if (transactions === null) output.write('The journal does not answer, so transactions are not counted.\n');
  else {
    printTable(output, ['STATUS', 'TRANSACTIONS'], Object.entries(transactions));
    if (output.isTerminal && transactions['awaiting-operator'] > 0) {
      output.write('Some need you: `northgate journal list --status awaiting-operator`\n');
    }
  }
}
