/**
 * A program: the clients and their callback receiver, in a process of their own. It is told over Node's channel what
 * to do, and writes its ledger to a file when it is told to end.
 */
import { writeFile } from 'node:fs/promises';
import type { ClientLedger, Order } from './ledgers.ts';
import { Orchestrator } from './orchestrator.ts';
import { randomOf } from './random.ts';
import { Receiver, type ReceiverMode } from './receiver.ts';

export interface LoadStart {
  readonly seed: number;
  readonly clients: number;
  /** The gateway's, and the clients' own; without them all is on loopback. */
  readonly host?: string;
  readonly callbackHost?: string;
  readonly port: number;
  readonly callbackPort: number;
  readonly ledgerFile: string;
}

export type LoadOrder =
  | { readonly do: 'start'; readonly with: LoadStart }
  | { readonly do: 'receive'; readonly mode: ReceiverMode }
  /** No new steps; what was begun is followed for so long. */
  | { readonly do: 'stop'; readonly followMs: number }
  | { readonly do: 'end' };

const orders: Order[] = [];
let receiver: Receiver | null = null;
let ledgerFile = '';
let stopped = false;
let giveUpAt = Number.POSITIVE_INFINITY;
let running: Promise<unknown> = Promise.resolve();

async function start({ seed, clients, ledgerFile: file, ...calling }: LoadStart): Promise<void> {
  ledgerFile = file;
  const hearing = new Receiver(calling.callbackPort, calling.callbackHost);
  receiver = hearing;
  await hearing.become('up');
  const random = randomOf(seed);
  const orchestrators = Array.from({ length: clients }, (_, index) => {
    const authorization = `Basic ${Buffer.from(`client-${index}:secret`).toString('base64')}`;
    return new Orchestrator({
      name: `s${seed}-c${index}`,
      random: random.fork(),
      calling: { ...calling, authorization },
      receiver: hearing,
      orders,
      isStopped: () => stopped,
      giveUpAt: () => giveUpAt,
    });
  });
  running = Promise.all(orchestrators.map((each) => each.run()));
}

async function obey(order: LoadOrder): Promise<void> {
  switch (order.do) {
    case 'start':
      return start(order.with);
    case 'receive':
      return receiver?.become(order.mode);
    case 'stop':
      stopped = true;
      giveUpAt = Date.now() + order.followMs;
      await running;
      return;
    case 'end':
      await receiver?.become('refusing');
      await writeFile(ledgerFile, JSON.stringify({ orders, heard: receiver?.heard ?? [] } satisfies ClientLedger));
  }
}

process.on('message', ({ id, order }: { id: number; order: LoadOrder }) => {
  void obey(order).then(() => {
    process.send?.({ id, orders: orders.length });
    if (order.do === 'end') process.disconnect();
  });
});
process.once('disconnect', () => process.exit(0));
