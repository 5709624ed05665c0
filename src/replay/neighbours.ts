/**
 * What other transactions of its lane may have done to the resource that a look shows: a look sees what stands, not who
 * made it. What is `accepted` makes no lane busy (R8), so a later one may have been sent before an earlier one is doubted.
 * Pure; `lane` is newest first. It decides nothing; `reconcile.ts` does.
 */
import { isTaken } from '../domain/outcome.ts';
import { sentOf, type Transaction } from '../domain/transaction.ts';
import type { ContentComparison } from '../esc/content.ts';
import { isProvenOwn } from './evidence.ts';

/** Later ones that ESC may have, newest first. One that ESC refused changed nothing. */
export const laterOf = ({ sequence }: Transaction, lane: readonly Transaction[]): Transaction[] =>
  lane.filter((later) => later.sequence > sequence && mayHaveActed(later));

export const mayHaveActed = (transaction: Transaction): boolean =>
  transaction.state.status !== 'held' && sentOf(transaction) !== 'no' && !isRefused(transaction);

const isRefused = ({ state, attempts }: Transaction): boolean =>
  state.status === 'failed' && attempts.every(({ status }) => !isTaken(status));

/** The epochs in which ESC took it. */
const takenIn = ({ attempts }: Transaction): number[] =>
  attempts.filter(({ kind, status }) => kind === 'send' && isTaken(status)).map(({ epoch }) => epoch);

const wasTaken = (transaction: Transaction): boolean => takenIn(transaction).length > 0;

/** ESC took it, reported it, or a look found it under way, after which its client was told a first 2xx: it may have been done. */
export const isOnceTaken = (transaction: Transaction): boolean =>
  transaction.answer !== null || isProvenOwn(transaction);

/** The newest later one that ESC may have. */
export const overtakerOf = (transaction: Transaction, lane: readonly Transaction[]): Transaction | null =>
  laterOf(transaction, lane)[0] ?? null;

/** The later delete that made an end of whatever it did. */
export const deletedBy = (transaction: Transaction, lane: readonly Transaction[]): Transaction | null =>
  laterOf(transaction, lane).find(({ policy, state }) => policy.kind === 'delete' && state.status === 'completed') ??
  null;

/** The later create that may have made what stands now. */
export const remadeBy = (transaction: Transaction, lane: readonly Transaction[]): Transaction | null =>
  laterOf(transaction, lane).find(({ policy }) => policy.kind === 'create') ?? null;

/** Every settling that saw nothing of what it settles says this first (R3). */
const isSeenDone = ({ state }: Transaction): boolean =>
  state.status === 'completed' && !state.reason.startsWith('not-observed');

/** The later create that ESC has taken, which it can only when the resource was gone. */
export const goneFor = (transaction: Transaction, lane: readonly Transaction[]): Transaction | null =>
  laterOf(transaction, lane).find(
    (later) => later.policy.kind === 'create' && (isProvenOwn(later) || isSeenDone(later)),
  ) ?? null;

/** What the bodies of other updates of the lane say beside a look. */
export interface LaterUpdate {
  readonly transaction: Transaction;
  /** How what it asks for compares with what stands; `incomparable` where nothing was shown. */
  readonly shown: ContentComparison;
}

export interface OtherUpdates {
  /** One that asked for all that this one asks for, so that what is as asked may be its work; null: none. */
  readonly same: Transaction | null;
  readonly later: readonly LaterUpdate[];
}

export const noOtherUpdates: OtherUpdates = { same: null, later: [] };

/**
 * Whether a later update of unknown outcome left nothing behind: its epochs are over, and ESC shows, at rest, something
 * else. It waits for this one in its lane, so sending this one keeps the order.
 */
export const hadNoEffect = ({ transaction, shown }: LaterUpdate, epoch: number): boolean =>
  transaction.state.status === 'unacknowledged' &&
  !wasTaken(transaction) &&
  shown === 'different' &&
  transaction.attempts.every((attempt) => attempt.epoch < epoch);

/**
 * The later one that ESC took in an epoch in which it had taken this one: it answers 409 while one is at work, so this one
 * had ended by then (R8). That ESC took an update whose answer was lost is shown by what stands.
 */
export function followerOf(
  transaction: Transaction,
  lane: readonly Transaction[],
  { later: updates }: OtherUpdates,
): Transaction | null {
  const epochs = takenIn(transaction);
  const standing = updates.filter(({ shown }) => shown === 'equal').map((update) => update.transaction.id);
  const inOneOf = (later: Transaction): boolean =>
    takenIn(later).some((epoch) => epochs.includes(epoch)) ||
    (standing.includes(later.id) && later.attempts.some(({ epoch }) => epochs.includes(epoch)));
  return laterOf(transaction, lane).find(inOneOf) ?? null;
}
