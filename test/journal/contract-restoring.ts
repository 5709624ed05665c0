// A journal that came back older gets what somebody knows to have been confirmed (R34), as both stores take it.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { moved, type Transaction } from '../../src/domain/transaction.ts';
import type { Restoration } from '../../src/journal/journal.ts';
import type { Store } from './contract.ts';
import { bytes, carried, held, kept, rewritten, state, text, toSend } from './samples.ts';

const back = (transaction: Transaction, more: Partial<Restoration> = {}): Restoration => ({
  transaction,
  over: 0,
  bodies: { request: bytes('hello') },
  isReleased: false,
  ...more,
});

/** As another journal had it. */
const known = (said: Parameters<typeof held>[0], version: number, sequence: number): Transaction => ({
  ...moved(moved(held(said), state.inFlight()), state.accepted),
  version,
  sequence,
});

export function restoring({ skip, place }: Store): void {
  suite('R34 restoring', { skip }, () => {
    test('a record that is not there is there afterwards: version, sequence, bodies, key, lists and counts', async () => {
      await using here = await place();
      const journal = await here.open();
      const record = known({ key: 'k', lane: '/a', owner: 'me' }, 3, 41);
      const restoration = back(record);
      for (let time = 0; time < 2; time += 1)
        assert.deepEqual(await journal.restore(restoration), { word: 'restored' });
      assert.deepEqual(await journal.get(record.id), record);
      assert.equal(text(await journal.body(record.id, 'request')), 'hello');
      assert.deepEqual(await journal.holder(held({ key: 'k' })), record);
      for (const query of [{}, { status: 'accepted' as const }, { lane: '/a' }, { client: record.client }])
        assert.deepEqual(await journal.list({ ...query, limit: 9 }), [record]);
      assert.deepEqual(await journal.open({ afterSequence: 0, limit: 9, owner: 'me' }), [record]);
      assert.equal((await journal.counts()).accepted, 1);
      await carried(journal, record, state.completed());
      assert.deepEqual((await journal.counts()).accepted, 0);
    });

    test('what is made afterwards comes later, and keeps its turn in the lane', async () => {
      await using here = await place();
      const journal = await here.open();
      const waiting = { ...held({ lane: '/a' }), version: 1, sequence: 41 };
      assert.deepEqual(await journal.restore(back(waiting)), { word: 'restored' });
      const next = await kept(journal, toSend(held({ lane: '/a' })));
      assert.deepEqual([next.sequence, next.state.status], [42, 'held']);
      await journal.restore(back(known({}, 2, 7)));
      assert.equal((await kept(journal, held())).sequence, 43, 'one with a lower sequence turns nothing back');
    });

    test('an older version is written over, its entries too, and what is not given stays', async () => {
      await using here = await place();
      const journal = await here.open();
      const first = await kept(journal, toSend(held({ key: 'k', lane: '/a' })));
      const newer = { ...moved(first, state.completed()), version: 4 };
      const restoration = back(newer, { over: 1, bodies: { response: bytes('ok') } });
      for (let time = 0; time < 2; time += 1)
        assert.deepEqual(await journal.restore(restoration), { word: 'restored' });
      assert.deepEqual(await journal.get(first.id), newer);
      assert.deepEqual(
        [text(await journal.body(first.id, 'request')), text(await journal.body(first.id, 'response'))],
        ['hello', 'ok'],
      );
      assert.deepEqual(await journal.open({ afterSequence: 0, limit: 9 }), []);
      const { completed, 'in-flight': flying } = await journal.counts();
      assert.deepEqual([completed, flying], [1, 0]);
      assert.equal((await kept(journal, toSend(held({ lane: '/a' })))).state.status, 'in-flight', 'its lane is free');
    });

    test('what stands is given bytes that it lacks, and is the same otherwise', async () => {
      await using here = await place();
      const journal = await here.open();
      const record = known({ key: 'k', lane: '/a', owner: 'me' }, 3, 41);
      await journal.restore(back(record));
      const lacking = back(record, { over: 3, bodies: { 'report-1': bytes('done') } });
      for (let time = 0; time < 2; time += 1) assert.deepEqual(await journal.restore(lacking), { word: 'restored' });
      assert.deepEqual(await journal.get(record.id), record);
      assert.deepEqual(await journal.holder(held({ key: 'k' })), record);
      assert.deepEqual(
        [text(await journal.body(record.id, 'request')), text(await journal.body(record.id, 'report-1'))],
        ['hello', 'done'],
      );
      assert.equal((await journal.counts()).accepted, 1);
    });

    test('what was written by another meanwhile stays', async () => {
      await using here = await place();
      const journal = await here.open();
      const first = await kept(journal, toSend(held()));
      const other = await carried(journal, first, state.unacknowledged);
      const newer = { ...moved(first, state.completed()), version: 3 };
      for (const over of [0, 1]) {
        assert.deepEqual(await journal.restore(back(newer, { over })), { word: 'stale-version' });
      }
      assert.deepEqual(await journal.get(first.id), other);
      const said = await Promise.all([2, 2].map((over) => journal.restore(back(newer, { over }))));
      assert.deepEqual(said.map(({ word }) => word).sort(), ['restored', 'stale-version'], 'of two one does it');
    });

    test('a key that belongs to another by now stays that one’s; a free one, or one that was freed, is not taken', async () => {
      await using here = await place();
      const journal = await here.open();
      const other = await kept(journal, held({ key: 'k' }));
      assert.deepEqual(await journal.restore(back(known({ key: 'k' }, 2, 9))), { word: 'key-taken' });
      assert.equal((await journal.holder(held({ key: 'k' })))?.id, other.id);

      const abandoned = { ...moved(held({ key: 'a' }), state.abandoned()), version: 2, sequence: 11 };
      assert.deepEqual(await journal.restore(back(abandoned)), { word: 'restored' });
      assert.equal(await journal.holder(held({ key: 'a' })), null);

      const twin = await kept(journal, held({ twin: 't', lane: '/t' }));
      const answered = { ...twin, version: 2 };
      assert.deepEqual(await journal.restore(back(answered, { over: 1, isReleased: true })), { word: 'restored' });
      assert.equal(await journal.holder(held({ twin: 't', lane: '/t' })), null);
      const renamed = await rewritten(journal, answered, { owner: 'another' });
      assert.deepEqual(await journal.restore(back({ ...renamed, version: 9 }, { over: 3 })), { word: 'restored' });
      assert.equal((await journal.holder(held({ twin: 't', lane: '/t' })))?.id, twin.id, 'not released');
    });

    test('the epoch becomes at least what was known, and never less than it is', async () => {
      await using here = await place();
      const journal = await here.open();
      assert.deepEqual(await journal.raiseEpoch(5), { word: 'raised', epoch: 5 });
      assert.deepEqual(await journal.raiseEpoch(5), { word: 'raised', epoch: 5 });
      assert.deepEqual(await journal.raiseEpoch(3), { word: 'raised', epoch: 5 });
      assert.deepEqual(await journal.bumpEpoch(5, null), { word: 'bumped', epoch: 6 });
      assert.equal(await journal.epoch(), 6);
    });
  });
}
