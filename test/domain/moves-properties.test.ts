// What holds of a record whatever happens to it, in whatever legal order (R1): attempts only grow and keep their ends,
// settled is settled, an answer belongs to an end, and what may have been sent is never unsent but by its own refusal.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as moves from '../../src/domain/moves.ts';
import { cancelled, replayOrdered, resolved } from '../../src/domain/operator-moves.ts';
import { isSettled, sentOf, type Transaction } from '../../src/domain/transaction.ts';
import { held } from './records.ts';

type Event = (transaction: Transaction, now: number) => Transaction | null;

/** Events that take an attempt back, which was never sent or was refused (R11, R12). */
const takesBack: Record<string, Event> = {
  neverSent: (transaction, now) => moves.neverSent(transaction, 'refused', now),
  refusedForMaintenance: (transaction, now) => moves.refusedForMaintenance(transaction, now),
};

const act = { by: 'ann' };
const events: Record<string, Event> = {
  ...takesBack,
  marked: (transaction, now) => moves.marked(transaction, { epoch: 1, node: null, now, hasWaited: true }),
  answered201: (transaction, now) =>
    moves.settledByAnswer(transaction, { status: 201, bodyBytes: 1, escTransactionId: `e${now}`, now }),
  answered400: (transaction, now) =>
    moves.settledByAnswer(transaction, { status: 400, bodyBytes: 1, escTransactionId: null, now }),
  unacknowledged: (transaction, now) => moves.unacknowledged(transaction, 'reset', now),
  replayRefused: (transaction, now) => moves.replayRefused(transaction, 409, now),
  settledByLook: (transaction, now) => moves.settledByLook(transaction, 'there', now),
  leftToOperator: (transaction, now) => moves.leftToOperator(transaction, 'why', now),
  abandoned: (transaction, now) => moves.abandoned(transaction, 'why', now),
  promised: moves.promised,
  takenUp: (transaction, now) => moves.takenUp(transaction, 'replica-2', now),
  cancelled: (transaction, now) => cancelled(transaction, { ...act, now }),
  resolved: (transaction, now) => resolved(transaction, { ...act, now, as: 'completed', note: 'seen' }),
  replayOrdered: (transaction, now) => replayOrdered(transaction, { ...act, now, owner: 'replica-1' }),
};

/** An end is written by whoever sent the attempt, so only while it is in flight. */
const endsAttempt = ['neverSent', 'refusedForMaintenance', 'answered201', 'answered400', 'replayRefused'];
/** Whose callers do not ask whether it is in flight. */
const anyTime = [
  'marked',
  'unacknowledged',
  'takenUp',
  'promised',
  'abandoned',
  'cancelled',
  'resolved',
  'replayOrdered',
];

/** The event, or null where it is not legal: a defect by R1, or an act that the status forbids. */
function happens(name: string, before: Transaction, now: number): Transaction | null {
  const { status } = before.state;
  if (endsAttempt.includes(name) !== (status === 'in-flight') && !anyTime.includes(name)) return null;
  try {
    return events[name]?.(before, now) ?? null;
  } catch (error) {
    assert.match(String(error), /^Error: defect: .*\(rule R1\)$/);
    return null;
  }
}

function check(name: string, before: Transaction, after: Transaction): void {
  const { status } = after.state;
  assert.equal(
    isSettled(before.state.status) && name !== 'promised' && name !== 'takenUp',
    false,
    'R1 settled is settled',
  );
  const grown = name === 'marked' ? before.attempts.length + 1 : before.attempts.length;
  assert.equal(after.attempts.length, grown, 'attempts only grow, by a mark');
  after.attempts.forEach((attempt, index) => {
    assert.equal(attempt.number, index + 1);
    const earlier = before.attempts[index];
    if (earlier?.outcome !== undefined) assert.deepEqual(attempt, earlier, 'an end is never rewritten');
    const isLast = index === after.attempts.length - 1;
    if (!isLast || status !== 'in-flight')
      assert.notEqual(attempt.outcome, undefined, 'only the one in flight is open');
  });
  const sent = { before: sentOf(before), after: sentOf(after) };
  if (sent.before === 'yes') assert.equal(sent.after, 'yes');
  if (sent.before === 'maybe' && sent.after === 'no') {
    assert.ok(name in takesBack, `${name} cannot unsend`);
    assert.equal(sentOf({ attempts: before.attempts.slice(0, -1) }), 'no');
  }
  if (status === 'held' || status === 'abandoned') assert.equal(sent.after, 'no', 'R1 R11');
  if (status === 'unacknowledged') assert.notEqual(sent.after, 'no');
  if (after.answer !== null) assert.ok(isSettled(status), 'an answer is recorded when it settles');
  if (before.escTransactionId !== null) assert.equal(after.escTransactionId, before.escTransactionId, 'R21');
  for (const field of ['id', 'sequence', 'client', 'place', 'policy', 'fingerprint'] as const) {
    assert.equal(after[field], before[field]);
  }
}

test('R1 whatever happens to a record in whatever order, its history only grows and what is settled stays', () => {
  const name = fc.constantFrom(...Object.keys(events));
  const reached = new Set<string>();
  const property = fc.property(fc.array(name, { maxLength: 60, size: 'max' }), (given) => {
    let current = held();
    given.forEach((each, index) => {
      const after = happens(each, current, index + 10);
      if (after === null) return;
      check(each, current, after);
      reached.add(`${each} ${after.state.status}`);
      current = after;
    });
  });
  fc.assert(property, { numRuns: 800 });
  for (const each of Object.keys(events)) {
    assert.ok(
      [...reached].some((entry) => entry.startsWith(`${each} `)),
      `${each} never happened`,
    );
  }
});
