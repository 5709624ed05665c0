// The completion of a transaction and its copies for those who joined (R26, R28): each URL has one, once, by whichever way it ended.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hasCompletion, joinedByUrl, joinedUrlsMax, reportsKeptMax } from '../../src/domain/completion-reports.ts';
import { deadLettered, delivered, nextDeliveries, nextDelivery } from '../../src/domain/deliveries.ts';
import { failedByLook, settledByAnswer, settledByLook } from '../../src/domain/moves.ts';
import { madeUp, type ReportFacts, reported } from '../../src/domain/reports.ts';
import type { Transaction } from '../../src/domain/transaction.ts';
import { attemptsOf, held, inStatus, type Said } from './records.ts';

const policy = { ...held().policy, ack: 'report' } as const;
const record = (said: Said = {}): Transaction =>
  inStatus('accepted', {
    policy,
    attempts: attemptsOf('answered'),
    wants: ['callback', 'events'],
    answer: { status: 200, bodyBytes: 0, at: 1, from: 'esc' },
    ...said,
  });

const success: ReportFacts = {
  at: 10,
  attempt: 1,
  isCleanUp: false,
  channel: 'callback',
  eventType: 'CREATE_TENANT',
  status: 'success',
  digest: 'd1',
  verdict: 'success',
  escTransactionId: null,
};
const failure: ReportFacts = { ...success, status: 'failure', verdict: 'failure' };
const context = { currentEpoch: 1, replica: 'replica-2' };

/** URLs that the completion goes to: 0 is the client's, 1, 2, … those that joined. */
const toldTo = ({ reports }: Transaction): number[] =>
  reports
    .filter(({ delivery, verdict }) => verdict !== undefined && delivery.state !== 'none')
    .map(({ joined = 0 }) => joined);

const joinedTimes = (transaction: Transaction, times: number): Transaction => {
  let current = transaction;
  for (let count = 0; count < times; count += 1) current = joinedByUrl(current, 20 + count).transaction;
  return current;
};

const madeUpOf = (transaction: Transaction, status: 'success' | 'failure'): Transaction =>
  madeUp(transaction, { status, eventType: 'X', digest: 'made-up', now: 30 }).transaction;

/** The ways in which what ESC accepted ends. */
const ends: readonly { name: string; end: (transaction: Transaction) => Transaction }[] = [
  { name: 'by a report of success', end: (current) => reported(current, success, context).transaction },
  { name: 'by a report of failure', end: (current) => reported(current, failure, context).transaction },
  { name: 'by a look that finds it done', end: (current) => madeUpOf(settledByLook(current, 'seen', 30), 'success') },
  { name: 'by a look that finds it broken', end: (current) => madeUpOf(failedByLook(current, 'seen', 30), 'failure') },
];

for (const { name, end } of ends) {
  test(`R26 each URL has the completion once, whenever it joined: ended ${name}`, () => {
    const count = fc.nat({ max: 5 });
    fc.assert(
      fc.property(count, count, fc.boolean(), (before, after, isWanted) => {
        const begun = record(isWanted ? {} : { wants: [] });
        const ended = end(joinedTimes(begun, before));
        let current = ended;
        for (let joins = 0; joins < after; joins += 1) {
          const { transaction, isToBeMadeUp } = joinedByUrl(current, 40);
          // Nobody wanted one until now, so there is none yet.
          current = isToBeMadeUp
            ? madeUpOf(transaction, transaction.state.status === 'completed' ? 'success' : 'failure')
            : transaction;
        }
        const joined = Array.from({ length: before + after }, (_, index) => index + 1);
        const first = isWanted ? [0] : [];
        assert.deepEqual(
          toldTo(current).sort((a, b) => a - b),
          [...first, ...joined],
        );
        const numbers = current.reports.map(({ number }) => number);
        assert.equal(new Set(numbers).size, numbers.length, 'each has a number of its own');
        for (const { copyOf } of current.reports) assert.ok(copyOf === undefined || numbers.includes(copyOf));
      }),
    );
  });

  test(`R28 a second end of one that ended ${name} is told to nobody`, () => {
    const ended = end(joinedTimes(record(), 2));
    const again = reported(ended, { ...success, digest: 'd2', at: 50 }, context);
    assert.equal(again.word, 'recorded');
    assert.deepEqual(toldTo(again.transaction), toldTo(ended));
    assert.deepEqual(toldTo(madeUpOf(ended, 'success')), toldTo(ended));
  });
}

test('R26 the URLs do not wait for each other: after a dead letter and a delivery the third is still due', () => {
  const ended = reported(joinedTimes(record(), 2), success, context).transaction;
  assert.deepEqual(
    nextDeliveries(ended).map(({ report }) => report.joined ?? 0),
    [0, 1, 2],
  );
  const [first, second] = ended.reports;
  const dead = deadLettered(ended, first?.number ?? 0, { error: 'refused', now: 60 }) ?? assert.fail();
  const told = delivered(dead, second?.number ?? 0, 61) ?? assert.fail();
  assert.equal(nextDelivery(told)?.report.joined, 2);
  assert.ok(hasCompletion(told));
});

test('R30 the client’s own reports keep their order while a joined URL has its completion', () => {
  const event = { ...success, verdict: null, eventType: 'VM_ALIVE', digest: 'd0', at: 5 };
  const early = reported(joinedTimes(record(), 1), event, context).transaction;
  const ended = reported(early, success, context).transaction;
  const due = nextDeliveries(ended).map(({ report }) => [report.joined ?? 0, report.eventType]);
  assert.deepEqual(due, [
    [0, 'VM_ALIVE'],
    [1, 'CREATE_TENANT'],
  ]);
});

test('of what ESC refused, and of what was never sent, who joins wants no completion', () => {
  const refusal = { status: 409, bodyBytes: 3, escTransactionId: null, now: 5 };
  const sent = inStatus('in-flight', { policy, attempts: attemptsOf('under way'), wants: ['callback'] });
  const refused = joinedByUrl(settledByAnswer(sent, refusal), 6);
  const abandoned = joinedByUrl(inStatus('abandoned', { policy }), 6);
  for (const { transaction, isToBeMadeUp } of [refused, abandoned]) {
    assert.deepEqual([transaction.joined, transaction.reports, isToBeMadeUp], [1, [], false]);
  }
});

test('of an operation that its answer ends, who joins has had that answer', () => {
  const answer = { status: 200, bodyBytes: 0, at: 1, from: 'esc' } as const;
  const done = inStatus('completed', { policy: { ...policy, ack: 'answer' }, answer });
  assert.equal(joinedByUrl(done, 6).isToBeMadeUp, false);
});

test('a record never keeps more reports than it may, and the completion of each URL is among them', () => {
  const plain = { ...success, verdict: null, eventType: 'VM_ALIVE' };
  let current = joinedTimes(record({ wants: [] }), joinedUrlsMax);
  for (let count = 0; count < reportsKeptMax; count += 1)
    current = reported(current, { ...plain, digest: `plain-${count}` }, context).transaction;
  current = reported(current, success, context).transaction;
  assert.equal(current.reports.length, reportsKeptMax);
  assert.equal(toldTo(current).length, joinedUrlsMax);
});

test('R26 and R29 a completion that still has to go to another URL stays, however many events come after it', () => {
  const settled = reported(record(), success, context).transaction;
  const joined = joinedByUrl(settled, 20).transaction;
  let kept = delivered(joined, 1, 30) ?? joined;
  for (let at = 40; at < 40 + 2 * reportsKeptMax; at += 1) {
    const event = { ...success, at, channel: 'events', verdict: null, digest: `event ${at}` } as const;
    const { transaction, number } = reported(kept, event, context);
    kept = delivered(transaction, number ?? 0, at) ?? transaction;
  }
  assert.equal(kept.reports.length, reportsKeptMax);
  const [next] = nextDeliveries(kept);
  assert.equal(next?.report.joined, 1);
  assert.ok(kept.reports.some(({ number }) => number === next?.report.copyOf));
});
