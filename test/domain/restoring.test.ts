// What a record found in a journal that came back is, against what is known of it (R34).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { standingOf } from '../../src/domain/restoring.ts';
import { moved, type Transaction } from '../../src/domain/transaction.ts';
import { delivery, held, reports, state } from '../journal/samples.ts';

const at = (version: number, transaction: Transaction): Transaction => ({ ...transaction, version, sequence: 1 });

const first = at(1, held({ id: 'one' }));
const flying = at(2, moved(first, state.inFlight()));
const accepted = at(3, moved(flying, state.accepted));
const completed = at(4, moved(accepted, state.completed()));

test('what is not there, or there in an older version, is written back', () => {
  assert.equal(standingOf(null, first), 'older');
  assert.equal(standingOf(first, completed), 'older');
  assert.equal(standingOf(accepted, completed), 'older');
});

test('the same version, and one that another went on to from there, lack nothing', () => {
  assert.equal(standingOf(completed, completed), 'there');
  assert.equal(standingOf(completed, accepted), 'there');
  assert.equal(standingOf(at(9, { ...flying, owner: 'heir' }), flying), 'there');
});

test('where another went on from an older one, its word stands', () => {
  const adopted = at(4, { ...moved(flying, state.unacknowledged), owner: 'heir' });
  assert.equal(
    standingOf(adopted, completed),
    'overtaken',
    'it is known to have ended, and the journal does not say so',
  );
  const ended = at(3, moved(moved(flying, state.accepted), state.completed()));
  assert.equal(standingOf(ended, at(4, accepted)), 'overtaken', 'a settled one is never left');
  const reported = at(3, { ...accepted, reports: reports(delivery.waiting) });
  assert.equal(standingOf(reported, at(4, accepted)), 'overtaken', 'a report that was taken is never dropped');
  const attempt = { number: 1, kind: 'send', epoch: 1, node: null, at: 1 } as const;
  assert.equal(standingOf(at(2, { ...flying, attempts: [attempt] }), at(3, flying)), 'overtaken', 'it was sent since');
});
