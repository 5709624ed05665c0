// Reports and their deliveries: bodies by name, what is open, dead letters, and what retention must leave.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { moved, type Transaction } from '../../src/domain/transaction.ts';
import type { Journal } from '../../src/journal/journal.ts';
import type { Place, Store } from './contract.ts';
import { bytes, carried, delivery, held, kept, reports, rewritten, state, text, toSend } from './samples.ts';

const openIds = async (journal: Journal, owner?: string): Promise<string[]> => {
  const query = { afterSequence: 0, limit: 100 };
  return (await journal.open(owner === undefined ? query : { ...query, owner })).map(({ id }) => id);
};

/** Settled in one write with a report that the client still has to get. */
async function settledWaiting(journal: Journal, said: Parameters<typeof held>[0] = {}): Promise<Transaction> {
  const made = await kept(journal, toSend(held({ wants: ['callback'], ...said })));
  const settled = moved(made, state.completed(10), { reports: reports(delivery.waiting) });
  const replaced = await journal.replace({ transaction: settled, bodies: { 'report-1': bytes('done') } });
  assert.ok(replaced.word === 'replaced');
  return replaced.transaction;
}

export function reportsAndDeliveries({ skip, place }: Store): void {
  suite('reports and deliveries', { skip }, () => {
    bodies(place);
    openOnes(place);
    letters(place);
    retention(place);
  });
}

function bodies(place: () => Promise<Place>): void {
  test('bodies of reports are kept by their number, and what a write does not name stays as it is', async () => {
    await using here = await place();
    const journal = await here.open();
    const made = await kept(journal, toSend(held()));
    const accepted = { transaction: moved(made, state.accepted), bodies: { response: bytes('ok') } };
    const first = await journal.replace(accepted);
    assert.ok(first.word === 'replaced');
    const both = { 'report-1': bytes('one'), 'report-12': bytes('') };
    const reported = { transaction: first.transaction, bodies: both };
    for (let time = 0; time < 2; time += 1) assert.equal((await journal.replace(reported)).word, 'replaced');
    const found = async () =>
      Promise.all(
        (['request', 'response', 'report-1', 'report-12', 'report-2'] as const).map(async (name) =>
          text(await journal.body(made.id, name)),
        ),
      );
    assert.deepEqual(await found(), ['hello', 'ok', 'one', '', null]);
    const again = { ...first.transaction, version: 3 };
    await journal.replace({ transaction: again, bodies: { 'report-1': bytes('one, masked'), request: bytes('gone') } });
    assert.deepEqual(await found(), ['gone', 'ok', 'one, masked', '', null]);
    const stale = await journal.replace({ transaction: again, bodies: { response: bytes('late') } });
    assert.equal(stale.word, 'stale-version');
    assert.deepEqual(await found(), ['gone', 'ok', 'one, masked', '', null]);
  });

  test('a turn of writes with different bodies gives each its own', async () => {
    await using here = await place();
    const journal = await here.open();
    const made = await Promise.all(Array.from({ length: 6 }, () => kept(journal, held())));
    const names = ['report-1', 'report-2', 'report-3'] as const;
    const writes = made.map((transaction, at) => {
      const given = Object.fromEntries(names.slice(0, at % 4).map((name) => [name, bytes(`${name} of ${at}`)]));
      return journal.replace({ transaction, bodies: given });
    });
    writes.push(journal.replace({ transaction: held(), bodies: { response: bytes('nobody’s') } }));
    const created = kept(journal, { transaction: held(), request: bytes('after') });
    assert.equal((await Promise.all(writes)).filter(({ word }) => word === 'replaced').length, 6);
    for (const [at, { id }] of made.entries()) {
      assert.equal(text(await journal.body(id, 'request')), 'hello');
      for (const [position, name] of names.entries()) {
        const expected = position < at % 4 ? `${name} of ${at}` : null;
        assert.equal(text(await journal.body(id, name)), expected, `${name} of ${at}`);
      }
    }
    assert.equal(text(await journal.body((await created).id, 'request')), 'after');
  });
}

function openOnes(place: () => Promise<Place>): void {
  test('R30: a settled transaction is open while a delivery waits, is adopted as such, and is open again when a late report comes', async () => {
    await using here = await place();
    const journal = await here.open();
    const settled = await settledWaiting(journal, { owner: 'old' });
    const unsettled = await kept(journal, toSend(held({ owner: 'new' })));
    await carried(journal, await kept(journal, toSend(held({ owner: 'old' }))), state.completed());
    assert.deepEqual(await openIds(journal), [settled.id, unsettled.id]);
    assert.deepEqual(await openIds(journal, 'old'), [settled.id]);
    const adopted = await rewritten(journal, settled, { owner: 'new' });
    assert.deepEqual(await openIds(journal, 'old'), []);
    assert.deepEqual(await openIds(journal, 'new'), [settled.id, unsettled.id]);
    const delivered = await rewritten(journal, adopted, { reports: reports(delivery.delivered) });
    assert.deepEqual(await openIds(journal), [unsettled.id]);
    await rewritten(journal, delivered, { reports: reports(delivery.delivered, delivery.waiting) });
    assert.deepEqual(await openIds(journal, 'new'), [settled.id, unsettled.id]);
    assert.equal((await journal.counts()).completed, 2);
  });

  test('a delivery that waits leaves the lane free and the key taken', async () => {
    await using here = await place();
    const journal = await here.open();
    await settledWaiting(journal, { lane: '/tenants/a', key: 'k' });
    assert.equal((await kept(journal, toSend(held({ lane: '/tenants/a' })))).state.status, 'in-flight');
    assert.equal((await journal.create({ transaction: held({ key: 'k' }), request: bytes('') })).word, 'key-taken');
  });
}

function letters(place: () => Promise<Place>): void {
  test('dead letters are listed newest first, page by page, until they are sent again', async () => {
    await using here = await place();
    const journal = await here.open();
    const made: Transaction[] = [];
    for (let at = 0; at < 130; at += 1) {
      const settled = await settledWaiting(journal, { id: `t${at}` });
      const after = at % 2 === 0 ? [delivery.delivered, delivery.dead] : [delivery.delivered];
      made.push(await rewritten(journal, settled, { reports: reports(...after) }));
    }
    const dead = made.filter((_, at) => at % 2 === 0).reverse();
    assert.deepEqual(await journal.deadLetters({ limit: 1000 }), dead);
    const found: Transaction[] = await journal.deadLetters({ limit: 20 });
    while (found.length % 20 === 0) {
      const beforeSequence = found.at(-1)?.sequence ?? 0;
      found.push(...(await journal.deadLetters({ beforeSequence, limit: 20 })));
    }
    assert.deepEqual(found, dead);
    assert.deepEqual(await journal.deadLetters({ beforeSequence: dead.at(-1)?.sequence ?? 0, limit: 9 }), []);
    const again = made[64] ?? held();
    await rewritten(journal, again, { reports: reports(delivery.delivered, delivery.waiting) });
    assert.deepEqual(
      await journal.deadLetters({ limit: 1000 }),
      dead.filter(({ id }) => id !== again.id),
    );
    assert.deepEqual(await openIds(journal), [again.id]);
  });

  test('deliveries and dead letters stand when the journal is opened again', async () => {
    await using here = await place();
    const before = await here.open();
    const waiting = await settledWaiting(before);
    const dead = await rewritten(before, await settledWaiting(before), { reports: reports(delivery.dead) });
    await before.close();
    const journal = await here.open();
    assert.deepEqual(await journal.open({ afterSequence: 0, limit: 9 }), [waiting]);
    assert.deepEqual(await journal.deadLetters({ limit: 9 }), [dead]);
    assert.equal(text(await journal.body(dead.id, 'report-1')), 'done');
  });
}

function retention(place: () => Promise<Place>): void {
  test('what has a delivery that waits is not pruned, however old; once delivered it goes with its reports', async () => {
    await using here = await place();
    const journal = await here.open();
    const waiting = await settledWaiting(journal, { key: 'k' });
    assert.equal(await journal.prune(1_000_000, 100), 0);
    assert.deepEqual(await journal.get(waiting.id), waiting);
    await rewritten(journal, waiting, { reports: reports(delivery.delivered) });
    assert.equal(await journal.prune(10, 100), 0);
    assert.equal(await journal.prune(11, 100), 1);
    assert.equal(await journal.get(waiting.id), null);
    assert.equal(await journal.body(waiting.id, 'report-1'), null);
    assert.equal((await journal.create({ transaction: held({ key: 'k' }), request: bytes('') })).word, 'created');
  });

  test('a dead letter goes when its time is over, and is listed no more', async () => {
    await using here = await place();
    const journal = await here.open();
    await rewritten(journal, await settledWaiting(journal), { reports: reports(delivery.dead) });
    assert.equal((await journal.deadLetters({ limit: 9 })).length, 1);
    assert.equal(await journal.prune(11, 100), 1);
    assert.deepEqual(await journal.deadLetters({ limit: 9 }), []);
  });

  test('R29: a deployment that stands is kept with its client’s wish for events; its time counts from its end', async () => {
    await using here = await place();
    const journal = await here.open();
    const said = { resourceType: 'deployments', wants: ['events' as const] };
    const created = await carried(journal, await kept(journal, toSend(held(said))), state.completed(10));
    assert.equal(await journal.prune(1_000_000, 100), 0);
    assert.deepEqual(await openIds(journal), []);
    await rewritten(journal, created, { endedAt: 500 });
    assert.equal(await journal.prune(500, 100), 0);
    assert.equal(await journal.prune(501, 100), 1);
  });
}
