/** What a look says of a transaction that ESC accepted and has not ended: the whole table of kinds, findings and ages. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Attempt, OperationKind, Transaction } from '../../src/domain/transaction.ts';
import type { ResourceReading } from '../../src/esc/resource.ts';
import { nextOfAccepted, type SeenOfAccepted, stuckReason } from '../../src/replay/accepted.ts';
import { inStatus } from './records.ts';

const taken = (epoch = 1): Attempt => ({
  number: 1,
  kind: 'send',
  epoch,
  node: null,
  at: 1,
  endedAt: 2,
  outcome: 'answered',
  status: 200,
});

const accepted = (kind: OperationKind, said: Partial<Transaction> = {}): Transaction => {
  const record = { ...inStatus('accepted', { attempts: [taken()] }), ...said };
  return { ...record, policy: { ...record.policy, kind, ack: 'report' } };
};

const later = (kind: OperationKind, said: Partial<Transaction> = {}): Transaction =>
  accepted(kind, { id: 't2', sequence: 2, ...said });

const seen: SeenOfAccepted = { found: 'under-way', isDone: false, isStuck: false, age: 'within', lane: [] };
const nextTo = (kind: OperationKind, change: Partial<SeenOfAccepted>, said: Partial<Transaction> = {}): string =>
  nextOfAccepted(accepted(kind, said), { ...seen, ...change }).do;

const ages = ['within', 'past', 'past-twice'] as const;
type Row = readonly [within: string, past: string, pastTwice: string];

const table: Record<'create' | 'update' | 'delete', Record<ResourceReading, Row>> = {
  create: {
    absent: ['doubt', 'doubt', 'doubt'],
    broken: ['fail', 'fail', 'fail'],
    'under-way': ['wait', 'wait', 'doubt'],
    unreadable: ['wait', 'wait', 'doubt'],
    // Always done.
    done: ['done', 'done', 'done'],
  },
  update: {
    absent: ['wait', 'doubt', 'doubt'],
    broken: ['wait', 'doubt', 'doubt'],
    'under-way': ['wait', 'wait', 'doubt'],
    unreadable: ['wait', 'wait', 'doubt'],
    // Not as it asked.
    done: ['wait', 'settle', 'settle'],
  },
  delete: {
    // Always done.
    absent: ['done', 'done', 'done'],
    broken: ['wait', 'doubt', 'doubt'],
    'under-way': ['wait', 'doubt', 'doubt'],
    unreadable: ['wait', 'doubt', 'doubt'],
    done: ['wait', 'doubt', 'doubt'],
  },
};

for (const [kind, readings] of Object.entries(table) as [OperationKind, Record<ResourceReading, Row>][]) {
  test(`R3 R31 what is done about an accepted ${kind}, by what a look finds and how long ago it was accepted`, () => {
    for (const [found, row] of Object.entries(readings) as [ResourceReading, Row][]) {
      const isDone = row[0] === 'done';
      for (const [index, age] of ages.entries())
        assert.equal(nextTo(kind, { found, isDone, age }), row[index], `${found}, ${age}`);
    }
  });
}

test('R14 what is watched and does not move is doubted, what moves is waited for', () => {
  const state = { status: 'accepted', since: 2, epoch: 1, signAt: 2, isWatched: true } as const;
  const next = nextOfAccepted(accepted('create', { state }), { ...seen, isStuck: true });
  assert.deepEqual(next, { do: 'doubt', reason: stuckReason });
  assert.equal(nextTo('create', { isStuck: false }, { state }), 'wait');
  assert.equal(nextTo('create', { found: 'broken' }, { state }), 'doubt', 'the dropped work may have left it');
});

test('R5 a create that vanished in its first epoch tells of a switchover that nobody saw, once', () => {
  const isDistrusted = (said: Partial<Transaction>, lane: Transaction[] = []): boolean | undefined => {
    const next = nextOfAccepted(accepted('create', said), { ...seen, found: 'absent', lane });
    return next.do === 'doubt' ? next.isDistrusted : undefined;
  };
  assert.equal(isDistrusted({}), true);
  assert.equal(isDistrusted({ attempts: [taken(0), { ...taken(1), number: 2 }] }), false);
  assert.equal(isDistrusted({}, [later('delete')]), false, 'a later delete explains it');
});

test('promise 5: a create in error is failed only where no later transaction may have broken it', () => {
  const next = (other: Transaction): string => nextTo('create', { found: 'broken', lane: [other] });
  assert.equal(next(later('update')), 'settle', 'ESC took the update, so the create had ended');
  assert.equal(next(later('update', { attempts: [taken(2)] })), 'doubt');
  assert.equal(next(later('delete')), 'doubt');
  assert.equal(next(later('update', { state: { status: 'held', since: 3, reason: 'lane' }, attempts: [] })), 'fail');
});

test('a delete is doubted where ESC took a later create of what stands', () => {
  assert.equal(nextTo('delete', { found: 'done', lane: [later('create')] }), 'doubt');
});

test('R3 what no look can tell is not-observed after its time', () => {
  assert.equal(nextTo('action', { found: 'done' }), 'wait');
  assert.equal(nextTo('action', { found: 'broken', age: 'past' }), 'settle');
});
