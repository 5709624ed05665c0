// What the journal knows to stand in ESC before a transaction (R15), from a lane's history, newest first.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { latestStanding } from '../../src/domain/standing.ts';
import type { OperationKind, Status } from '../../src/domain/transaction.ts';
import { inStatus } from './records.ts';

type Past = `${OperationKind} ${Status}`;

/** Newest first; a transaction's id is its place in it. */
const historyOf = (past: readonly Past[]) =>
  past.map((each, index) => {
    const [kind, status] = each.split(' ') as [OperationKind, Status];
    const made = inStatus(status, { id: `${index}` });
    return { ...made, policy: { ...made.policy, kind } };
  });

const rows: [newestFirst: Past[], stands: number | null][] = [
  [[], null],
  [['create completed'], 0],
  [['create accepted'], 0],
  [['delete completed', 'create completed'], null],
  [['delete completed', 'create accepted'], null],
  [['create completed', 'delete completed', 'create completed'], 0],
  [['update completed', 'action failed', 'create completed'], 2],
  [['delete failed', 'create completed'], 1],
  [['delete unacknowledged', 'create completed'], 1],
  [['delete accepted', 'create completed'], 1],
  [['delete abandoned', 'create completed'], 1],
  [['create failed', 'create completed'], 1],
  [['create failed'], null],
  [['create abandoned'], null],
  [['create held', 'create in-flight', 'create unacknowledged', 'create awaiting-operator'], null],
  [['update completed', 'other completed'], null],
];

for (const [past, stands] of rows) {
  test(`R15 after ${[...past].reverse().join(', ') || 'nothing'} ${stands === null ? 'nothing stands' : 'a create stands'}`, () => {
    assert.equal(latestStanding(historyOf(past))?.id ?? null, stands === null ? null : `${stands}`);
  });
}
