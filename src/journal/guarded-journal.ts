/**
 * The journal of a replica that does not take what a server says for the truth when it is another server than before (R34).
 * Invariants: of a call in which the server changed nobody can tell on which it was done, so it is `unavailable`, and made
 * again it finds itself done; while records are being written back, and for as long as other replicas may be doing so,
 * nothing new begins and what is missing is not said to be missing. Leases, epochs and lists for people go through.
 */
import type { Transaction } from '../domain/transaction.ts';
import { type Journal, JournalUnavailable, type ListQuery, type Replacement } from './journal.ts';
import type { Recent } from './recent.ts';
import { unavailable } from './turn.ts';

/** `restoring`: this replica's own records may be missing. `quiet`: others' may, nothing new begins. */
type Stage = 'whole' | 'restoring' | 'quiet';

/** Whether the journal can be taken at its word; `replay/repair.ts` says so. */
export interface Trust {
  stage: Stage;
  /** Changes of the server so far. */
  changes: number;
}

const why = 'the journal is on another server now, and what that one may lack is being written back (R34)';
const refused = () => unavailable(new Error(why));
const unreadable = (): JournalUnavailable => new JournalUnavailable(why);

interface GuardedOptions {
  readonly replica: string;
  readonly trust: Trust;
  readonly recent: Recent;
}

export function guardedJournal(journal: Journal, { replica, trust, recent }: GuardedOptions): Journal {
  const reading = async <Result>(
    read: () => Promise<Result>,
    isFit = (_: Result): boolean => true,
  ): Promise<Result> => {
    const { changes } = trust;
    if (trust.stage === 'restoring') throw unreadable();
    const result = await read();
    if (trust.changes !== changes || (trust.stage !== 'whole' && !isFit(result))) throw unreadable();
    return result;
  };
  const isThere = (found: Transaction | null): boolean => found !== null;
  /** Who waits in a lane, and what was done in it before, is known when all have written back. */
  const isOfLane = ({ lane }: ListQuery): boolean => lane !== undefined;
  const mayReplace = ({ mark, transaction }: Replacement): boolean => {
    if (trust.stage !== 'quiet') return trust.stage === 'whole';
    return mark === undefined && transaction.owner === replica;
  };

  return {
    ...journal,
    async create(creation) {
      const { changes, stage } = trust;
      if (stage !== 'whole') return refused();
      const created = await journal.create(creation);
      if (trust.changes !== changes) return refused();
      if (created.word === 'created') recent.wrote(created.transaction, { request: creation.request });
      return created;
    },
    async replace(replacement) {
      const { changes } = trust;
      if (!mayReplace(replacement)) return refused();
      const replaced = await journal.replace(replacement);
      if (trust.changes !== changes) return refused();
      const { id, version } = replacement.transaction;
      if (replaced.word === 'replaced') recent.wrote(replaced.transaction, replacement.bodies);
      else if (replaced.word === 'stale-version') recent.overtaken(id, version);
      else if (replaced.word === 'missing' && trust.stage !== 'whole') return refused();
      return replaced;
    },
    async release(transaction) {
      if (trust.stage === 'restoring') return refused();
      const released = await journal.release(transaction);
      if (released === 'released') recent.released(transaction.id);
      return released;
    },
    holder: (transaction) => reading(() => journal.holder(transaction), isThere),
    get: (id) => reading(() => journal.get(id), isThere),
    // Who wrote it may write it back yet.
    body: (id, which) =>
      reading(
        () => journal.body(id, which),
        (found) => found !== null,
      ),
    list: (query) => {
      const list = (): Promise<Transaction[]> => journal.list(query);
      return isOfLane(query) ? reading(list, () => false) : list();
    },
  };
}
