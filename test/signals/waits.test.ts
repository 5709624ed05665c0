/** What a record's writes tell of its waits: a hold until it is sent, a replay until somebody knows what became of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as moves from '../../src/domain/moves.ts';
import type { Transaction } from '../../src/domain/transaction.ts';
import { type Waited, Waits } from '../../src/ops/waits.ts';
import { held } from '../domain/records.ts';

const at = (transaction: Transaction, now: number, epoch = 1): Transaction =>
  moves.marked(transaction, { epoch, node: null, now, hasWaited: true });
const answered = { status: 200, bodyBytes: 0, escTransactionId: null };

/** What each write ended. */
function told(waits: Waits, ...records: readonly Transaction[]): (Waited | null)[] {
  return records.map((record) => waits.written(record));
}

const first = held();
const sent = at(first, 2000);
const lost = moves.unacknowledged(sent, 'the epoch ended', 3000);

test('a hold ends when it is sent, and lasts from when it began', () => {
  const waits = new Waits();
  const since = first.state.status === 'held' ? first.state.since : 0;
  assert.deepEqual(told(waits, first, sent), [null, { kind: 'hold', since, endedAt: 2000, to: 'in-flight' }]);
  assert.equal(waits.oldest('hold'), null);
});

test('a hold that was abandoned says so', () => {
  const waits = new Waits();
  assert.equal(told(waits, first, moves.abandoned(first, 'late', 9000))[1]?.kind, 'hold');
});

test('what is sent at once waits for nothing', () => {
  assert.deepEqual(told(new Waits(), sent, moves.settledByAnswer(sent, { ...answered, now: 2500 })), [null, null]);
});

test('a replay lasts through all its sendings, until it is known what became of it', () => {
  const waits = new Waits();
  const again = at(lost, 4000, 2);
  const refused = moves.replayRefused(again, 500, 5000);
  const third = at(refused, 6000, 2);
  assert.deepEqual(told(waits, sent, lost, again, refused), [null, null, null, null]);
  assert.equal(waits.oldest('replay'), 3000);
  const end = moves.settledByAnswer(third, { ...answered, now: 7000 });
  assert.deepEqual(told(waits, third, end), [
    null,
    { kind: 'replay', since: 3000, endedAt: 7000, verdict: 'sent-again' },
  ]);
  assert.equal(waits.oldest('replay'), null);
});

for (const [verdict, end] of [
  ['found-done', moves.settledByLook(lost, 'a look found it', 5000)],
  ['found-under-way', moves.foundUnderWay(lost, { epoch: 2, now: 5000 })],
  ['left-to-operator', moves.leftToOperator(lost, 'nobody can tell', 5000)],
  ['failed', moves.settledByRefusal(lost, { status: 409, bodyBytes: 0, now: 5000 })],
] as const) {
  test(`a replay that ended otherwise is told as ${verdict}`, () => {
    const [, over] = told(new Waits(), lost, end);
    assert.deepEqual(over, { kind: 'replay', since: 3000, endedAt: 5000, verdict });
  });
}

test('what another replica has written waits here no more', () => {
  const waits = new Waits();
  told(waits, first);
  waits.forget(first.id);
  assert.equal(waits.oldest('hold'), null);
  assert.deepEqual(told(waits, sent), [null]);
});

test('the oldest is the one that has waited longest, whichever came first', () => {
  const waits = new Waits();
  const later = { ...lost, id: 'later', state: { ...lost.state, since: 3500 } } as Transaction;
  told(waits, later, lost);
  assert.equal(waits.oldest('replay'), 3000);
});
