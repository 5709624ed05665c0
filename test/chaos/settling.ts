/**
 * After the trouble: everything runs again, the clients finish, the journal settles, an operator who can see the VIM
 * resolves what was left to one, and what has to be delivered is. Each wait is bounded, and says what it waited for.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { attemptOf } from './attempts.ts';
import type { JournalEntry, Ledgers } from './ledgers.ts';
import { askAny, journalOf } from './ops-client.ts';
import type { Stage } from './stage.ts';

const waitMaxMs = 180_000;
const followMaxMs = 60_000;
const pollMs = 300;

const unsettled = ['held', 'in-flight', 'accepted', 'unacknowledged'] as const;

/** Complaints about what did not settle, and the ledgers as they stand in the end. */
export async function settle(stage: Stage): Promise<{ ledgers: Ledgers; complaints: string[] }> {
  const complaints: string[] = [];
  await untilOrComplain(() => stage.replicas.every(({ isListening }) => isListening), 'all replicas run', complaints);
  await stage.load.stop(followMaxMs);
  await untilOrComplain(() => isSettled(stage), 'all transactions are settled', complaints);
  await resolveAsOperator(stage);
  await untilOrComplain(async () => isSettled(stage), 'what the operator resolved is settled', complaints);
  let journal: JournalEntry[] = [];
  const isDelivered = async (): Promise<boolean> => {
    journal = await journalOf(stage.replicas);
    return journal.every(({ attempts }) =>
      attempts.every(({ callbacks }) => callbacks.every(({ delivery }) => delivery !== 'waiting')),
    );
  };
  await untilOrComplain(isDelivered, 'all reports are delivered', complaints);
  await untilOrComplain(() => isAgreed(stage), 'all replicas are open, hold nothing, and say the same', complaints);
  complaints.push(...stage.replicas.flatMap((each) => each.complaints));
  const clients = await stage.load.end();
  const { ledger: effects, vim: standing } = stage.pair;
  const requests = stage.pair.requests.filter(({ method }) => method !== 'GET');
  return {
    complaints,
    ledgers: { clients, journal, pair: { requests, effects, standing }, disturbances: stage.disturbances },
  };
}

async function isSettled({ replicas }: Stage): Promise<boolean> {
  const { transactions } = await askAny<{ transactions: Record<string, number> | null }>(replicas, '/v1/pair');
  return transactions !== null && unsettled.every((status) => transactions[status] === 0);
}

interface Status {
  readonly gate: string;
  readonly epoch: number;
  readonly activeNode: string | null;
  readonly held: { readonly requests: number };
  readonly replicas: readonly { readonly isLive: boolean }[] | null;
}

/** Each on its own: nothing of the trouble is left in one that lived through it. */
async function isAgreed({ replicas, pair }: Stage): Promise<boolean> {
  const said = await Promise.all(replicas.map((each) => askAny<Status>([each], '/v1/pair')));
  const isWell = ({ gate, activeNode, held, replicas: listed }: Status): boolean =>
    gate === 'open' &&
    activeNode === pair.activeNode &&
    held.requests === 0 &&
    listed?.filter(({ isLive }) => isLive).length === replicas.length;
  return said.every(isWell) && new Set(said.map(({ epoch }) => epoch)).size === 1;
}

async function untilOrComplain(
  condition: () => boolean | Promise<boolean>,
  what: string,
  complaints: string[],
): Promise<void> {
  const deadlineAt = Date.now() + waitMaxMs;
  while (!(await condition())) {
    if (Date.now() > deadlineAt) return void complaints.push(`waited ${waitMaxMs} ms in vain until ${what}`);
    await pause(pollMs);
  }
}

/** By what is seen on the VIM of the requests that each transaction sent. */
async function resolveAsOperator({ replicas, pair }: Stage): Promise<void> {
  for (const { id } of await journalOf(replicas, 'awaiting-operator')) {
    const sent = new Set(
      pair.requests.filter((each) => attemptOf(each)?.transaction === id).map((each) => each.transaction),
    );
    const isDone = pair.ledger.some(({ transaction }) => sent.has(transaction));
    await askAny(replicas, `/v1/transactions/${id}/resolve`, {
      body: { as: isDone ? 'completed' : 'failed', note: 'by what stands on the VIM' },
    });
  }
}
