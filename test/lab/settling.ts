/**
 * After the causes: the clients finish, the journal settles, an operator who can see the VIM resolves what was left to
 * one, what has to be delivered is; and the three ledgers as they stand then. Each wait is bounded, and says what it
 * waited for. What nodes did without the role is in no ledger: the pair threw it away.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Vim } from '../../src/sim/ledger.ts';
import { attemptOf } from '../chaos/attempts.ts';
import type { JournalEntry, Ledgers, PairLedger } from '../chaos/ledgers.ts';
import type { Stretch } from './course.ts';
import type { Pair } from './pair.ts';
import type { Store } from './store.ts';

/** Who waits for what awaits the operator would wait in vain. */
const followMaxMs = 8_000;
const waitMaxMs = 120_000;
const pollMs = 200;
const pageSize = 500;
const effectsMax = 1_000_000;
const unsettled = ['held', 'in-flight', 'accepted', 'unacknowledged'] as const;

export async function settle(
  pair: Pair,
  stretches: readonly Stretch[],
): Promise<{ ledgers: Ledgers; complaints: string[] }> {
  const complaints: string[] = [];
  const wait = async (condition: () => Promise<boolean>, what: string): Promise<void> => {
    const deadlineAt = Date.now() + waitMaxMs;
    while (!(await condition())) {
      if (Date.now() > deadlineAt) return void complaints.push(`waited ${waitMaxMs} ms in vain until ${what}`);
      await pause(pollMs);
    }
  };
  await pair.load.stop(followMaxMs);
  await wait(() => isSettled(pair), 'all transactions are settled');
  await resolveAsOperator(pair);
  await wait(() => isSettled(pair), 'what the operator resolved is settled');
  let journal: JournalEntry[] = [];
  await wait(async () => {
    journal = await journalOf(pair);
    return journal.every(({ attempts }) =>
      attempts.every(({ callbacks }) => callbacks.every(({ delivery }) => delivery !== 'waiting')),
    );
  }, 'all reports are delivered');
  const clients = await pair.load.end();
  const disturbances = stretches.map(({ cause, from, to }) => ({ from, to, what: cause.name, mayRepeat: false }));
  return { ledgers: { clients, journal, pair: ledgerOf(pair.store), disturbances }, complaints };
}

/** What the pair did in its role: requests in the order of their execution, and effects as they were on the VIM. */
function ledgerOf({ requests, effects }: Store): PairLedger {
  const vim = new Vim(effectsMax);
  for (const { what, isLate } of effects) if (!isLate) vim.apply(what);
  const mutating = requests.filter(({ what, isLate }) => !isLate && what.method !== 'GET');
  return { requests: mutating.map(({ what }) => what), effects: vim.log.entries, standing: vim.standing() };
}

async function isSettled(pair: Pair): Promise<boolean> {
  const { transactions } = await pair.ops<{ transactions: Record<string, number> | null }>('/v1/pair');
  return transactions !== null && unsettled.every((status) => transactions[status] === 0);
}

/** By what is seen on the VIM of the requests that each transaction sent. */
async function resolveAsOperator(pair: Pair): Promise<void> {
  const { requests, effects } = ledgerOf(pair.store);
  for (const { id } of await journalOf(pair, 'awaiting-operator')) {
    const sent = new Set(
      requests.filter((each) => attemptOf(each)?.transaction === id).map((each) => each.transaction),
    );
    const as = effects.some(({ transaction }) => sent.has(transaction)) ? 'completed' : 'failed';
    await pair.ops(`/v1/transactions/${id}/resolve`, { as, note: 'by what stands on the VIM' });
  }
}

/** All transactions with a status, or all there are, in the order of arrival. */
async function journalOf(pair: Pair, status?: string): Promise<JournalEntry[]> {
  const entries: JournalEntry[] = [];
  const filter = status === undefined ? '' : `&status=${status}`;
  for (let cursor: string | null = ''; cursor !== null; ) {
    const after: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: { items: JournalEntry[]; nextCursor: string | null } = await pair.ops(
      `/v1/transactions?limit=${pageSize}${filter}${after}`,
    );
    entries.push(...page.items);
    cursor = page.nextCursor;
  }
  return entries.reverse();
}
