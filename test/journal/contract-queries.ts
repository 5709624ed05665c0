// Finding transactions: by each index, page by page, and how many there are.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Transaction } from '../../src/domain/transaction.ts';
import type { Journal, ListQuery } from '../../src/journal/journal.ts';
import type { Store } from './contract.ts';
import { carried, held, kept, state, toSend } from './samples.ts';

const hour = 3_600_000;

async function pages(journal: Journal, query: Omit<ListQuery, 'limit'>, limit: number): Promise<Transaction[]> {
  const found: Transaction[] = [];
  for (let page = await journal.list({ ...query, limit }); page.length > 0; ) {
    found.push(...page);
    if (page.length < limit) break;
    page = await journal.list({ ...query, limit, beforeSequence: found.at(-1)?.sequence ?? 0 });
  }
  return found;
}

export function queries({ skip, place }: Store): void {
  suite('finding', { skip }, () => {
    test('transactions are listed newest first, by page, whole and by status, lane and client', async () => {
      await using here = await place();
      const journal = await here.open();
      const all: Transaction[] = [];
      for (let at = 0; at < 230; at += 1) {
        const said = { lane: `/lane/${at % 3}`, client: at % 2 === 0 ? 'even' : 'odd', id: `t${at}` };
        all.push(held(said));
      }
      const made = await Promise.all(all.map((each) => kept(journal, each)));
      for (const each of made.slice(0, 20)) await carried(journal, each, state.abandoned());
      const newest = [...made].reverse().map(({ id }) => id);
      const ids = async (query: Omit<ListQuery, 'limit'>, limit: number) =>
        (await pages(journal, query, limit)).map(({ id }) => id);
      assert.deepEqual(await ids({}, 1000), newest);
      assert.deepEqual(await ids({}, 7), newest);
      assert.deepEqual(await ids({ status: 'abandoned' }, 7), newest.slice(-20));
      assert.deepEqual(await ids({ status: 'held' }, 150), newest.slice(0, -20));
      assert.deepEqual(await ids({ status: 'completed' }, 10), []);
      const ofLane = newest.filter((id) => Number(id.slice(1)) % 3 === 1);
      assert.deepEqual(await ids({ lane: '/lane/1' }, 10), ofLane);
      assert.deepEqual(
        await ids({ client: 'odd' }, 100),
        newest.filter((id) => Number(id.slice(1)) % 2 === 1),
      );
      assert.deepEqual(await ids({ lane: '/lane' }, 10), []);
    });

    test('a span of time bounds every listing exactly, its end not included', async () => {
      await using here = await place();
      const journal = await here.open();
      const made: Transaction[] = [];
      for (let at = 0; at < 48; at += 1) {
        made.push(await kept(journal, held({ id: `t${at}`, receivedAt: at * hour, lane: `/l/${at % 2}` })));
      }
      const found = await journal.list({ receivedSince: 10 * hour, receivedUntil: 13 * hour, limit: 100 });
      assert.deepEqual(
        found.map(({ id }) => id),
        ['t12', 't11', 't10'],
      );
      const ofLane = await journal.list({ receivedSince: 10 * hour, receivedUntil: 13 * hour, lane: '/l/0', limit: 1 });
      assert.deepEqual(
        ofLane.map(({ id }) => id),
        ['t12'],
      );
      const rest = await journal.list({ receivedSince: 45 * hour, limit: 100 });
      assert.deepEqual(
        rest.map(({ id }) => id),
        ['t47', 't46', 't45'],
      );
      assert.deepEqual(await journal.list({ receivedSince: 48 * hour, limit: 1 }), []);
      assert.deepEqual(await journal.list({ receivedUntil: 0, limit: 1 }), []);
      assert.equal((await journal.list({ receivedUntil: 48 * hour, limit: 1000 })).length, made.length);
    });

    test('times that do not rise with the sequence, as from clocks that differ, are found all the same', async () => {
      await using here = await place();
      const journal = await here.open();
      for (const [id, receivedAt] of [
        ['a', 100_000],
        ['b', 40_000],
        ['c', 160_000],
        ['d', 90_000],
      ] as const) {
        await kept(journal, held({ id, receivedAt }));
      }
      const found = await journal.list({ receivedSince: 90_000, receivedUntil: 110_000, limit: 10 });
      assert.deepEqual(
        found.map(({ id }) => id),
        ['d', 'a'],
      );
    });

    test('open ones come in the order of arrival, page by page, all or one owner’s', async () => {
      await using here = await place();
      const journal = await here.open();
      const asked = Array.from({ length: 250 }, (_, at) => held({ id: `t${at}`, owner: `r${at % 2}` }));
      const made = await Promise.all(asked.map((each) => kept(journal, each)));
      for (const each of made.filter((_, at) => at % 5 === 0)) await carried(journal, each, state.abandoned());
      const left = made.filter((_, at) => at % 5 !== 0).map(({ id }) => id);
      const found: Transaction[] = [];
      for (;;) {
        const page = await journal.open({ afterSequence: found.at(-1)?.sequence ?? 0, limit: 33 });
        found.push(...page);
        if (page.length < 33) break;
      }
      assert.deepEqual(
        found.map(({ id }) => id),
        left,
      );
      const own = await journal.open({ afterSequence: 0, limit: 1000, owner: 'r1' });
      assert.deepEqual(
        own.map(({ id }) => id),
        left.filter((id) => Number(id.slice(1)) % 2 === 1),
      );
    });

    test('an adopted transaction is its new owner’s and no longer the old one’s', async () => {
      await using here = await place();
      const journal = await here.open();
      const first = await kept(journal, toSend(held({ owner: 'old' })));
      assert.equal((await journal.replace({ transaction: { ...first, owner: 'new' } })).word, 'replaced');
      assert.deepEqual(await journal.open({ afterSequence: 0, limit: 10, owner: 'old' }), []);
      assert.equal((await journal.open({ afterSequence: 0, limit: 10, owner: 'new' })).length, 1);
    });

    test('counts follow every move, and stand after a reopening', async () => {
      await using here = await place();
      const journal = await here.open();
      const [one, two, three] = [
        await kept(journal, held()),
        await kept(journal, toSend(held())),
        await kept(journal, held()),
      ];
      await carried(journal, one, state.abandoned());
      await carried(journal, two, state.unacknowledged);
      await journal.create({ transaction: three, request: new Uint8Array() });
      await journal.replace({ transaction: three, mark: { epoch: 7, waitsFor: [] } });
      const expected = { held: 1, unacknowledged: 1, abandoned: 1, 'in-flight': 0 };
      const { held: h, unacknowledged, abandoned, 'in-flight': flying } = await journal.counts();
      assert.deepEqual({ held: h, unacknowledged, abandoned, 'in-flight': flying }, expected);
      const before = await journal.counts();
      await journal.close();
      assert.deepEqual(await (await here.open()).counts(), before);
    });
  });
}
