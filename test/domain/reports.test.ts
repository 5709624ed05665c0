// What ESC's reports make of a record: who settles, what is relayed, what only asks for a look (R20, R28, R29, R30).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reportsKeptMax } from '../../src/domain/completion-reports.ts';
import {
  deadLettered,
  delivered,
  deliveryBackoffMs,
  failedTry,
  nextDelivery,
  resent,
} from '../../src/domain/deliveries.ts';
import {
  knownTransactionId,
  madeUp,
  pendingVerdict,
  type Reported,
  type ReportFacts,
  reported,
  settledByReport,
} from '../../src/domain/reports.ts';
import type { Attempt, RecordedAnswer, State, Transaction } from '../../src/domain/transaction.ts';
import { held, type Said } from './records.ts';

const epoch = 3;

const attempt = (number: number, said: Partial<Attempt> = {}): Attempt => ({
  number,
  kind: 'send',
  epoch,
  node: null,
  at: 1,
  outcome: 'answered',
  ...said,
});

const accepted: State = { status: 'accepted', since: 5, epoch, signAt: 5, isWatched: false };
const inFlight: State = { status: 'in-flight', since: 5, epoch, attempt: 1, hasWaited: false };
const unacknowledged: State = { status: 'unacknowledged', since: 5, reason: 'reset' };
const awaitingOperator: State = { status: 'awaiting-operator', since: 5, reason: 'reset' };
const completed: State = { status: 'completed', settledAt: 5, reason: 'looked' };
const escAnswer: RecordedAnswer = { status: 200, bodyBytes: 3, at: 4, from: 'esc' };

const record = (said: Said = {}): Transaction =>
  held({
    state: accepted,
    attempts: [attempt(1)],
    wants: ['callback', 'events'],
    reports: [],
    endedAt: null,
    answer: escAnswer,
    escTransactionId: 'first-id',
    ...said,
  });

const withoutResource = (said: Said = {}): Transaction =>
  record({ ...said, policy: { ...held().policy, kind: 'action', look: null } });

let digests = 0;
const came = (said: Partial<ReportFacts> = {}): ReportFacts => {
  digests += 1;
  return {
    at: 100 + digests,
    attempt: 1,
    isCleanUp: false,
    channel: 'callback',
    eventType: 'VM_ALIVE',
    status: 'success',
    digest: `digest-${digests}`,
    verdict: null,
    escTransactionId: 'first-id',
    ...said,
  };
};
const success = (said: Partial<ReportFacts> = {}): ReportFacts =>
  came({ eventType: 'SERVICE_ALIVE', verdict: 'success', ...said });

const take = (transaction: Transaction, facts: ReportFacts, currentEpoch = epoch): Reported =>
  reported(transaction, facts, { currentEpoch, replica: 'replica-2' });
const deliveryOf = ({ transaction, number }: Reported): string =>
  transaction.reports.find((report) => report.number === number)?.delivery.state ?? 'not kept';
const said = (result: Reported): string => `${result.word} ${result.transaction.state.status} ${deliveryOf(result)}`;

test('R21 who has no answer yet knows the id of the first report, whatever settles later', () => {
  const unanswered = record({ state: inFlight, attempts: [attempt(1)], answer: null, escTransactionId: null });
  const told = take(unanswered, came({ escTransactionId: 'told-id' }));
  assert.equal(knownTransactionId(told.transaction), 'told-id');
  const later = take(told.transaction, success({ escTransactionId: 'other-id' }));
  assert.equal(knownTransactionId(later.transaction), 'told-id');
  const cleanedUp = take(unanswered, came({ isCleanUp: true, escTransactionId: 'other-id' }));
  assert.equal(knownTransactionId(cleanedUp.transaction), null);
});

test('R28 the first terminal report settles and is queued by the same write; a later one is recorded only', () => {
  const first = take(record(), success());
  assert.equal(said(first), 'settled completed waiting');
  assert.equal(
    said(take(first.transaction, success({ status: 'failure', verdict: 'failure' }))),
    'recorded completed none',
  );
  assert.equal(said(take(record(), success({ verdict: 'failure' }))), 'settled failed waiting');
});

test('a report that is a step on the way is relayed and is a sign of life', () => {
  const facts = came();
  const result = take(record(), facts);
  assert.equal(said(result), 'recorded accepted waiting');
  assert.deepEqual(result.transaction.state, { ...accepted, signAt: facts.at });
});

test('R29 an equal report changes nothing; the same event with other bytes is another report', () => {
  const facts = came();
  const { transaction } = take(record(), facts);
  assert.deepEqual(take(transaction, facts), { transaction, word: 'duplicate', number: null });
  assert.equal(take(transaction, came()).number, 2);
});

test('R29 what comes after the terminal report is relayed, in whatever epoch: a VM recovers while its deployment stands', () => {
  const { transaction } = take(record(), success());
  assert.equal(
    said(take(transaction, came({ eventType: 'VM_RECOVERY_COMPLETE' }), epoch + 4)),
    'recorded completed waiting',
  );
  assert.equal(said(take(transaction, came({ channel: 'events' }), epoch + 4)), 'recorded completed waiting');
});

test('a report on a channel that the client gave no URL for is recorded only, and settles all the same', () => {
  assert.equal(said(take(record({ wants: [] }), came())), 'recorded accepted none');
  assert.equal(said(take(record({ wants: [] }), success())), 'settled completed none');
  assert.equal(said(take(record({ wants: ['events'] }), success())), 'settled completed none');
});

test('R28 a report of an ended epoch asks for a look and settles nothing', () => {
  const result = take(record({ state: unacknowledged }), success(), epoch + 1);
  assert.equal(said(result), 'look unacknowledged none');
  assert.equal(said(take(record(), came(), epoch + 1)), 'look accepted waiting');
  assert.equal(said(take(record({ attempts: [] }), success())), 'look accepted none');
});

test('R28 for an operation without a resource the SUCCESS of an ended epoch settles, a FAILURE does not', () => {
  for (const state of [accepted, unacknowledged, awaitingOperator]) {
    assert.equal(said(take(withoutResource({ state }), success(), epoch + 1)), 'settled completed waiting');
  }
  const failure = success({ status: 'failure', verdict: 'failure' });
  assert.equal(
    said(take(withoutResource({ state: unacknowledged }), failure, epoch + 1)),
    'recorded unacknowledged none',
  );
});

test('R28 after it was sent again, reports of the attempt before are recorded only', () => {
  const again = record({ attempts: [attempt(1), attempt(2)] });
  assert.equal(said(take(again, came())), 'recorded accepted none');
  assert.equal(said(take(again, success())), 'recorded accepted none');
  assert.equal(said(take(again, success({ attempt: 2 }))), 'settled completed waiting');
  const cleaned = record({ attempts: [attempt(1), attempt(2, { kind: 'clean-up' })] });
  assert.equal(said(take(cleaned, came())), 'recorded accepted none');
  const neverSent = record({ attempts: [attempt(1), attempt(2, { outcome: 'never-sent' })] });
  assert.equal(said(take(neverSent, success())), 'settled completed waiting');
});

test('R20 what reports a clean-up is never relayed and settles nothing', () => {
  const attempts = [attempt(1), attempt(2, { kind: 'clean-up' })];
  const result = take(record({ attempts, state: unacknowledged }), success({ attempt: 2, isCleanUp: true }));
  assert.equal(said(result), 'recorded unacknowledged none');
});

test('a terminal report that comes before the answer settles when the answer is known, and only then is queued', () => {
  const early = take(
    record({ state: inFlight, answer: null, attempts: [attempt(1, { outcome: 'unknown' })] }),
    success(),
  );
  assert.equal(said(early), 'recorded in-flight none');
  assert.equal(nextDelivery(early.transaction), null);
  const pending = pendingVerdict(early.transaction);
  assert.equal(pending?.verdict, 'success');
  assert.equal(pending?.report.number, 1);

  const answer: RecordedAnswer = { status: 200, bodyBytes: 3, at: 300, from: 'esc' };
  const settled = settledByReport(early.transaction, pending.report, 300, { answer });
  assert.equal(settled.state.status, 'completed');
  assert.deepEqual(settled.answer, answer);
  assert.equal(nextDelivery(settled)?.report.number, 1);
});

test('a terminal report that came before the answer counts also where the client wants none, and not after a re-send', () => {
  const early = take(record({ state: inFlight, wants: [] }), success()).transaction;
  assert.equal(pendingVerdict(early)?.verdict, 'success');
  assert.equal(nextDelivery(settledByReport(early, early.reports[0] ?? assert.fail(), 300)), null);
  assert.equal(pendingVerdict({ ...early, attempts: [attempt(1), attempt(2)] }), null);
  assert.equal(pendingVerdict(take(record({ state: inFlight }), came()).transaction), null);
});

test('R22 settled by a report whose answer was lost: the first 2xx without body, and the id that the report told', () => {
  const lost = record({ state: unacknowledged, answer: null, escTransactionId: null });
  const { transaction } = take(lost, success({ escTransactionId: 'told-by-report' }));
  assert.deepEqual([transaction.answer?.status, transaction.answer?.from], [201, 'made-up']);
  assert.equal(transaction.escTransactionId, 'told-by-report');
  assert.equal(take(record(), success({ escTransactionId: 'second-id' })).transaction.escTransactionId, 'first-id');
});

test('what ends an operation on the events channel asks for a look, so that the Callback gets its own completion', () => {
  const result = take(record(), success({ channel: 'events' }));
  assert.equal(said(result), 'look accepted waiting');
  assert.equal(said(take(result.transaction, success())), 'settled completed waiting');
});

test('a completion that comes after an end without any is relayed: not-observed, or by answer', () => {
  assert.equal(said(take(record({ state: completed }), success())), 'recorded completed waiting');
});

test('a completion is made up once, only for who wants it, and not where one was queued', () => {
  const facts = { status: 'success' as const, eventType: 'SERVICE_ALIVE', digest: 'made-up', now: 7 };
  const first = madeUp(take(record({ state: completed }), came()).transaction, facts);
  assert.equal(first.number, 2);
  assert.equal(first.transaction.reports.at(-1)?.from, 'made-up');
  assert.deepEqual(madeUp(first.transaction, facts), { transaction: first.transaction, number: null });
  assert.equal(madeUp(record({ wants: ['events'] }), facts).number, null);
  assert.equal(said(take(first.transaction, success())), 'recorded completed none');
});

test('R30 deliveries go in the order of numbers; one that is tried again holds up the next, a dead letter does not', () => {
  let transaction = record();
  for (const _ of [1, 2, 3]) transaction = take(transaction, came()).transaction;
  const next = (): number | undefined => nextDelivery(transaction)?.report.number;
  transaction = delivered(transaction, 1, 200) ?? assert.fail();
  assert.equal(next(), 2);
  transaction = failedTry(transaction, 2, { error: 'refused', dueAt: 900 }) ?? assert.fail();
  assert.deepEqual([next(), nextDelivery(transaction)?.delivery.dueAt], [2, 900]);
  transaction = deadLettered(transaction, 2, { error: '404', now: 901 }) ?? assert.fail();
  assert.equal(next(), 3);
  transaction = resent(transaction, 2, { now: 950, replica: 'replica-9' }) ?? assert.fail();
  assert.deepEqual([next(), nextDelivery(transaction)?.delivery.since], [2, 950]);
});

test('R30 what was delivered, dropped or is waiting is not delivered again or sent again', () => {
  const { transaction } = take(record(), came());
  const done = delivered(transaction, 1, 200) ?? assert.fail();
  assert.equal(delivered(done, 1, 201), null);
  assert.equal(failedTry(done, 1, { error: '', dueAt: 1 }), null);
  assert.equal(deadLettered(done, 7, { error: '', now: 1 }), null);
  assert.equal(resent(done, 1, { now: 1, replica: 'r' }), null);
  assert.equal(resent(transaction, 1, { now: 1, replica: 'r' }), null);
});

test('R30 who records a report of a settled transaction that nobody looks after takes it; otherwise its owner keeps it', () => {
  assert.equal(take(record(), came()).transaction.owner, 'replica-1');
  const idle = record({ state: completed });
  const taken = take(idle, came()).transaction;
  assert.equal(taken.owner, 'replica-2');
  assert.equal(reported(taken, came(), { currentEpoch: epoch, replica: 'replica-3' }).transaction.owner, 'replica-2');
});

test('R21 the client knows ESC’s first id, or the Northgate ID where it was promised a result before any answer', () => {
  assert.equal(knownTransactionId(record()), 'first-id');
  assert.equal(knownTransactionId(record({ promisedAt: 3 })), 't1');
  assert.equal(knownTransactionId(record({ answer: null, promisedAt: 3, escTransactionId: null })), 't1');
  assert.equal(knownTransactionId(record({ answer: null, escTransactionId: null })), null);
});

test('a record keeps at most so many reports, and drops what needs nothing any more first, then dead letters', () => {
  let transaction = record({ state: completed });
  for (let count = 0; count < reportsKeptMax; count += 1) transaction = take(transaction, came()).transaction;
  transaction = delivered(transaction, 3, 1) ?? assert.fail();
  transaction = deadLettered(transaction, 2, { error: '', now: 1 }) ?? assert.fail();
  const dropped: number[] = [];
  for (let count = 0; count < 3; count += 1) {
    const before = transaction;
    transaction = take(transaction, came()).transaction;
    assert.equal(transaction.reports.length, reportsKeptMax);
    const kept = new Set(transaction.reports.map(({ number }) => number));
    dropped.push(...before.reports.map(({ number }) => number).filter((number) => !kept.has(number)));
  }
  assert.deepEqual(dropped, [3, 2, 1]);
  assert.equal(transaction.reports.at(-1)?.number, reportsKeptMax + 3);
});

test('pauses between tries grow to five minutes, half of each by chance', () => {
  assert.deepEqual([deliveryBackoffMs(1, 0), deliveryBackoffMs(1, 1)], [250, 500]);
  assert.deepEqual([deliveryBackoffMs(50, 0), deliveryBackoffMs(50, 1)], [150_000, 300_000]);
});
