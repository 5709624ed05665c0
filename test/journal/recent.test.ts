// What a replica remembers of its own writes (R34): the newest of each, and within bounds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { moved, type Transaction } from '../../src/domain/transaction.ts';
import { Recent } from '../../src/journal/recent.ts';
import { bytes, delivery, held, reports, state } from './samples.ts';

const replica = 'replica-1';
const at = (version: number, transaction: Transaction): Transaction => ({ ...transaction, version, sequence: 1 });
const settled = (id: string): Transaction => at(3, moved(moved(held({ id }), state.inFlight()), state.completed()));
const idsOf = (recent: Recent): string[] => recent.all().map(({ transaction }) => transaction.id);

test('the newest version is known, with all bodies that were written, whatever order the words came in', () => {
  const recent = new Recent({ replica });
  const first = at(1, held({ id: 'one' }));
  const second = at(2, moved(first, state.inFlight()));
  recent.wrote(first, { request: bytes('q') });
  recent.wrote(second, { response: bytes('a') });
  recent.wrote(first);
  recent.released('one');
  const known = { transaction: second, bodies: { request: bytes('q'), response: bytes('a') }, isReleased: true };
  assert.deepEqual(recent.all(), [known]);
});

test('what another wrote over is that one’s to know, but for the bytes that only this one wrote', () => {
  let clock = 0;
  const recent = new Recent({ replica, clock: () => clock, trimEvery: 1 });
  recent.wrote(at(2, held({ id: 'one' })), { 'report-1': bytes('r') });
  recent.overtaken('one', 1);
  recent.overtaken('one', 2);
  assert.deepEqual([idsOf(recent), recent.bodyBytes], [['one'], 1]);
  clock = 600_000;
  recent.wrote(at(1, held({ id: 'two' })));
  assert.deepEqual([idsOf(recent), recent.bodyBytes], [['two'], 0], 'for a minute, as what is done');
});

test('done ones are forgotten a minute of writes later, open ones and those with a delivery that waits never', () => {
  let clock = 0;
  const recent = new Recent({ replica, clock: () => clock, trimEvery: 1 });
  recent.wrote(settled('done'));
  recent.wrote({ ...settled('delivering'), reports: reports(delivery.waiting) });
  recent.wrote(at(1, held({ id: 'open' })));
  clock = 600_000;
  assert.equal(idsOf(recent).length, 3, 'nothing was written since: the journal may be away');
  recent.wrote(settled('next'));
  assert.deepEqual(idsOf(recent), ['delivering', 'open', 'next']);
});

test('bodies are bounded: those of done ones go first with their records, then the oldest of open ones without', () => {
  const recent = new Recent({ replica, bodyBytesMax: 10 });
  const body = { request: bytes('1234') };
  recent.wrote(at(1, held({ id: 'a' })), body);
  recent.wrote(settled('done'), body);
  recent.wrote(at(1, held({ id: 'b' })), body);
  assert.deepEqual([idsOf(recent), recent.bodyBytes], [['a', 'b'], 8]);
  recent.wrote(at(1, held({ id: 'c' })), body);
  assert.deepEqual(
    recent.all().map(({ transaction, bodies }) => [transaction.id, Object.keys(bodies).length]),
    [
      ['a', 0],
      ['b', 1],
      ['c', 1],
    ],
  );
});

test('records are bounded: the oldest are forgotten', () => {
  const recent = new Recent({ replica, openMax: 2, doneMax: 2, trimEvery: 1 });
  for (const id of ['a', 'b', 'c']) recent.wrote(at(1, held({ id })));
  for (const id of ['x', 'y', 'z']) recent.wrote(settled(id));
  assert.deepEqual(idsOf(recent), ['b', 'c', 'y', 'z']);
});

test('what another replica has taken up, or owned before, is forgotten like what is done, and not before a minute', () => {
  let clock = 0;
  const recent = new Recent({ replica, clock: () => clock, trimEvery: 1 });
  recent.wrote(at(1, held({ id: 'mine' })));
  recent.wrote(at(1, held({ id: 'adopted' })), { request: bytes('q') });
  recent.wrote(at(4, held({ id: 'reported', owner: 'replica-2' })));
  recent.isOver({ id: 'adopted', version: 1 });
  recent.isOver({ id: 'adopted', version: 2 });
  recent.isOver({ id: 'unknown', version: 9 });
  assert.deepEqual(idsOf(recent).toSorted(), ['adopted', 'mine', 'reported']);
  clock = 61_000;
  recent.wrote(at(1, held({ id: 'next' })));
  assert.deepEqual([idsOf(recent), recent.bodyBytes], [['mine', 'next'], 0]);
});
