/**
 * What ESC's reports make of a transaction's record (R20, R28–R30), and what becomes of their deliveries. Pure: the
 * record alone decides; who calls writes the result, with the report's bytes, in one compare-and-set.
 * Invariant: a report that settles is queued for the client by the same write, and at most one terminal report is.
 */
import { hasCompletion, nextNumber, none, noUrl, queuedCompletion, withReport } from './completion-reports.ts';
import { takenIfIdle, waiting } from './deliveries.ts';
import { isTaken } from './outcome.ts';
import {
  type Changes,
  type Channel,
  type Delivery,
  type Instant,
  isSettled,
  moved,
  type RecordedAnswer,
  type Report,
  type Transaction,
} from './transaction.ts';

export type Verdict = 'success' | 'failure';

/** A report as it came, read. */
export interface ReportFacts {
  readonly at: Instant;
  /** Number of the attempt whose token it bore. */
  readonly attempt: number;
  /** It bore a clean-up's token (R20). */
  readonly isCleanUp: boolean;
  readonly channel: Channel;
  readonly eventType: string | null;
  readonly status: 'success' | 'failure' | null;
  readonly digest: string;
  /** How it ends the operation; null: it does not. */
  readonly verdict: Verdict | null;
  /** ESC's transaction id that it names; null: none. */
  readonly escTransactionId: string | null;
}

export interface ReportContext {
  readonly currentEpoch: number;
  /** Takes what nobody looks after: a settled transaction with nothing to deliver (R30). */
  readonly replica: string;
}

/**
 * `settled`: by this report. `look`: it proves nothing by itself, and the resource should be asked for (R28).
 * `recorded`: kept, to be relayed or not. `duplicate`: an equal one was kept before, nothing changes (R29).
 */
export type ReportWord = 'recorded' | 'settled' | 'look' | 'duplicate';

export interface Reported {
  readonly transaction: Transaction;
  readonly word: ReportWord;
  /** Under which its bytes are to be kept, as `report-NUMBER`; null for a duplicate. */
  readonly number: number | null;
}

const waitsForAnswer = none('ends its operation before the answer is known');

/** The record with one more report. */
export function reported(transaction: Transaction, facts: ReportFacts, context: ReportContext): Reported {
  if (transaction.reports.some(({ digest }) => digest === facts.digest)) {
    return { transaction, word: 'duplicate', number: null };
  }
  const judged = judge(transaction, facts, context.currentEpoch);
  const report = reportOf(transaction, facts, deliveryOf(transaction, facts, judged));
  const named = withId(withSign(transaction, facts), facts, judged);
  const kept = withReport(takenIfIdle(named, context.replica), report);
  if (judged !== 'settles') return { transaction: kept, word: wordOf(judged), number: report.number };
  return { transaction: settledByReport(kept, report, facts.at), word: 'settled', number: report.number };
}

/** Where no answer told the client ESC's id, it is the one that the first report tells, whatever settles later (R21, R22). */
function withId(transaction: Transaction, { escTransactionId: told }: ReportFacts, judged: Judgement): Transaction {
  const { escTransactionId } = transaction;
  if (escTransactionId !== null || judged === 'clean-up' || judged === 'outdated') return transaction;
  return { ...transaction, escTransactionId: told };
}

/**
 * What a report means for its transaction as it stands. `outdated`: of an attempt that another one followed, or of none
 * that reached ESC. `proves`: it would settle, but the answer to its attempt is still under way.
 */
type Judgement = 'clean-up' | 'outdated' | 'passes' | 'late' | 'looks' | 'proves' | 'settles';

function judge(transaction: Transaction, facts: ReportFacts, currentEpoch: number): Judgement {
  const { state, policy } = transaction;
  if (facts.isCleanUp) return 'clean-up';
  const provesAlone = facts.channel === 'callback' && facts.verdict === 'success' && policy.look === null;
  if (isFollowed(transaction, facts.attempt) && !provesAlone) return 'outdated';
  if (state.status === 'held') return 'outdated';
  if (isSettled(state.status)) return facts.verdict === null ? 'passes' : 'late';
  const epoch = transaction.attempts.find(({ number }) => number === facts.attempt)?.epoch ?? 0;
  const isOfEndedEpoch = epoch < currentEpoch && !provesAlone;
  const endsElsewhere = facts.verdict !== null && facts.channel === 'events';
  if (isOfEndedEpoch || endsElsewhere) return policy.look === null ? 'passes' : 'looks';
  if (facts.verdict === null) return 'passes';
  return state.status === 'in-flight' ? 'proves' : 'settles';
}

/** Whether a later attempt, or a clean-up, may have had an effect on ESC, which one that it refused has not: what earlier ones report is past then (R28). */
const isFollowed = ({ attempts }: Transaction, attempt: number): boolean =>
  attempts.some(
    ({ number, outcome, status }) =>
      number > attempt && outcome !== 'never-sent' && (status === undefined || isTaken(status)),
  );

const wordOf = (judged: Exclude<Judgement, 'settles'>): ReportWord => (judged === 'looks' ? 'look' : 'recorded');

/** Whether the newest report of what ESC accepted says that it ended and did not settle it (R28): whoever looks after it asks ESC. */
export const asksForLook = ({ state, reports }: Transaction): boolean =>
  state.status === 'accepted' && reports.at(-1)?.verdict !== undefined;

/** Whether it goes to the client: in the order of numbers, or not at all (R28, R29). */
function deliveryOf(transaction: Transaction, facts: ReportFacts, judged: Judgement): Delivery {
  if (judged === 'clean-up') return none('reports a clean-up');
  if (judged === 'outdated') return none('reports an attempt that another one followed');
  if (judged === 'proves') return waitsForAnswer;
  if (!transaction.wants.includes(facts.channel)) return noUrl;
  if (facts.channel === 'callback' && facts.verdict !== null) {
    if (judged === 'looks') return none('its epoch had ended, so ESC is asked instead');
    if (judged === 'passes') return none('its epoch had ended, and ESC cannot be asked');
    if (hasCompletion(transaction)) return none('the client has its completion already');
  }
  return waiting(facts.at);
}

/** While it is accepted, every report is a sign of life (R14, R31). */
function withSign(transaction: Transaction, { at, isCleanUp }: ReportFacts): Transaction {
  const { state } = transaction;
  return state.status !== 'accepted' || isCleanUp ? transaction : { ...transaction, state: { ...state, signAt: at } };
}

function reportOf(transaction: Transaction, facts: ReportFacts, delivery: Delivery): Report {
  const { at, attempt, channel, eventType, status, digest, verdict } = facts;
  return {
    number: nextNumber(transaction),
    at,
    attempt,
    channel,
    from: 'esc',
    eventType,
    status,
    ...(verdict === null ? {} : { verdict }),
    digest,
    delivery,
  };
}

/**
 * The report that ends the operation of a transaction whose answer was under way when it came; null: none did. Whoever
 * records that answer, or that it will never be known, settles by it with `settledByReport`.
 */
export function pendingVerdict(transaction: Transaction): { verdict: Verdict; report: Report } | null {
  for (const report of transaction.reports) {
    const { verdict, attempt, delivery } = report;
    if (verdict === undefined || delivery.state !== 'none' || delivery.why !== waitsForAnswer.why) continue;
    const provesAlone = verdict === 'success' && transaction.policy.look === null;
    if (provesAlone || !isFollowed(transaction, attempt)) return { verdict, report };
  }
  return null;
}

/**
 * Settled by a report of the record that bears a verdict, and the client hears of it. Who had no answer yet gets the
 * operation's first 2xx (R22): what ESC reports, it had taken. `changes` are the caller's own, such as the answer.
 */
export function settledByReport(
  transaction: Transaction,
  report: Report,
  now: Instant,
  changes: Changes = {},
): Transaction {
  const { eventType, verdict, number } = report;
  if (verdict === undefined) throw new Error(`defect: report ${number} of ${transaction.id} ends nothing (rule R28)`);
  const madeUp: RecordedAnswer = { status: transaction.policy.successStatus, bodyBytes: 0, at: now, from: 'made-up' };
  const queued = hasCompletion(transaction, number) ? transaction : queuedCompletion(transaction, number, now);
  const reason = `ESC reported ${eventType ?? 'an event without a type'}: ${verdict}`;
  return moved(
    queued,
    { status: verdict === 'success' ? 'completed' : 'failed', settledAt: now, reason },
    { ...(transaction.answer === null ? { answer: madeUp } : {}), ...changes },
  );
}

export interface MadeUpFacts {
  readonly status: Verdict;
  readonly eventType: string | null;
  readonly digest: string;
  readonly now: Instant;
}

/**
 * A completion that ESC never sent, to be delivered like one of its own; its bytes are kept under the number that is
 * returned. Number null: the client wants none, or has one already, and nothing changes.
 */
export function madeUp(
  transaction: Transaction,
  { status, eventType, digest, now }: MadeUpFacts,
): { transaction: Transaction; number: number | null } {
  const isWanted = transaction.wants.includes('callback') || transaction.joined > 0;
  if (!isWanted || hasCompletion(transaction)) return { transaction, number: null };
  const report: Report = {
    number: nextNumber(transaction),
    at: now,
    attempt: transaction.attempts.at(-1)?.number ?? 0,
    channel: 'callback',
    from: 'made-up',
    eventType,
    status,
    verdict: status,
    digest,
    delivery: noUrl,
  };
  return { transaction: queuedCompletion(withReport(transaction, report), report.number, now), number: report.number };
}

/** The id that the client knows, for answers and relayed reports (R21); null: it was told none, and ESC's own stands. */
export function knownTransactionId({ id, promisedAt, promisedAs, escTransactionId }: Transaction): string | null {
  return promisedAt === null ? escTransactionId : (promisedAs ?? id);
}
