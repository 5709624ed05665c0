// What the journal knows to stand in ESC before a transaction (R15), from a lane's history, newest first.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type History, historyOf } from '../../src/domain/standing.ts';
import type { Attempt, OperationKind, Status } from '../../src/domain/transaction.ts';
import { inStatus } from './records.ts';

const lost: Attempt = { number: 1, kind: 'send', epoch: 1, node: null, at: 1, outcome: 'unknown' };

type Past = `${OperationKind} ${Status}`;

/** Newest first; a transaction's id is its place in it. */
const pastOf = (past: readonly Past[]) =>
  past.map((each, index) => {
    const [kind, status] = each.split(' ') as [OperationKind, Status];
    const made = inStatus(status, { id: `${index}` });
    const attempts = status === 'held' || status === 'abandoned' ? [] : [lost];
    return { ...made, attempts, policy: { ...made.policy, kind, ack: 'report' as const } };
  });

const rows: [newestFirst: Past[], History][] = [
  [[], 'none'],
  [['create completed'], 'created'],
  [['create accepted'], 'created'],
  [['delete completed', 'create completed'], 'none'],
  [['delete completed', 'create accepted'], 'none'],
  [['create completed', 'delete completed', 'create completed'], 'created'],
  [['update completed', 'action failed', 'create completed'], 'created'],
  [['delete failed', 'create completed'], 'created'],
  [['delete accepted', 'create completed'], 'deleting'],
  [['create accepted', 'delete accepted', 'create completed'], 'created'],
  [['delete abandoned', 'create completed'], 'created'],
  [['create failed', 'create completed'], 'created'],
  [['create failed'], 'none'],
  [['create abandoned'], 'none'],
  [['create held'], 'none'],
  [['delete unacknowledged', 'create completed'], 'unsure'],
  [['delete awaiting-operator', 'create completed'], 'unsure'],
  [['delete completed', 'delete awaiting-operator', 'create completed'], 'none'],
  [['create awaiting-operator', 'delete completed'], 'unsure'],
  [['create in-flight'], 'unsure'],
  [['update completed', 'other completed'], 'none'],
];

for (const [past, stands] of rows) {
  test(`R15 after ${[...past].reverse().join(', ') || 'nothing'} it is known of the resource: ${stands}`, () => {
    assert.equal(historyOf(pastOf(past)), stands);
  });
}
