/**
 * Operators in the middle of the trouble: they replay, cancel and resolve what they find, and hold, drain and open gates by
 * hand, on any replica. What they were told is written down, and judged in the end: an act that was told is in the
 * journal under its name, one that was refused is not.
 */
import { GatewayError } from '../../src/domain/problem.ts';
import { isSettled, type Transaction } from '../../src/domain/transaction.ts';
import type { Acts } from '../../src/ops/acts.ts';
import { attemptOf } from '../chaos/attempts.ts';
import type { Random } from '../chaos/random.ts';
import type { Violation } from '../chaos/views.ts';
import { type Owner, runAs } from './clock.ts';
import type { Replica } from './replica.ts';
import { journalTimeoutMs } from './times.ts';
import type { World } from './world.ts';

type ActName = 'replay' | 'cancel' | 'resolve';

/** What an operator did, and was told of it. */
export interface Done {
  readonly act: ActName;
  /** Whom the journal is to name. */
  readonly by: string;
  readonly transaction: string;
  readonly as: 'completed' | 'failed';
  /** `unknown`: nothing came back, or that the journal did not confirm it. */
  told: 'done' | 'refused' | 'unknown';
}

const actNames = ['replay', 'replay', 'cancel', 'cancel', 'resolve'] as const;
const patienceMs = 8_000;
const pollMs = 50;
/** A turn that has begun when a gate is shut comes to its mark; longer only if the journal is away. */
const turnMaxMs = 2 * journalTimeoutMs;

/** One act on one transaction. Resolves when it is told, or after a while. */
export async function act(world: World, random: Random): Promise<void> {
  const replica = pickOf(
    random,
    world.replicas.filter(({ ops }) => ops !== null),
  );
  const name = random.pick(actNames);
  const transaction = chosen(world, random, name);
  if (replica === null || transaction === null) return;
  const as = isDoneOnVim(world, transaction) ? ('completed' as const) : ('failed' as const);
  const by = `operator-${world.operated.length + 1}`;
  const done: Done = { act: name, by, transaction: transaction.id, as, told: 'unknown' };
  world.operated.push(done);
  world.tell(by, name, transaction.id, transaction.state.status, 'at', replica.name);
  const { clock } = world;
  const untilAt = clock.now + patienceMs;
  let isOver = false;
  runAs(replica.owner, () => {
    const acts = replica.ops?.acts;
    if (acts === undefined) return;
    carriedOut(acts, done).then(
      () => {
        done.told = 'done';
        isOver = true;
      },
      (error: unknown) => {
        const code = error instanceof GatewayError ? error.code : '';
        if (code === 'conflict' || code === 'not-found') done.told = 'refused';
        else if (code !== 'journal-unavailable')
          world.complain('an operator met a defect', String(error), done.transaction);
        isOver = true;
      },
    );
  });
  while (!isOver && clock.now < untilAt && !replica.owner.isDead) await clock.pause(pollMs);
  world.tell(by, 'is told', done.told);
}

function carriedOut(acts: Acts, { act: name, transaction, by, as }: Done): Promise<Transaction> {
  switch (name) {
    case 'replay':
      return acts.replay(transaction, by);
    case 'cancel':
      return acts.cancel(transaction, by);
    case 'resolve':
      return acts.resolve(transaction, { as, note: 'by what stands on the VIM' }, by);
  }
}

/** Mostly one that can be acted on; what is under way at ESC is resolved by nobody who can wait. */
function chosen({ server }: World, random: Random, name: ActName): Transaction | null {
  const all = [...server.records.values()];
  const open = all.filter(({ state }) => !isSettled(state.status));
  const fitting = open.filter(({ state: { status } }) =>
    name === 'cancel'
      ? status === 'held'
      : status === 'awaiting-operator' || (name === 'replay' && status === 'unacknowledged'),
  );
  if (name === 'resolve') return pickOf(random, fitting);
  return pickOf(
    random,
    fitting.length > 0 && random.isLucky(0.8) ? fitting : open.filter(({ attempts }) => attempts.length < 4),
  );
}

export const pickOf = <Item>(random: Random, items: readonly Item[]): Item | null => {
  const [first, ...others] = items;
  return first === undefined ? null : random.pick([first, ...others]);
};

/** By what is seen on the VIM of the requests that a transaction sent; what its own clean-up took away again is not there. */
export function isDoneOnVim({ pair }: World, { id, policy }: Transaction): boolean {
  const sent = new Set(
    pair.requests.entries.filter((each) => attemptOf(each)?.transaction === id).map(({ transaction }) => transaction),
  );
  const effects = pair.vim.log.entries.filter(({ transaction }) => sent.has(transaction));
  const of = (wanted: string): number => effects.filter(({ kind }) => kind === wanted).length;
  return policy.kind === 'create' ? of('created') > of('deleted') : effects.length > 0;
}

/** A gate is held or drained by hand, and opened again. While it is held nothing new leaves. */
export async function gateByHand(world: World, random: Random): Promise<void> {
  const replica = pickOf(
    random,
    world.replicas.filter(({ gateway, heldSince }) => gateway !== null && heldSince === null),
  );
  if (replica === null) return;
  const mode = random.pick(['holding', 'holding', 'draining'] as const);
  const { owner } = replica;
  const disturbance = world.disturb(`${replica.name} is ${mode} by hand`, false);
  byHand(replica, mode);
  await world.clock.pause(random.between(100, 6_000));
  if (replica.owner === owner) byHand(replica, 'open');
  disturbance.to = Math.floor(world.clock.now);
}

function byHand(replica: Replica, mode: 'open' | 'holding' | 'draining'): void {
  runAs(replica.owner, () => {
    replica.ops?.coordinator.byHand(mode);
    // In its own time, as it dates its attempts.
    replica.heldSince = mode === 'holding' && replica.ops !== null ? Date.now() : null;
  });
}

/** Of what leaves a replica whose gate is held by hand: nothing that was marked since (design.md section 2, *hold*). */
export function checkHold(
  { replicas, complain }: World,
  owner: Owner,
  { id, attempts }: Transaction,
  number: number,
): void {
  const heldSince = replicas.find((each) => each.owner === owner)?.heldSince ?? null;
  const marked = attempts.find((each) => each.number === number);
  if (heldSince !== null && marked !== undefined && marked.at > heldSince + turnMaxMs)
    complain('sent while the gate was held by hand', `attempt ${number}`, id);
}

/**
 * What the audit finds and a person is to answer for, under whose name it stands in the journal: what was ordered to be
 * sent once more is (R2), also after what came later; what was resolved is what was seen just then.
 */
export function isByPerson({ rule, transaction }: Violation, records: ReadonlyMap<string, Transaction>): boolean {
  const record = records.get(transaction ?? '');
  if (record === undefined) return false;
  const isOrdered = ({ operatorReplay }: Transaction): boolean => operatorReplay !== undefined;
  if (rule === 'promised, and abandoned') return isCancelled(record);
  if (rule === 'what may not be repeated was repeated') return isOrdered(record);
  if (rule === 'out of order')
    return [...records.values()].some((each) => each.place.lane === record.place.lane && isOrdered(each));
  const reason = 'reason' in record.state ? record.state.reason : '';
  return reason.startsWith('resolved by operator-') && resolvedRules.has(rule);
}

const resolvedRules: ReadonlySet<string> = new Set([
  'failed, and done',
  'completed, and not done',
  'done in the journal, not on the VIM',
]);

/** By a person, who may take back what the gateway promised (R2). */
const isCancelled = ({ state }: Transaction): boolean =>
  state.status === 'abandoned' && state.reason.startsWith('cancelled by');

/** What was told to operators, against the journal in its end. */
export function checkActs({ operated, server, complain }: World): void {
  for (const { act: name, by, transaction, as, told } of operated) {
    const record = server.records.get(transaction);
    const { state } = record ?? {};
    const isNamed = state !== undefined && 'reason' in state && state.reason.startsWith(`${verbs[name]} by ${by}`);
    const isOrdered = name === 'replay' && record?.operatorReplay?.by === by;
    if (told === 'refused' && (isNamed || isOrdered))
      complain('an operator was refused, and it was done', by, transaction);
    if (told !== 'done' || name === 'replay') continue;
    const wanted = name === 'cancel' ? 'abandoned' : as;
    if (!isNamed || state?.status !== wanted)
      complain('an operator was told that it is done, and it is not', by, transaction);
  }
}

const verbs: Readonly<Record<ActName, string>> = { replay: 'replayed', cancel: 'cancelled', resolve: 'resolved' };
