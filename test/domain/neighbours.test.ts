// A look sees what stands, not who made it: what is concluded depends on who else of the lane may have.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Attempt, OperationKind, RecordedAnswer, Transaction } from '../../src/domain/transaction.ts';
import { type LaterUpdate, noOtherUpdates, type OtherUpdates } from '../../src/replay/neighbours.ts';
import { type Next, nextInLane } from '../../src/replay/reconcile.ts';
import { held, stateOf } from './records.ts';

const lost = (epoch = 1): Attempt => ({ number: 1, kind: 'send', epoch, node: null, at: 1, outcome: 'unknown' });
const taken = (epoch = 1): Attempt => ({ ...lost(epoch), outcome: 'answered', status: 200 });
const refused: Attempt = { ...lost(), outcome: 'answered', status: 409 };
const madeUp: RecordedAnswer = { status: 201, bodyBytes: 0, at: 1, from: 'made-up' };

type Said = Pick<Transaction, 'attempts'> & Partial<Transaction>;
const of = (kind: OperationKind, sequence: number, status: Transaction['state']['status'], said: Said): Transaction =>
  held({ id: `t${sequence}`, sequence, state: stateOf(status), policy: { ...held().policy, kind }, ...said });

const done: Next = { do: 'settle', evidence: 'the resource is there' };
const send: Next = { do: 'send' };
const inEpoch2 = (lane: Transaction[], others: OtherUpdates = noOtherUpdates) => ({ lane, others, epoch: 2 });
const told = (next: Next): string => `${next.do}: ${'evidence' in next ? next.evidence : ''}`;

const create = of('create', 1, 'unacknowledged', { attempts: [taken()] });
const deleted = of('delete', 2, 'completed', { attempts: [taken()] });

for (const [what, attempts] of [
  ['not answered yet', [lost()]],
  ['taken', [taken()]],
] as const) {
  test(`promise 5: what a later create that ESC has ${what} may have made is not the work of an earlier one`, () => {
    const again = of('create', 3, 'unacknowledged', { attempts });
    const next = nextInLane(create, done, 'done', inEpoch2([again, create]));
    assert.match(told(next), /^settle: not-observed: .* later transaction t3/);
  });
}

test('a create is done by its own work where the later one was refused, or never sent', () => {
  const refusedOne = of('create', 3, 'failed', { attempts: [refused] });
  const heldOne = of('create', 4, 'held', { attempts: [] });
  assert.deepEqual(nextInLane(create, done, 'done', inEpoch2([heldOne, refusedOne, create])), done);
});

for (const [how, said] of [
  ['ESC took', { attempts: [taken()] }],
  ['a look found under way', { attempts: [lost()], answer: madeUp }],
] as const) {
  test(`promise 5: a create that ${how} and that was deleted since is not-observed, never failed`, () => {
    const first = of('create', 1, 'unacknowledged', said);
    const next = nextInLane(first, send, 'absent', inEpoch2([deleted, first]));
    assert.match(told(next), /^settle: not-observed: the later transaction t2 deleted it/);
  });
}

test('a create of which nothing is known and that was deleted since is a person’s to judge', () => {
  const first = of('create', 1, 'unacknowledged', { attempts: [lost()] });
  assert.equal(nextInLane(first, send, 'absent', inEpoch2([deleted, first])).do, 'operator');
});

test('behind a delete that is under way a broken create waits; behind one that waits for it, it does not', () => {
  const delay = (status: 'accepted' | 'unacknowledged') =>
    nextInLane(
      create,
      { do: 'clean-up' },
      'broken',
      inEpoch2([of('delete', 2, status, { attempts: [lost()] }), create]),
    );
  assert.equal(delay('accepted').do, 'wait');
  assert.equal(delay('unacknowledged').do, 'operator');
});

test('a delete is done if ESC took a later create, and nobody’s to repeat if that was not answered', () => {
  const first = of('delete', 1, 'unacknowledged', { attempts: [taken()] });
  const after = (attempts: Attempt[]) =>
    nextInLane(first, send, 'done', inEpoch2([of('create', 2, 'unacknowledged', { attempts }), first])).do;
  assert.equal(after([taken()]), 'settle');
  assert.equal(after([lost()]), 'operator');
});

const update = of('update', 1, 'unacknowledged', { attempts: [taken()] });
const later = (attempts: Attempt[], shown: LaterUpdate['shown'], status: 'unacknowledged' | 'accepted') => {
  const transaction = of('update', 2, status, { attempts });
  return inEpoch2([transaction, update], { same: null, later: [{ transaction, shown }] });
};

test('R16 an update is not-observed where another one asked for the same', () => {
  const same = of('update', 2, 'completed', { attempts: [taken()] });
  const next = nextInLane(update, done, 'done', inEpoch2([same, update], { same, later: [] }));
  assert.match(told(next), /^settle: not-observed: .* t2 asked too/);
});

test('R8 an update had ended when ESC took the next one in its epoch', () => {
  assert.equal(nextInLane(update, send, 'done', later([taken()], 'equal', 'accepted')).do, 'settle');
  assert.equal(nextInLane(update, send, 'done', later([lost()], 'equal', 'unacknowledged')).do, 'settle');
  assert.equal(nextInLane(update, send, 'done', later([taken(2)], 'equal', 'accepted')).do, 'operator');
});

test('an update is sent again before the next one if that one visibly came to nothing', () => {
  assert.equal(nextInLane(update, send, 'done', later([lost()], 'different', 'unacknowledged')).do, 'send');
  assert.equal(nextInLane(update, send, 'under-way', later([lost()], 'different', 'unacknowledged')).do, 'operator');
  assert.equal(nextInLane(update, send, 'done', later([lost()], 'incomparable', 'unacknowledged')).do, 'operator');
  assert.equal(nextInLane(update, send, 'done', later([lost(2)], 'different', 'unacknowledged')).do, 'operator');
});
