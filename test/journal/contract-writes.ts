// Creating and replacing: every word, and every write a second time.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { moved } from '../../src/domain/transaction.ts';
import type { Store } from './contract.ts';
import { bytes, carried, held, kept, state, text, toSend } from './samples.ts';

export function writes({ skip, place }: Store): void {
  suite('creating', { skip }, () => {
    test('a transaction is kept as given, with the first version and the next sequence', async () => {
      await using here = await place();
      const journal = await here.open();
      const first = await kept(journal, held({ key: 'k' }));
      const second = await kept(journal, held());
      assert.equal(first.version, 1);
      assert.equal(second.sequence, first.sequence + 1);
      assert.deepEqual(await journal.get(first.id), first);
      assert.equal(text(await journal.body(first.id, 'request')), 'hello');
      assert.equal(await journal.body(first.id, 'response'), null);
    });

    test('a transaction created twice, also at once, is one', async () => {
      await using here = await place();
      const journal = await here.open();
      const creation = toSend(held({ key: 'k' }));
      const said = await Promise.all([journal.create(creation), journal.create(creation), journal.create(creation)]);
      said.push(await journal.create(creation));
      assert.deepEqual(new Set(said.map(({ word }) => word)), new Set(['created']));
      for (const each of said) assert.deepEqual(each, said[0]);
      assert.equal((await journal.list({ limit: 10 })).length, 1);
    });

    test('of 200 requests with one key at the same time one transaction is made, and all learn of it', async () => {
      await using here = await place();
      const journal = await here.open();
      const asked = Array.from({ length: 200 }, () => ({ transaction: held({ key: 'same' }), request: bytes('x') }));
      const said = await Promise.all(asked.map((creation) => journal.create(creation)));
      assert.equal(said.filter(({ word }) => word === 'created').length, 1);
      assert.equal(said.filter(({ word }) => word === 'key-taken').length, 199);
      const ids = said.map((each) => (each.word === 'unavailable' ? '' : each.transaction.id));
      assert.equal(new Set(ids).size, 1);
      assert.equal((await journal.counts()).held, 1);
    });

    test('a key is the own of its client, whatever the names of both are', async () => {
      await using here = await place();
      const journal = await here.open();
      const pairs = [
        ['a', 'b'],
        ['a","b', 'c'],
        ['a', '","b","c'],
        ['a:b', 'c'],
        ['a', 'b:c'],
        ['', 'a\nb\0c'],
      ] as const;
      for (const [client, key] of pairs) await kept(journal, held({ client, key }));
      for (const [client, key] of pairs) {
        const again = await journal.create({ transaction: held({ client, key }), request: bytes('') });
        assert.equal(again.word, 'key-taken');
        if (again.word === 'key-taken') assert.equal(again.transaction.client, client);
      }
    });

    test('the key of an abandoned transaction is free again; that of a completed one is not', async () => {
      await using here = await place();
      const journal = await here.open();
      const abandoned = await kept(journal, held({ key: 'a' }));
      const completed = await kept(journal, toSend(held({ key: 'c' })));
      await carried(journal, abandoned, state.abandoned());
      await carried(journal, completed, state.completed());
      const next = await kept(journal, held({ key: 'a' }));
      assert.equal((await journal.create({ transaction: held({ key: 'c' }), request: bytes('') })).word, 'key-taken');
      const again = await journal.create({ transaction: held({ key: 'a' }), request: bytes('') });
      assert.ok(again.word === 'key-taken' && again.transaction.id === next.id);
    });

    test('R26 of 200 equal requests without a key at the same time one transaction is made, and all learn of it', async () => {
      await using here = await place();
      const journal = await here.open();
      const twins = Array.from({ length: 200 }, () => held({ twin: 'same', lane: '/t' }));
      const said = await Promise.all(twins.map((twin) => journal.create(toSend(twin))));
      assert.equal(said.filter(({ word }) => word === 'created').length, 1);
      assert.equal(new Set(said.map((each) => (each.word === 'unavailable' ? '' : each.transaction.id))).size, 1);
    });

    test('R26 a twin joins while it is the newest of its lane and was not released, whatever its status', async () => {
      await using here = await place();
      const journal = await here.open();
      const ask = async (said: Parameters<typeof held>[0]): Promise<string> => {
        const transaction = held({ twin: 'same', lane: '/t', ...said });
        const holder = await journal.holder(transaction);
        const created = await journal.create({ transaction, request: bytes('') });
        if (created.word === 'unavailable') return '';
        assert.deepEqual(holder, created.word === 'key-taken' ? created.transaction : null, 'who it would meet');
        return created.transaction.id;
      };
      const first = await kept(journal, toSend(held({ twin: 'same', lane: '/t' })));
      assert.equal(await ask({}), first.id, 'in flight');
      const done = await carried(journal, first, state.completed());
      assert.equal(await ask({}), first.id, 'completed');
      await kept(journal, held({ twin: 'same', client: 'another', lane: '/other' }));
      assert.equal(await ask({}), first.id, 'one of another lane and client is none of it');

      assert.equal(await journal.release(done), 'released');
      assert.equal(await journal.release(done), 'released', 'twice is once');
      const second = await ask({});
      assert.notEqual(second, first.id, 'released');
      await journal.release(done);
      assert.equal(await ask({}), second, 'a release frees only what is its own');

      await kept(journal, held({ twin: 'different', lane: '/t' }));
      const third = await ask({});
      assert.notEqual(third, second, 'not the newest of its lane any more');
      assert.equal(await ask({}), third);
      await kept(journal, held({ key: 'k', lane: '/t' }));
      assert.notEqual(await ask({}), third, 'one with a key is a newer one too');
    });

    test('R24 the twin of an abandoned transaction is free again, and a key is not released', async () => {
      await using here = await place();
      const journal = await here.open();
      const abandoned = await kept(journal, held({ twin: 'a', lane: '/t' }));
      await carried(journal, abandoned, state.abandoned());
      await kept(journal, held({ twin: 'a', lane: '/t' }));
      assert.equal(await journal.holder(held({ key: 'k' })), null);
      const keyed = await kept(journal, held({ key: 'k' }));
      await journal.release(keyed);
      assert.deepEqual(await journal.holder(held({ key: 'k' })), keyed);
      assert.equal((await journal.create({ transaction: held({ key: 'k' }), request: bytes('') })).word, 'key-taken');
    });

    test('an empty body and one of a mebibyte come back as they were', async () => {
      await using here = await place();
      const journal = await here.open();
      const large = new Uint8Array(1024 * 1024).map((_, at) => at % 251);
      const one = await kept(journal, { transaction: held(), request: large });
      const other = await kept(journal, { transaction: held(), request: new Uint8Array() });
      assert.deepEqual(new Uint8Array((await journal.body(one.id, 'request')) ?? []), large);
      assert.equal((await journal.body(other.id, 'request'))?.length, 0);
    });
  });

  suite('replacing', { skip }, () => {
    test('a record is replaced at the version that was read, once', async () => {
      await using here = await place();
      const journal = await here.open();
      const first = await kept(journal, toSend(held()));
      const answer = { status: 200, bodyBytes: 2, at: 9, from: 'esc' as const };
      const settled = moved(first, state.completed(), { answer, escTransactionId: 'esc-1', owner: 'replica-2' });
      const done = await journal.replace({ transaction: settled, bodies: { response: bytes('ok') } });
      assert.deepEqual(done, { word: 'replaced', transaction: { ...settled, version: 2 } });
      assert.deepEqual(await journal.get(first.id), { ...settled, version: 2 });
      assert.equal(text(await journal.body(first.id, 'response')), 'ok');
      assert.equal(text(await journal.body(first.id, 'request')), 'hello');
      assert.deepEqual(await journal.replace({ transaction: moved(first, state.accepted) }), { word: 'stale-version' });
      assert.deepEqual(await journal.get(first.id), { ...settled, version: 2 });
    });

    test('a replacement made twice, also at once, finds itself done', async () => {
      await using here = await place();
      const journal = await here.open();
      const first = await kept(journal, held());
      const marked = { transaction: moved(first, state.inFlight()), mark: { epoch: 0, waitsFor: [] } };
      const said = await Promise.all([journal.replace(marked), journal.replace(marked)]);
      said.push(await journal.replace(marked));
      for (const each of said)
        assert.deepEqual(each, { word: 'replaced', transaction: { ...marked.transaction, version: 2 } });
      assert.equal((await journal.get(first.id))?.version, 2);
    });

    test('of two who make the same replacement, equal to the last byte, one is told that it was replaced', async () => {
      await using here = await place();
      const journal = await here.open();
      const first = await kept(journal, held());
      const marked = () =>
        journal.replace({ transaction: moved(first, state.inFlight()), mark: { epoch: 0, waitsFor: [] } });
      const words = (await Promise.all([marked(), marked(), marked()])).map(({ word }) => word);
      assert.deepEqual(words, ['replaced', 'stale-version', 'stale-version']);
    });

    test('what was overtaken by another write does not find itself done', async () => {
      await using here = await place();
      const journal = await here.open();
      const first = await kept(journal, toSend(held()));
      const accepted = { transaction: moved(first, state.accepted) };
      const done = await journal.replace(accepted);
      assert.ok(done.word === 'replaced');
      await carried(journal, done.transaction, state.completed());
      assert.equal((await journal.replace(accepted)).word, 'stale-version');
    });

    test('a transaction that is not there is missing', async () => {
      await using here = await place();
      const journal = await here.open();
      assert.deepEqual(await journal.replace({ transaction: held() }), { word: 'missing' });
      assert.equal(await journal.get('nobody'), null);
      assert.equal(await journal.body('nobody', 'request'), null);
    });

    test('R13 what was learnt in an epoch that is over concludes nothing, and what needs no epoch goes on', async () => {
      await using here = await place();
      const journal = await here.open();
      const first = await kept(journal, toSend(held()));
      const concluded = { transaction: moved(first, state.accepted), epoch: 0 };
      await journal.bumpEpoch(0, null);
      assert.deepEqual(await journal.replace(concluded), { word: 'stale-epoch' });
      assert.deepEqual(await journal.get(first.id), first, 'nothing of it was written');
      const early = { transaction: moved(first, state.accepted), epoch: 2 };
      assert.deepEqual(await journal.replace(early), { word: 'stale-epoch' }, 'nor in one that is not yet');
      const current = { transaction: moved(first, state.accepted), epoch: 1 };
      const accepted = await journal.replace(current);
      assert.ok(accepted.word === 'replaced');
      await journal.bumpEpoch(1, null);
      assert.deepEqual(await journal.replace(current), accepted, 'done before, it finds itself done');
      const unconditional = { transaction: moved(accepted.transaction, state.completed()) };
      assert.equal((await journal.replace(unconditional)).word, 'replaced');
    });

    test('R13 an epoch asks for no place in the lane', async () => {
      await using here = await place();
      const journal = await here.open();
      const lane = '/tenants/a';
      await kept(journal, toSend(held({ lane })));
      const behind = await kept(journal, held({ lane }));
      const said = await journal.replace({ transaction: { ...behind, joined: 1 }, epoch: 0 });
      assert.equal(said.word, 'replaced');
    });

    test('the request body is replaced only when one is given', async () => {
      await using here = await place();
      const journal = await here.open();
      const first = await kept(journal, held());
      const done = await journal.replace({
        transaction: moved(first, state.abandoned()),
        bodies: { request: bytes('') },
      });
      assert.equal(done.word, 'replaced');
      assert.equal(text(await journal.body(first.id, 'request')), '');
    });

    test('a turn of more writes than one command takes is written whole and in order', async () => {
      await using here = await place();
      const journal = await here.open();
      const all = await Promise.all(Array.from({ length: 700 }, (_, at) => kept(journal, held({ id: `t${at}` }))));
      const sequences = all.map(({ sequence }) => sequence);
      assert.deepEqual(
        sequences,
        [...sequences].sort((a, b) => a - b),
      );
      assert.equal((await journal.counts()).held, 700);
    });

    test('a journal that is closed takes no writes and says so', async () => {
      await using here = await place();
      const journal = await here.open();
      const begun = journal.create({ transaction: held(), request: bytes('') });
      await journal.close();
      assert.equal((await begun).word, 'created');
      assert.equal((await journal.create({ transaction: held(), request: bytes('') })).word, 'unavailable');
      await assert.rejects(journal.get('x'), { name: 'JournalUnavailable' });
    });
  });
}
