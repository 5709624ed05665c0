// What each event makes of a record, by example: status, the attempt's end, the answer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as moves from '../../src/domain/moves.ts';
import { knownTransactionId } from '../../src/domain/reports.ts';
import { sentOf, type Transaction } from '../../src/domain/transaction.ts';
import { attemptsOf, type End, held, inStatus } from './records.ts';

const mark = { epoch: 3, node: '192.0.2.1', now: 10, hasWaited: true };
const fresh = (): Transaction => moves.marked(held(), mark);
/** In flight after earlier attempts that ended so. */
const after = (...ends: End[]): Transaction =>
  moves.marked(
    ends.every((end) => end === 'never-sent')
      ? held({ attempts: attemptsOf(...ends) })
      : inStatus('unacknowledged', { attempts: attemptsOf(...ends) }),
    mark,
  );
const last = ({ attempts }: Transaction) => attempts.at(-1) ?? assert.fail('no attempt');

test('marked: the next attempt stands in the record, without an end, before it is sent', () => {
  const marked = fresh();
  assert.deepEqual(marked.state, { status: 'in-flight', since: 10, epoch: 3, attempt: 1, hasWaited: true });
  assert.deepEqual(marked.attempts, [{ number: 1, kind: 'send', epoch: 3, node: '192.0.2.1', at: 10 }]);
  assert.deepEqual(
    after('unknown', 'unknown').attempts.map(({ number }) => number),
    [1, 2, 3],
  );
  assert.equal(sentOf(marked), 'maybe');
});

for (const [status, becomes] of [
  [200, 'completed'],
  [299, 'completed'],
  [302, 'failed'],
  [400, 'failed'],
  [404, 'failed'],
  [500, 'failed'],
] as const) {
  test(`an answer of ${status} settles as ${becomes}, with ESC's words`, () => {
    const settled = moves.settledByAnswer(fresh(), { status, bodyBytes: 7, escTransactionId: 'e1', now: 20 });
    assert.deepEqual(settled.state, { status: becomes, settledAt: 20, reason: `ESC answered ${status}` });
    assert.deepEqual(settled.answer, { status, bodyBytes: 7, at: 20, from: 'esc' });
    const evidence = `ESC answered ${status}`;
    const end = { endedAt: 20, outcome: 'answered', status, evidence, escTransactionId: 'e1' };
    assert.deepEqual(settled.attempts, [{ ...last(fresh()), ...end }]);
  });
}

test("R21 the transaction id is that of ESC's first answer", () => {
  const facts = { status: 200, bodyBytes: 0, now: 20 };
  const first = moves.settledByAnswer(fresh(), { ...facts, escTransactionId: 'e1' });
  assert.equal(first.escTransactionId, 'e1');
  const known = { ...fresh(), escTransactionId: 'e0' };
  assert.equal(moves.settledByAnswer(known, { ...facts, escTransactionId: 'e1' }).escTransactionId, 'e0');
  const silent = moves.settledByAnswer(fresh(), { ...facts, escTransactionId: null });
  assert.deepEqual([silent.escTransactionId, 'escTransactionId' in last(silent)], [null, false]);
});

const neverSentEnds: [End[], 'held' | 'unacknowledged'][] = [
  [[], 'held'],
  [['never-sent'], 'held'],
  [['unknown'], 'unacknowledged'],
  [['unknown', 'never-sent'], 'unacknowledged'],
  [['answered'], 'unacknowledged'],
];

for (const [ends, becomes] of neverSentEnds) {
  const earlier = ends.join(', ') || 'no attempt';
  test(`R11 never sent, after ${earlier}: ${becomes}`, () => {
    const back = moves.neverSent(after(...ends), 'refused', 20);
    const reason = becomes === 'held' ? 'gate' : 'refused';
    assert.deepEqual(back.state, { status: becomes, since: 20, reason });
    const { outcome, evidence, endedAt } = last(back);
    assert.deepEqual([outcome, evidence, endedAt], ['never-sent', 'refused', 20]);
  });
  test(`R12 refused for maintenance, after ${earlier}: ${becomes}, as if never sent, and the 503 stays with the attempt`, () => {
    const back = moves.refusedForMaintenance(after(...ends), 20);
    assert.equal(back.state.status, becomes);
    if (back.state.status === 'held') assert.equal(back.state.reason, 'maintenance');
    assert.deepEqual([last(back).outcome, last(back).status], ['never-sent', 503]);
    assert.equal(sentOf(back), ends.includes('answered') ? 'yes' : becomes === 'held' ? 'no' : 'maybe');
  });
}

test('R11 an outcome that nobody knows is unacknowledged, and what was sent before stays as it was', () => {
  const lost = moves.unacknowledged(after('never-sent'), 'reset', 20);
  assert.deepEqual(lost.state, { status: 'unacknowledged', since: 20, reason: 'reset' });
  assert.deepEqual(
    lost.attempts.map(({ outcome }) => outcome),
    ['never-sent', 'unknown'],
  );
});

test('R1 what was accepted can become unacknowledged; the attempt that ESC answered stays answered', () => {
  const accepted = inStatus('accepted', { attempts: attemptsOf('answered') });
  assert.deepEqual(moves.unacknowledged(accepted, 'the epoch ended', 20).attempts, accepted.attempts);
});

test('R18 a replay that is refused waits again, and its answer stays with the attempt', () => {
  const refused = moves.replayRefused(after('unknown'), 409, 20);
  assert.equal(refused.state.status, 'unacknowledged');
  assert.deepEqual([last(refused).outcome, last(refused).status, refused.answer], ['answered', 409, null]);
  assert.equal(sentOf(refused), 'yes');
});

for (const status of ['unacknowledged', 'awaiting-operator', 'accepted'] as const) {
  test(`R22 proven by a look while ${status}: completed with the operation's first 2xx and no body`, () => {
    const settled = moves.settledByLook(inStatus(status, { attempts: attemptsOf('unknown') }), 'it is there', 20);
    assert.deepEqual(settled.state, { status: 'completed', settledAt: 20, reason: 'it is there' });
    assert.deepEqual(settled.answer, { status: 201, bodyBytes: 0, at: 20, from: 'made-up' });
  });
}

test('R17 what cannot be told waits for an operator, with a reason', () => {
  const left = moves.leftToOperator(inStatus('unacknowledged'), 'why', 20);
  assert.deepEqual(left.state, { status: 'awaiting-operator', since: 20, reason: 'why' });
});

test('R1 R24 only what is held and was never sent is abandoned', () => {
  const unsent = held({ attempts: attemptsOf('never-sent') });
  assert.deepEqual(moves.abandoned(unsent, 'why', 20).state, { status: 'abandoned', settledAt: 20, reason: 'why' });
  for (const status of ['in-flight', 'unacknowledged', 'awaiting-operator', 'accepted', 'completed'] as const) {
    assert.throws(() => moves.abandoned(inStatus(status), 'why', 20), /^Error: defect/);
  }
});

test('R24 a promise is made once', () => {
  const promised = moves.promised(held(), 20);
  assert.equal(promised.promisedAt, 20);
  assert.equal(moves.promised(promised, 30), promised);
});

test('R21 who may have heard ESC’s id in a report is promised a result under it, whatever ESC says later', () => {
  const promised = moves.promised(inStatus('unacknowledged', { escTransactionId: 'heard' }), 20);
  assert.equal(knownTransactionId(promised), 'heard');
  const unheard = moves.promised(inStatus('unacknowledged'), 20);
  assert.equal(knownTransactionId({ ...unheard, escTransactionId: 'later' }), unheard.id);
});

test('R24 a promise from the creation is marked once for who met it elsewhere, also where that clock is behind', () => {
  const created = held({ promisedAt: held().receivedAt });
  const met = moves.promisedAgain(created, created.receivedAt - 5);
  assert.equal(met.promisedAt, created.receivedAt + 1);
  assert.equal(moves.promisedAgain(met, 99), met);
});

test('what an earlier process left in flight is unacknowledged; what waited goes on waiting', () => {
  const taken = moves.takenUp(fresh(), 'replica-2', 20);
  assert.deepEqual([taken.owner, taken.state.status, last(taken).outcome], ['replica-2', 'unacknowledged', 'unknown']);
  for (const status of ['held', 'unacknowledged', 'accepted', 'awaiting-operator'] as const) {
    const record = inStatus(status);
    assert.deepEqual(moves.takenUp(record, 'replica-2', 20), { ...record, owner: 'replica-2' });
  }
});

test('R2 lanes send what waits, and what awaits an operator only at his word', () => {
  const operatorReplay = { at: 1, by: 'ann', afterAttempt: 1 };
  const waiting = inStatus('awaiting-operator', { attempts: attemptsOf('unknown') });
  assert.equal(moves.isToBeSent(waiting), false);
  assert.equal(moves.isToBeSent({ ...waiting, operatorReplay }), true);
  assert.equal(moves.isToBeSent({ ...waiting, operatorReplay, attempts: attemptsOf('unknown', 'unknown') }), false);
  for (const status of ['accepted', 'completed', 'failed', 'abandoned', 'in-flight'] as const) {
    assert.equal(moves.isToBeSent(inStatus(status, { operatorReplay, attempts: attemptsOf('unknown') })), false);
  }
  assert.deepEqual([moves.isToBeSent(held()), moves.isToBeSent(inStatus('unacknowledged'))], [true, true]);
});
