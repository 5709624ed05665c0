/**
 * After the trouble: the clients finish, the journal settles, an operator who can see the VIM resolves what was left to
 * one, what has to be delivered is, and all replicas agree. Each wait is bounded, and says what it waited for.
 */
import { isSettled, type Transaction } from '../../src/domain/transaction.ts';
import { transactionView } from '../../src/ops/transaction-view.ts';
import type { JournalEntry, Ledgers } from '../chaos/ledgers.ts';
import { runAs } from './clock.ts';
import { checkActs, isDoneOnVim } from './operators.ts';
import type { World } from './world.ts';

const waitMaxMs = 120_000;
const pollMs = 50;

/** The three ledgers as they stand in the end. */
export async function settle(world: World, clientsAreDone: () => boolean): Promise<Ledgers> {
  const { server, replicas, orders, heard, pair, disturbances } = world;
  const records = (): Transaction[] => [...server.records.values()];
  await until(world, () => replicas.every(({ isListening }) => isListening), 'all replicas run');
  await until(world, clientsAreDone, 'all clients are done');
  const isAtRest = ({ state }: Transaction): boolean => isSettled(state.status) || state.status === 'awaiting-operator';
  await until(world, () => records().every(isAtRest), 'all transactions are settled or left to the operator');
  await resolveAsOperator(world);
  await until(world, () => records().every(({ state }) => isSettled(state.status)), 'what was resolved is settled');
  const isDelivered = ({ reports }: Transaction): boolean =>
    reports.every(({ delivery }) => delivery.state !== 'waiting');
  await until(world, () => records().every(isDelivered), 'all reports are delivered');
  await until(world, () => isAgreed(world), 'all replicas are open, hold nothing, and say the same');
  const stored = (await server.store.list({ limit: 1000 })).toReversed();
  if (stored.length !== server.records.size) world.complain('a record is gone from the journal', `${stored.length}`);
  const journal = stored.map((record) => transactionView(record) as JournalEntry);
  checkActs(world);
  if (server.lostIn > 0 && server.epoch <= server.lostIn)
    world.complain('the epoch outlived what the journal lost (R34)', `${server.lostIn}`);
  const requests = pair.requests.entries.filter(({ method }) => method !== 'GET');
  return {
    clients: { orders, heard },
    journal,
    pair: { requests, effects: pair.vim.log.entries, standing: pair.vim.standing() },
    disturbances,
  };
}

async function until(world: World, condition: () => boolean, what: string): Promise<void> {
  const { clock } = world;
  const deadlineAt = clock.now + waitMaxMs;
  while (!condition()) {
    if (clock.now > deadlineAt) {
      const open = [...world.server.records.values()].filter(({ state }) => !isSettled(state.status));
      return void world.complain(`waited ${waitMaxMs} ms in vain`, `until ${what}`, open[0]?.id);
    }
    await clock.pause(pollMs);
  }
}

/** Each on its own: nothing of the trouble is left in one that lived through it. */
function isAgreed({ replicas, pair }: World): boolean {
  const [first] = replicas;
  return replicas.every(({ gateway }) => {
    const { coordinator } = gateway ?? {};
    return (
      coordinator?.isOpen === true &&
      coordinator.activeNode === pair.cluster.active.address &&
      coordinator.epoch === first?.gateway?.coordinator.epoch
    );
  });
}

/** By what is seen on the VIM of the requests that each transaction sent. */
async function resolveAsOperator(world: World): Promise<void> {
  const { server, replicas, clock } = world;
  for (const record of [...server.records.values()]) {
    const { id, state } = record;
    if (state.status !== 'awaiting-operator') continue;
    const isDone = isDoneOnVim(world, record);
    const as = isDone ? ('completed' as const) : ('failed' as const);
    const replica = world.random.pick(replicas as [(typeof replicas)[number]]);
    let isOver = false;
    runAs(replica.owner, () => {
      const resolved = replica.ops?.acts.resolve(id, { as, note: 'by what stands on the VIM' }, 'operator');
      resolved
        ?.catch((error: unknown) => world.complain('an operator was refused', String(error), id))
        .finally(() => {
          isOver = true;
        });
    });
    while (!isOver) await clock.pause(pollMs);
  }
}
