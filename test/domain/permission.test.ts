/** Whether what no look settled may be sent again: by an operator's order (R2), after its time (R3), by its policy (R17). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Attempt, Transaction } from '../../src/domain/transaction.ts';
import { permissionFor } from '../../src/replay/permission.ts';
import { inStatus } from './records.ts';

const bounds = { at: 2000, readyAt: 1900, deadlineMs: 60_000, attemptsMax: 5 };
const within = { ...bounds, at: 900, readyAt: 800 };

const sent = (number: number, at: number, status: number | undefined): Attempt => ({
  number,
  kind: 'send',
  epoch: number,
  node: null,
  at,
  endedAt: at,
  outcome: status === undefined ? 'unknown' : 'answered',
  ...(status === undefined ? {} : { status }),
});

/** May take a second. */
const after = (kind: 'create' | 'action', attempts: Attempt[], said: Partial<Transaction> = {}): Transaction => {
  const record = inStatus('unacknowledged', { attempts, ...said });
  const isAction = kind === 'action';
  const policy = { ...record.policy, kind, completeWithinMs: 1000, look: isAction ? null : '/t' };
  return { ...record, policy: { ...policy, replay: isAction ? 'operator' : 'auto' } };
};

const ordered = (afterAttempt: number): Partial<Transaction> => ({
  operatorReplay: { at: 1950, by: 'kim', afterAttempt },
});
const reasonOf = (transaction: Transaction, at = bounds): string => {
  const permission = permissionFor(transaction, at);
  assert.equal(permission.do, 'operator', JSON.stringify(permission));
  return permission.do === 'operator' ? permission.reason : '';
};

test('R3 what ESC took longer ago than it may take is not sent again by itself, and is not-observed only where no look can tell', () => {
  assert.equal(permissionFor(after('action', [sent(1, 10, 200)]), bounds).do, 'not-observed');
  assert.match(reasonOf(after('create', [sent(1, 10, 200)])), /longer ago than it may take.*R3/);
  assert.equal(permissionFor(after('create', [sent(1, 10, 200)]), within).do, 'send');
});

test('R2 an order of an operator is carried out, also after its time', () => {
  assert.equal(permissionFor(after('action', [sent(1, 10, 200)], ordered(1)), bounds).do, 'send');
  assert.equal(permissionFor(after('create', [sent(1, 10, 200)], ordered(1)), bounds).do, 'send');
});

test('R2 an ordered replay that ESC refused, or that nobody answered, is left to the operator again', () => {
  assert.equal(
    reasonOf(after('action', [sent(1, 10, 200), sent(2, 1960, 409)], ordered(1))),
    'the replay was answered 409',
  );
  assert.match(
    reasonOf(after('action', [sent(1, 10, 200), sent(2, 1960, undefined)], ordered(1))),
    /nothing can be looked up/,
  );
  assert.match(
    reasonOf(after('action', [sent(1, 10, 200), sent(2, 1960, 200)], ordered(1))),
    /nothing can be looked up/,
  );
  const both = after('action', [sent(1, 10, 200), sent(2, 500, 200)], ordered(1));
  assert.equal(permissionFor(both, bounds).do, 'not-observed', 'its own time is over too');
});

test('R17 the reason names the answer of a replay only where there was a refusal', () => {
  assert.match(reasonOf(after('action', [sent(1, 10, 200)]), within), /nothing can be looked up/);
  assert.equal(reasonOf(after('action', [sent(1, 10, 409)]), within), 'the replay was answered 409');
});

test('R18 it is sent no more often, and for no longer, than replay.maxAttempts and replay.deadline say', () => {
  const often = Array.from({ length: 6 }, (_, index) => sent(index + 1, 10, undefined));
  assert.match(reasonOf(after('create', often), within), /sent 6 times/);
  assert.match(reasonOf(after('create', [sent(1, 10, undefined)]), { ...within, at: 70_000 }), /replay.deadline/);
});

test('R15 what was allowed to be deleted in its time may be created again after it', () => {
  const cleanUp: Attempt = { ...sent(2, 900, 200), kind: 'clean-up', endedAt: 910 };
  assert.equal(permissionFor(after('create', [sent(1, 10, 200), cleanUp]), bounds).do, 'send');
  assert.equal(permissionFor(after('create', [sent(1, 10, 200), { ...cleanUp, at: 1500 }]), bounds).do, 'operator');
});
