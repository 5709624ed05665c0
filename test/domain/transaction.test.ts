// Statuses and moves (R1) as a table, and what a record says of itself: whether it was sent, what it is found by.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  indexOf,
  isReplayOrdered,
  isSettled,
  isWaiting,
  moved,
  occupiesLane,
  type Status,
  sentOf,
  statuses,
} from '../../src/domain/transaction.ts';
import { attemptsOf, type End, held, inStatus, stateOf } from './records.ts';

/** Rule R1 as it is written. */
const rule: Record<Status, string> = {
  held: 'in-flight, abandoned',
  'in-flight': 'held, accepted, completed, failed, unacknowledged',
  accepted: 'completed, failed, unacknowledged',
  unacknowledged: 'in-flight, accepted, completed, failed, awaiting-operator',
  'awaiting-operator': 'in-flight, completed, failed',
  completed: '',
  failed: '',
  abandoned: '',
};

test('R1 there are these eight statuses, and three of them are settled', () => {
  assert.deepEqual([...statuses].sort(), Object.keys(rule).sort());
  assert.deepEqual(statuses.filter(isSettled), ['completed', 'failed', 'abandoned']);
});

for (const from of Object.keys(rule) as Status[]) {
  const legal = rule[from].split(', ');
  test(`R1 from ${from} a transaction goes to ${rule[from] || 'nothing'}, all else is a defect`, () => {
    for (const to of statuses) {
      const move = () => moved(inStatus(from), stateOf(to));
      if (legal.includes(to)) assert.deepEqual(move(), inStatus(to));
      else assert.throws(move, /^Error: defect: transaction t1 cannot go from .+ to .+ \(rule R1\)$/);
    }
  });
}

test('R1 a move changes its record and what it is told to, nothing else', () => {
  const before = held({ promisedAt: 7 });
  const after = moved(before, stateOf('in-flight'), { owner: 'replica-2' });
  assert.deepEqual(after, { ...before, owner: 'replica-2', state: stateOf('in-flight') });
  assert.deepEqual(before, held({ promisedAt: 7 }));
});

const sent: [End[], 'no' | 'maybe' | 'yes'][] = [
  [[], 'no'],
  [['never-sent'], 'no'],
  [['never-sent', 'never-sent'], 'no'],
  [['under way'], 'maybe'],
  [['unknown'], 'maybe'],
  [['unknown', 'never-sent'], 'maybe'],
  [['never-sent', 'under way'], 'maybe'],
  [['answered'], 'yes'],
  [['unknown', 'answered', 'unknown', 'never-sent'], 'yes'],
];

for (const [ends, says] of sent) {
  test(`attempts ${ends.join(', ') || 'none'}: sent is ${says}`, () => {
    assert.equal(sentOf({ attempts: attemptsOf(...ends) }), says);
  });
  test(`R1 abandoned means never sent: after ${ends.join(', ') || 'no attempt'} it is ${says === 'no' ? 'legal' : 'a defect'}`, () => {
    const abandon = () => moved(held({ attempts: attemptsOf(...ends) }), stateOf('abandoned'));
    if (says === 'no') assert.equal(abandon().state.status, 'abandoned');
    else assert.throws(abandon, /defect: transaction t1 was sent and cannot be abandoned/);
  });
}

test('R20 a clean-up is not a sending of the transaction', () => {
  const attempts = attemptsOf('answered').map((attempt) => ({ ...attempt, kind: 'clean-up' as const }));
  assert.equal(sentOf({ attempts }), 'no');
});

test('R8 held, in flight and unacknowledged make a lane busy; accepted and awaiting-operator do not', () => {
  assert.deepEqual(statuses.filter(occupiesLane), ['held', 'in-flight', 'unacknowledged']);
  assert.deepEqual(statuses.filter(isWaiting), ['held', 'unacknowledged']);
});

for (const status of Object.keys(rule) as Status[]) {
  test(`R8 R9 what a journal finds of one that is ${status}`, () => {
    const settled = isSettled(status);
    assert.deepEqual(indexOf(inStatus(status, { owner: 'r', client: 'c', receivedAt: 9 })), {
      status,
      isOpen: !settled,
      hasDeadLetter: false,
      doneAt: settled ? 2 : null,
      holdsKey: false,
      owner: 'r',
      client: 'c',
      receivedAt: 9,
      lane: '/t',
      occupiesLane: ['held', 'in-flight', 'unacknowledged'].includes(status),
      groups: ['held', 'unacknowledged'].includes(status) ? ['at:/t'] : [],
    });
  });
}

test('R9 what waited goes on being waited for while it is sent', () => {
  const state = { status: 'in-flight', since: 2, epoch: 1, attempt: 1, hasWaited: true } as const;
  assert.deepEqual(indexOf(held({ state })).groups, ['at:/t']);
});

test('R2 an order to replay stands until an attempt that may have reached ESC', () => {
  const order = { at: 1, by: 'ann', afterAttempt: 1 };
  const ordered = (...ends: End[]) => isReplayOrdered(held({ attempts: attemptsOf(...ends), operatorReplay: order }));
  assert.equal(isReplayOrdered(held({ attempts: attemptsOf('unknown') })), false);
  assert.equal(ordered('unknown'), true);
  assert.equal(ordered('unknown', 'never-sent'), true);
  assert.equal(ordered('unknown', 'under way'), false);
  assert.equal(ordered('unknown', 'never-sent', 'unknown'), false);
  assert.equal(ordered('unknown', 'answered'), false);
});
