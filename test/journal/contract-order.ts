// Rules R8 to R10: what may be marked in flight, told by examples and held against a small model of the rules.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { moved } from '../../src/domain/transaction.ts';
import type { Store } from './contract.ts';
import { orderProperty } from './order-model.ts';
import { carried, held, kept, state, toSend } from './samples.ts';

export function order({ skip, place }: Store): void {
  suite('order', { skip }, () => {
    test('R8: a create is sent at once only if its lane is free; else it is held in the same step', async () => {
      await using here = await place();
      const journal = await here.open();
      const lane = '/tenants/a';
      const first = await kept(journal, toSend(held({ lane })));
      const second = await kept(journal, toSend(held({ lane })));
      assert.deepEqual([first.state.status, second.state.status], ['in-flight', 'held']);
      assert.equal((await kept(journal, toSend(held()))).state.status, 'in-flight');
    });

    test('R8: accepted and awaiting-operator leave the lane free; unacknowledged does not', async () => {
      await using here = await place();
      const journal = await here.open();
      const lane = '/tenants/a';
      const first = await kept(journal, toSend(held({ lane })));
      const unacknowledged = await carried(journal, first, state.unacknowledged);
      assert.equal((await kept(journal, toSend(held({ lane })))).state.status, 'held');
      const waiting = await journal.open({ afterSequence: first.sequence, limit: 1 });
      await carried(journal, waiting[0] ?? first, state.abandoned());
      await carried(journal, unacknowledged, state.awaitingOperator);
      const next = await kept(journal, toSend(held({ lane })));
      assert.equal(next.state.status, 'in-flight');
      await carried(journal, next, state.accepted);
      assert.equal((await kept(journal, toSend(held({ lane })))).state.status, 'in-flight');
    });

    test('R10: only the first of its lane is marked, whoever asks first', async () => {
      await using here = await place();
      const journal = await here.open();
      const lane = '/tenants/a';
      const [first, second] = [await kept(journal, held({ lane })), await kept(journal, held({ lane }))];
      const mark = { epoch: 0, waitsFor: [] };
      const marked = (each: typeof first) => journal.replace({ transaction: moved(each, state.inFlight()), mark });
      assert.equal((await marked(second)).word, 'behind');
      const done = await marked(first);
      assert.ok(done.word === 'replaced');
      assert.equal((await marked(second)).word, 'behind');
      await carried(journal, done.transaction, state.accepted);
      assert.equal((await marked(second)).word, 'replaced');
    });

    test('R10: a mark in an epoch that is over is refused, and a create in it is held', async () => {
      await using here = await place();
      const journal = await here.open();
      const made = await kept(journal, held());
      await journal.bumpEpoch(0, null);
      const mark = { epoch: 0, waitsFor: [] };
      const late = await journal.replace({ transaction: moved(made, state.inFlight(0)), mark });
      assert.equal(late.word, 'stale-epoch');
      assert.equal((await kept(journal, toSend(held(), mark))).state.status, 'held');
      assert.equal((await kept(journal, toSend(held(), { epoch: 1, waitsFor: [] }))).state.status, 'in-flight');
    });

    test('R9: a transaction waits for earlier ones on an ancestor that are held or unacknowledged, not for later ones', async () => {
      await using here = await place();
      const journal = await here.open();
      const waitsFor = ['at:/tenants/a'];
      const tenant = await kept(journal, held({ lane: '/tenants/a' }));
      const network = await kept(journal, toSend(held({ ancestors: ['/tenants/a'] }), { epoch: 0, waitsFor }));
      assert.equal(network.state.status, 'held');
      const mark = { epoch: 0, waitsFor };
      const sent = { transaction: moved(network, state.inFlight()), mark };
      assert.equal((await journal.replace(sent)).word, 'behind');
      const flying = await carried(journal, tenant, state.inFlight());
      await carried(journal, flying, state.unacknowledged);
      assert.equal((await journal.replace(sent)).word, 'behind');
      const read = await journal.get(tenant.id);
      await carried(journal, read ?? tenant, state.completed());
      await kept(journal, held({ lane: '/tenants/a' }));
      assert.equal((await journal.replace(sent)).word, 'replaced');
    });

    test('lanes and groups with names that begin alike, are long, or odd, are not taken for each other', async () => {
      await using here = await place();
      const journal = await here.open();
      const names = [
        '/a',
        '/a/b',
        '/a\0',
        '/a\n',
        '/a#',
        '#',
        '',
        ' ',
        'ä'.repeat(50),
        `${'ä'.repeat(50)}b`,
        'x'.repeat(3000),
      ];
      for (const lane of names) {
        const first = await kept(journal, toSend(held({ lane }), { epoch: 0, waitsFor: [`at:${lane}`] }));
        assert.equal(first.state.status, 'in-flight', JSON.stringify(lane));
      }
      for (const lane of names) {
        assert.equal((await kept(journal, toSend(held({ lane })))).state.status, 'held', JSON.stringify(lane));
        assert.equal((await journal.list({ lane, limit: 10 })).length, 2, JSON.stringify(lane));
        const waits = toSend(held(), { epoch: 0, waitsFor: [`at:${lane}`] });
        assert.equal((await kept(journal, waits)).state.status, 'held', JSON.stringify(lane));
      }
    });

    test('whatever is written in whatever order, marks obey R8, R9 and R10', () => orderProperty(place));
  });
}
