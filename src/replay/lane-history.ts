/** The journal's knowledge of one lane, read for a look: its transactions, and what its other updates asked for. */
import { type History, historyOf } from '../domain/standing.ts';
import type { Transaction } from '../domain/transaction.ts';
import { compareContent } from '../esc/content.ts';
import type { Journal } from '../journal/journal.ts';
import { type RequestMessage, unpackRequest } from '../journal/message.ts';
import type { Look } from './look.ts';
import { type LaterUpdate, laterOf, mayHaveActed, noOtherUpdates, type OtherUpdates } from './neighbours.ts';

/** How far back the lane is read for an earlier create that still stands. */
const laneHistoryMax = 200;
/** How many requests of other updates are read, each way. */
const updatesReadMax = 10;

/** Newest first, as far back as is read: what came later on the lane stands before the transaction itself. */
export const laneOf = (journal: Journal, { place }: Transaction): Promise<Transaction[]> =>
  journal.list({ lane: place.lane, limit: laneHistoryMax });

/** What the journal knows of a resource that is there, besides this transaction's own create (R15). */
export const historyBefore = async (journal: Journal, { place, sequence }: Transaction): Promise<History> =>
  historyOf(await journal.list({ lane: place.lane, beforeSequence: sequence, limit: laneHistoryMax }));

/**
 * What other updates of the lane say beside a look at an update's resource (R16): of later ones, those that ESC may have;
 * of earlier ones, those since the last that set it to something else, or made or deleted it.
 * @throws JournalUnavailable
 */
export async function otherUpdatesOf(
  journal: Journal,
  transaction: Transaction,
  { message, lane, seen }: { message: RequestMessage; lane: readonly Transaction[]; seen: Look },
): Promise<OtherUpdates> {
  if (transaction.policy.kind !== 'update') return noOtherUpdates;
  const asked = async ({ id }: Transaction): Promise<Uint8Array | null> => {
    const packed = await journal.body(id, 'request');
    return packed === null ? null : unpackRequest(packed).body;
  };
  const later: LaterUpdate[] = [];
  let same: Transaction | null = null;
  const laterUpdates = laterOf(transaction, lane).filter(({ policy }) => policy.kind === 'update');
  for (const other of laterUpdates.slice(0, updatesReadMax)) {
    const body = await asked(other);
    if (body === null) continue;
    if (compareContent(message.body, body) === 'equal') same = other;
    const shown = seen.found === 'done' ? compareContent(body, seen.body) : 'incomparable';
    later.push({ transaction: other, shown });
  }
  for (const other of earlierSettings(transaction, lane)) {
    if (same !== null) break;
    const body = await asked(other);
    const comparison = body === null ? 'incomparable' : compareContent(message.body, body);
    if (comparison === 'equal') same = other;
    if (comparison === 'different' && other.state.status === 'completed') break;
  }
  return { same, later };
}

/** Earlier creates and updates since the last delete that ESC may have taken, newest first. */
function earlierSettings({ sequence }: Transaction, lane: readonly Transaction[]): Transaction[] {
  const earlier = lane.filter((each) => each.sequence < sequence && mayHaveActed(each));
  const end = earlier.findIndex(({ policy }) => policy.kind === 'delete');
  const since = end === -1 ? earlier : earlier.slice(0, end);
  return since.filter(({ policy }) => policy.kind === 'update' || policy.kind === 'create').slice(0, updatesReadMax);
}
