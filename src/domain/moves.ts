/**
 * What each event makes of a transaction's record: one pure function an event, all through `moved` (R1).
 * They decide from the record alone; who calls them writes the result by compare-and-set.
 */
import { isTaken } from './outcome.ts';
import { pendingVerdict, settledByReport } from './reports.ts';
import type { Attempt, Changes, Instant, Transaction } from './transaction.ts';
import { isReplayOrdered, isWaiting, moved, sentOf } from './transaction.ts';

/** Marked in flight for its next attempt (R10 is the journal's to check). */
export function marked(
  transaction: Transaction,
  attempt: { epoch: number; node: string | null; now: Instant; hasWaited: boolean; kind?: Attempt['kind'] },
): Transaction {
  const { epoch, node, now, hasWaited, kind = 'send' } = attempt;
  const number = (transaction.attempts.at(-1)?.number ?? 0) + 1;
  const attempts = [...transaction.attempts, { number, kind, epoch, node, at: now } satisfies Attempt];
  return moved(transaction, { status: 'in-flight', since: now, epoch, attempt: number, hasWaited }, { attempts });
}

/** A record keeps so many attempts; past it, certain failures to send in a row are kept as their last one. */
const attemptsKeptMax = 50;

/** The last attempt with its end written in. */
function ended(
  transaction: Transaction,
  end: Omit<Attempt, 'number' | 'kind' | 'epoch' | 'node' | 'at'>,
): readonly Attempt[] {
  const last = transaction.attempts.at(-1);
  if (last === undefined) return transaction.attempts;
  const before = transaction.attempts.slice(0, -1);
  const isRepeated = end.outcome === 'never-sent' && before.at(-1)?.outcome === 'never-sent';
  const kept = isRepeated && before.length >= attemptsKeptMax ? before.slice(0, -1) : before;
  return [...kept, { ...last, ...end }];
}

export interface AnswerFacts {
  readonly status: number;
  readonly bodyBytes: number;
  readonly escTransactionId: string | null;
  readonly now: Instant;
}

/** The end of an attempt that ESC answered. */
const answeredBy = ({
  status,
  escTransactionId,
  now,
}: AnswerFacts): Omit<Attempt, 'number' | 'kind' | 'epoch' | 'node' | 'at'> => ({
  endedAt: now,
  outcome: 'answered',
  status,
  evidence: `ESC answered ${status}`,
  ...(escTransactionId === null ? {} : { escTransactionId }),
});

/** The client has one answer, the first it was given (R21): a later attempt's changes nothing of it. */
const answerOnce = (transaction: Transaction, { status, bodyBytes, escTransactionId, now }: AnswerFacts): Changes =>
  transaction.answer === null
    ? {
        answer: { status, bodyBytes, at: now, from: 'esc' },
        escTransactionId: transaction.escTransactionId ?? escTransactionId,
      }
    : {};

/** What a client that has no answer is told of an effect that was proven otherwise (R22). */
const answerMadeUp = ({ answer, policy, escTransactionId, id }: Transaction, now: Instant): Changes =>
  answer === null
    ? {
        answer: { status: policy.successStatus, bodyBytes: 0, at: now, from: 'made-up' },
        escTransactionId: escTransactionId ?? id,
      }
    : {};

/** ESC answered and that settles it: `completed` by a 2xx, else `failed`. A 2xx only where `ack` is `answer`. */
export function settledByAnswer(transaction: Transaction, answer: AnswerFacts): Transaction {
  const { status, now } = answer;
  return moved(
    transaction,
    { status: isTaken(status) ? 'completed' : 'failed', settledAt: now, reason: `ESC answered ${status}` },
    { attempts: ended(transaction, answeredBy(answer)), ...answerOnce(transaction, answer) },
  );
}

/** ESC took it; its completion comes later (R3). */
export function acceptedByAnswer(transaction: Transaction, answer: AnswerFacts): Transaction {
  const { now } = answer;
  const epoch = transaction.state.status === 'in-flight' ? transaction.state.epoch : 0;
  return moved(
    transaction,
    { status: 'accepted', since: now, epoch, signAt: now, isWatched: false },
    { attempts: ended(transaction, answeredBy(answer)), ...answerOnce(transaction, answer) },
  );
}

/** A look found it under way on the node that serves now: silence from here on reads as broken (R14). */
export function foundUnderWay(transaction: Transaction, { epoch, now }: { epoch: number; now: Instant }): Transaction {
  return moved(
    transaction,
    { status: 'accepted', since: now, epoch, signAt: now, isWatched: true },
    answerMadeUp(transaction, now),
  );
}

/** A look found in error what ESC had accepted in this epoch. */
export const failedByLook = (transaction: Transaction, evidence: string, now: Instant): Transaction =>
  moved(transaction, { status: 'failed', settledAt: now, reason: evidence });

/** What was accepted is not to be trusted any more: its epoch ended, or it is absent, broken or stuck. */
export const doubted = (transaction: Transaction, reason: string, now: Instant): Transaction =>
  moved(transaction, { status: 'unacknowledged', since: now, reason });

/** A sign of life of what was accepted (R14, R31). */
export function signSeen(transaction: Transaction, now: Instant): Transaction {
  const { state } = transaction;
  return state.status === 'accepted' ? { ...transaction, state: { ...state, signAt: now } } : transaction;
}

/** Long past, and nothing could be looked at that would tell (R3). */
export const notObserved = (transaction: Transaction, now: Instant): Transaction =>
  moved(transaction, { status: 'completed', settledAt: now, reason: 'not-observed' }, answerMadeUp(transaction, now));

/** The answer to a clean-up (R20): it tells nothing of the transaction itself, which is still unacknowledged. */
export function cleanUpEnded(
  transaction: Transaction,
  end: { outcome: 'answered' | 'never-sent' | 'unknown'; evidence: string; status?: number; now: Instant },
): Transaction {
  const { outcome, evidence, status, now } = end;
  const attempts = ended(transaction, { endedAt: now, outcome, evidence, ...(status === undefined ? {} : { status }) });
  return moved(transaction, { status: 'unacknowledged', since: now, reason: evidence }, { attempts });
}

/** Certainly never sent: back to where it came from. With an earlier attempt of unknown outcome it is still unacknowledged. */
export function neverSent(transaction: Transaction, evidence: string, now: Instant): Transaction {
  const attempts = ended(transaction, { endedAt: now, outcome: 'never-sent', evidence });
  if (sentOf({ attempts }) === 'no') {
    return moved(transaction, { status: 'held', since: now, reason: 'gate' }, { attempts });
  }
  return moved(transaction, { status: 'unacknowledged', since: now, reason: evidence }, { attempts });
}

/** Sent, and no complete answer that counts (R11, R12). */
export function unacknowledged(transaction: Transaction, evidence: string, now: Instant): Transaction {
  const attempts =
    transaction.state.status === 'in-flight'
      ? ended(transaction, { endedAt: now, outcome: 'unknown', evidence })
      : transaction.attempts;
  return moved(transaction, { status: 'unacknowledged', since: now, reason: evidence }, { attempts });
}

/** A 503 under READY is maintenance mode: it was refused, so that attempt had no effect (R12). */
export function refusedForMaintenance(transaction: Transaction, now: Instant): Transaction {
  const evidence = 'ESC answered 503 under READY: maintenance mode';
  const attempts = ended(transaction, { endedAt: now, outcome: 'never-sent', status: 503, evidence });
  if (sentOf({ attempts }) === 'no') {
    return moved(transaction, { status: 'held', since: now, reason: 'maintenance' }, { attempts });
  }
  return moved(transaction, { status: 'unacknowledged', since: now, reason: evidence }, { attempts });
}

/** Whether a reading says that ESC has not taken it, so that it goes back to where it came from. */
export const wasNotTaken = ({ kind }: { readonly kind: string }): boolean =>
  kind === 'never-sent' || kind === 'maintenance';

/** A replay was refused and is tried again later (R18): what the answer was stays with the attempt. */
export function replayRefused(transaction: Transaction, status: number, now: Instant): Transaction {
  const evidence = `the replay was answered ${status}`;
  const attempts = ended(transaction, { endedAt: now, outcome: 'answered', status, evidence });
  return moved(transaction, { status: 'unacknowledged', since: now, reason: evidence }, { attempts });
}

/** A look proved the effect (R22): a client without an answer is told the operation's first 2xx, without body. */
export const settledByLook = (transaction: Transaction, evidence: string, now: Instant): Transaction =>
  moved(transaction, { status: 'completed', settledAt: now, reason: evidence }, answerMadeUp(transaction, now));

/** ESC refused the replay for good: its refusal is the client's answer (R15, R18). */
export function settledByRefusal(transaction: Transaction, answer: Omit<AnswerFacts, 'escTransactionId'>): Transaction {
  const { status, now } = answer;
  return moved(
    transaction,
    { status: 'failed', settledAt: now, reason: `ESC answered the replay ${status}` },
    answerOnce(transaction, { ...answer, escTransactionId: null }),
  );
}

export function leftToOperator(transaction: Transaction, reason: string, now: Instant): Transaction {
  return moved(transaction, { status: 'awaiting-operator', since: now, reason });
}

/** Never sent and never to be: `hold.timeout` ran out, its client left, or an operator cancelled it. */
export function abandoned(transaction: Transaction, reason: string, now: Instant): Transaction {
  return moved(transaction, { status: 'abandoned', settledAt: now, reason });
}

/**
 * The client was told 202: from now on it is kept whoever waits (R24). Once ESC's id stands in the record a report may have
 * told it, so the promise is made under it (R21).
 */
export function promised(transaction: Transaction, now: Instant): Transaction {
  const { promisedAt, escTransactionId } = transaction;
  if (promisedAt !== null) return transaction;
  return { ...transaction, promisedAt: now, ...(escTransactionId === null ? {} : { promisedAs: escTransactionId }) };
}

/**
 * Promised from its creation, and promised to one more who met it at another gateway: whoever undoes an unconfirmed creation
 * sees that it was met (ADR 0033).
 */
export function promisedAgain(transaction: Transaction, now: Instant): Transaction {
  return isPromisedAsCreated(transaction)
    ? { ...transaction, promisedAt: Math.max(now, transaction.receivedAt + 1) }
    : promised(transaction, now);
}

/** Nobody but its first client was promised anything. */
export const isPromisedAsCreated = ({ promisedAt, receivedAt }: Transaction): boolean => promisedAt === receivedAt;

/**
 * What a gateway that starts makes of a record that an earlier process left in flight: whether its request left is
 * not known any more. Held and unacknowledged ones go on as they are.
 */
export function takenUp(transaction: Transaction, owner: string, now: Instant): Transaction {
  const owned = { ...transaction, owner };
  if (transaction.state.status !== 'in-flight') return owned;
  const unknown = unacknowledged(owned, 'the gateway that sent it ended before the answer was recorded', now);
  // A report that came before the answer is ESC's word where nothing can be looked at (R28).
  const pending = transaction.policy.look === null ? pendingVerdict(unknown) : null;
  return pending?.verdict === 'success' ? settledByReport(unknown, pending.report, now) : unknown;
}

/** Whether the lanes have to send it: held, unacknowledged, or left to the operator, who has ordered its replay. */
export const isToBeSent = (transaction: Transaction): boolean =>
  isWaiting(transaction.state.status) ||
  (transaction.state.status === 'awaiting-operator' && isReplayOrdered(transaction));
