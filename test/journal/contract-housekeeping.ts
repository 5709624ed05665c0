// Epoch, switchovers, leases, change notices, retention, and what stands after the journal was closed.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { moved } from '../../src/domain/transaction.ts';
import type { Change, Lease, SwitchoverRecord } from '../../src/journal/journal.ts';
import { until } from '../support/until.ts';
import type { Store } from './contract.ts';
import { bytes, carried, held, kept, state, toSend } from './samples.ts';

const switchover = (epoch: number, detectedAt = 1): SwitchoverRecord => ({
  epoch,
  cause: 'failover',
  detectedAt,
  readyAt: null,
  recoveredAt: null,
  from: '10.0.0.1',
  to: null,
  held: 0,
  replayed: 0,
  reconciled: 0,
  completed: 0,
  abandoned: 0,
});

export function housekeeping({ skip, place }: Store): void {
  suite('epochs and switchovers', { skip }, () => {
    test('of many who end the same epoch one does, and the others learn which it is', async () => {
      await using here = await place();
      const journal = await here.open();
      assert.equal(await journal.epoch(), 0);
      const said = await Promise.all(Array.from({ length: 8 }, (_, at) => journal.bumpEpoch(0, switchover(1, at))));
      assert.deepEqual(said.map(({ word }) => word).sort(), ['bumped', ...Array(7).fill('stale')]);
      for (const each of said) assert.ok(each.word !== 'unavailable' && each.epoch === 1);
      assert.equal(await journal.epoch(), 1);
      const winner = said.findIndex(({ word }) => word === 'bumped');
      assert.deepEqual(await journal.switchovers(10), [switchover(1, winner)]);
    });

    test('an epoch ended twice by the same call finds itself ended', async () => {
      await using here = await place();
      const journal = await here.open();
      const record = switchover(1);
      for (let time = 0; time < 2; time += 1) {
        assert.deepEqual(await journal.bumpEpoch(0, record), { word: 'bumped', epoch: 1 });
      }
      assert.deepEqual(await journal.bumpEpoch(1, switchover(2)), { word: 'bumped', epoch: 2 });
      assert.deepEqual(await journal.bumpEpoch(0, record), { word: 'stale', epoch: 2 });
    });

    test('an epoch that ended without a switchover leaves no record of one', async () => {
      await using here = await place();
      const journal = await here.open();
      assert.deepEqual(await journal.bumpEpoch(0, null), { word: 'bumped', epoch: 1 });
      assert.deepEqual(await journal.bumpEpoch(0, null), { word: 'stale', epoch: 1 });
      assert.deepEqual(await journal.switchovers(10), []);
    });

    test('switchovers are listed newest first and rewritten in place', async () => {
      await using here = await place();
      const journal = await here.open();
      for (let epoch = 1; epoch <= 12; epoch += 1) await journal.bumpEpoch(epoch - 1, switchover(epoch));
      const recovered = { ...switchover(11), recoveredAt: 99, replayed: 3 };
      assert.equal(await journal.putSwitchover(recovered), 'written');
      assert.equal(await journal.putSwitchover(recovered), 'written');
      assert.deepEqual(await journal.switchovers(3), [switchover(12), recovered, switchover(10)]);
      assert.equal((await journal.switchovers(100)).length, 12);
    });
  });

  suite('leases', { skip }, () => {
    test('a lease ends its time after its renewal, and stays listed when it has ended', async () => {
      await using here = await place();
      const journal = await here.open();
      const before = Date.now();
      assert.equal(await journal.renewLease('b', 10_000), 'renewed');
      assert.equal(await journal.renewLease('a', 1), 'renewed');
      assert.equal(await journal.renewLease('a', 1), 'renewed');
      const leases = await journal.leases();
      assert.deepEqual(
        leases.map(({ replica }) => replica),
        ['a', 'b'],
      );
      const end = leases[1]?.expiresAt ?? 0;
      assert.ok(end >= before + 9_000 && end <= Date.now() + 11_000, `ends at ${end}, renewed at ${before}`);
    });

    test('R5 a lease tells since when it holds without a gap, and whether it does', async () => {
      await using here = await place();
      const journal = await here.open();
      const found = async (): Promise<Lease> => {
        const [lease] = await journal.leases();
        assert.ok(lease !== undefined);
        return lease;
      };
      await journal.renewLease('a', 60_000);
      const begun = await found();
      await until(async () => Date.now() > begun.since + 2, 'a moment has passed');
      await journal.renewLease('a', 60_000);
      const renewed = await found();
      assert.deepEqual([renewed.since, renewed.isLive], [begun.since, true]);
      assert.ok(renewed.expiresAt > begun.expiresAt);

      for (let time = 0; time < 2; time += 1) assert.equal(await journal.endLease('a'), 'ended');
      const ended = await found();
      assert.equal(ended.isLive, false);
      await journal.renewLease('a', 60_000);
      const again = await found();
      assert.ok(again.isLive && again.since >= ended.expiresAt, 'it begins anew after it had ended');
    });

    test('a lease that ended more than a day ago is forgotten', async () => {
      await using here = await place();
      const journal = await here.open();
      await journal.renewLease('long-gone', -25 * 3_600_000);
      await journal.renewLease('gone', -23 * 3_600_000);
      await journal.renewLease('here', 1000);
      assert.deepEqual(
        (await journal.leases()).map(({ replica }) => replica),
        ['gone', 'here'],
      );
    });
  });

  suite('notices and retention', { skip }, () => {
    test('a listener hears of each write, until it leaves', async () => {
      await using here = await place();
      const journal = await here.open();
      const heard: Change[] = [];
      const leave = journal.subscribe((change) => heard.push(change));
      const made = await kept(journal, toSend(held()));
      await carried(journal, made, state.accepted);
      await journal.replace({ transaction: moved(made, state.completed()) });
      leave();
      await kept(journal, held());
      const { id } = made;
      assert.deepEqual(heard, [
        { id, version: 1, status: 'in-flight', owner: 'replica-1', isForeign: false },
        { id, version: 2, status: 'accepted', owner: 'replica-1', isForeign: false },
      ]);
    });

    test('pruning takes what settled before the instant, oldest first, and leaves the rest', async () => {
      await using here = await place();
      const journal = await here.open();
      for (let at = 0; at < 250; at += 1) {
        const made = await kept(journal, toSend(held({ id: `t${at}`, key: `k${at}` })));
        await carried(journal, made, state.completed(1000 + at));
      }
      const waiting = await kept(journal, held());
      assert.equal(await journal.prune(1000, 1000), 0);
      assert.equal(await journal.prune(1240, 30), 30);
      assert.equal(await journal.get('t29'), null);
      assert.notEqual(await journal.get('t30'), null);
      assert.equal(await journal.prune(1240, 1000), 210);
      assert.deepEqual((await journal.list({ limit: 100, status: 'completed' })).map(({ id }) => id).sort(), [
        't240',
        't241',
        't242',
        't243',
        't244',
        't245',
        't246',
        't247',
        't248',
        't249',
      ]);
      assert.equal((await journal.counts()).completed, 10);
      assert.deepEqual(await journal.get(waiting.id), waiting);
      assert.equal(await journal.body('t0', 'request'), null);
      assert.equal((await journal.create({ transaction: held({ key: 'k0' }), request: bytes('') })).word, 'created');
      assert.equal(
        (await journal.create({ transaction: held({ key: 'k245' }), request: bytes('') })).word,
        'key-taken',
      );
    });

    test('sequences are never given twice, also when the newest were pruned and the journal was opened again', async () => {
      await using here = await place();
      const journal = await here.open();
      const made = await kept(journal, toSend(held()));
      await carried(journal, made, state.completed(1));
      assert.equal(await journal.prune(2, 10), 1);
      await journal.close();
      assert.ok((await kept(await here.open(), held())).sequence > made.sequence);
    });

    test('everything stands when the journal is opened again', async () => {
      await using here = await place();
      const before = await here.open();
      const made = await kept(before, toSend(held({ key: 'k' })));
      const settled = await carried(before, await kept(before, toSend(held())), state.completed());
      await before.bumpEpoch(0, switchover(1));
      await before.renewLease('r', 60_000);
      await before.close();
      const journal = await here.open();
      assert.deepEqual(await journal.get(made.id), made);
      assert.deepEqual(await journal.get(settled.id), settled);
      assert.equal(await journal.epoch(), 1);
      assert.equal((await journal.switchovers(1)).length, 1);
      assert.equal((await journal.leases()).length, 1);
      assert.equal((await journal.create({ transaction: held({ key: 'k' }), request: bytes('') })).word, 'key-taken');
      assert.deepEqual(
        (await journal.open({ afterSequence: 0, limit: 9 })).map(({ id }) => id),
        [made.id],
      );
    });
  });
}
