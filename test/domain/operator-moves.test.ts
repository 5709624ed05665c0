/** What an operator's acts make of a record in every status (R1, R2). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as moves from '../../src/domain/moves.ts';
import { cancelled, replayOrdered, resolved } from '../../src/domain/operator-moves.ts';
import { isReplayOrdered, type State, type Status, statuses, type Transaction } from '../../src/domain/transaction.ts';

const act = { by: 'otto', now: 5 };

function inStatus(status: Status): Transaction {
  const states: Record<Status, State> = {
    held: { status: 'held', since: 1, reason: 'gate' },
    'in-flight': { status: 'in-flight', since: 1, epoch: 1, attempt: 1, hasWaited: false },
    accepted: { status: 'accepted', since: 1, epoch: 1, signAt: 1, isWatched: false },
    unacknowledged: { status: 'unacknowledged', since: 1, reason: 'reset' },
    'awaiting-operator': { status: 'awaiting-operator', since: 1, reason: 'cannot be looked up' },
    completed: { status: 'completed', settledAt: 1, reason: 'ESC answered 200' },
    failed: { status: 'failed', settledAt: 1, reason: 'ESC answered 400' },
    abandoned: { status: 'abandoned', settledAt: 1, reason: 'hold.timeout ran out' },
  };
  const isUnsent = status === 'held' || status === 'abandoned';
  return {
    ...{ id: 't', version: 1, sequence: 1, owner: 'one', client: 'c', method: 'POST', path: '/x' },
    place: { lane: 'x', ancestors: [], resourceType: 'other' },
    policy: {
      ...{ operation: null, kind: 'other', ack: 'answer', replay: 'operator', completeWithinMs: 1, look: null },
      successStatus: 201,
    },
    ...{ idempotencyKey: null, twin: null, fingerprint: '', receivedAt: 0, requestBytes: 0, answer: null },
    ...{ escTransactionId: null, promisedAt: null, state: states[status] },
    ...{ wants: [], joined: 0, reports: [], endedAt: null },
    attempts: isUnsent ? [] : [{ number: 1, kind: 'send', epoch: 1, node: null, at: 1, outcome: 'unknown' }],
  };
}

const allowing = (decide: (transaction: Transaction) => Transaction | null): Status[] =>
  statuses.filter((status) => decide(inStatus(status)) !== null);

test('R2 cancelled may be what is held, resolved what was sent and is not settled, replayed the last two of these', () => {
  const found = { ...act, as: 'failed', note: 'n' } as const;
  assert.deepEqual(
    allowing((each) => cancelled(each, act)),
    ['held'],
  );
  assert.deepEqual(
    allowing((each) => resolved(each, found)),
    ['accepted', 'unacknowledged', 'awaiting-operator'],
  );
  assert.deepEqual(
    allowing((each) => replayOrdered(each, { ...act, owner: 'two' })),
    ['unacknowledged', 'awaiting-operator'],
  );
});

test('R1 what was cancelled is abandoned and was never sent', () => {
  const after = cancelled(inStatus('held'), act);
  assert.deepEqual(after?.state, { status: 'abandoned', settledAt: 5, reason: 'cancelled by otto' });
});

test('an order to replay is good until an attempt may have left, and is not used up by one that certainly did not', () => {
  const ordered = replayOrdered(inStatus('awaiting-operator'), { ...act, owner: 'two' });
  assert.ok(ordered !== null && isReplayOrdered(ordered) && moves.isToBeSent(ordered));
  assert.equal(ordered.owner, 'two');
  assert.equal(replayOrdered(ordered, { ...act, owner: 'three' }), ordered);

  const marked = moves.marked(ordered, { epoch: 2, node: null, now: 6, hasWaited: true });
  assert.equal(isReplayOrdered(marked), false);
  const unsent = moves.neverSent(marked, 'refused', 7);
  assert.equal(isReplayOrdered(unsent), true);
  const lost = moves.unacknowledged(
    moves.marked(unsent, { epoch: 3, node: null, now: 8, hasWaited: true }),
    'reset',
    9,
  );
  assert.equal(isReplayOrdered(lost), false);
});

test('R22 resolved as completed gives a client that has no answer the first 2xx; one that has keeps it', () => {
  const done = { ...act, as: 'completed', note: 'seen' } as const;
  assert.equal(resolved(inStatus('unacknowledged'), done)?.answer?.status, 201);
  const answered = { ...inStatus('accepted'), answer: { status: 202, bodyBytes: 3, at: 1, from: 'esc' as const } };
  assert.equal(resolved(answered, done)?.answer?.status, 202);
  assert.equal(resolved(inStatus('unacknowledged'), { ...done, as: 'failed' })?.answer, null);
});
