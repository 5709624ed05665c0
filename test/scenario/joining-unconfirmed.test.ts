/**
 * The journal has kept a request and its word was lost: the client was told that nothing was sent, so the record is
 * undone. Whoever sends the request again meanwhile must not be made to wait for it, nor be promised a result of it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openJournal } from '../../src/journal/open.ts';
import { until } from '../support/until.ts';
import { startWorld, tenantXml, type World } from '../support/world.ts';

const path = '/ESCManager/v0/tenants/undone';

/** The first creation is kept without a word, and what would undo it waits until `isBack`. */
async function worldWithLostWord(): Promise<{ world: World; back: () => void }> {
  let firstId: string | null = null;
  let isBack = false;
  const open: typeof openJournal = async (options) => {
    const journal = await openJournal(options);
    return {
      ...journal,
      create: async (creation) => {
        const { id, path: target } = creation.transaction;
        if (target !== path) return journal.create(creation);
        const isFirst = firstId === null;
        firstId ??= id;
        if (isFirst) await journal.create(creation);
        if (id !== firstId || isBack) return journal.create(creation);
        return { word: 'unavailable', cause: new Error('the word was lost') };
      },
    };
  };
  const world = await startWorld({ internals: { open }, settings: { NORTHGATE_HOLD_TIMEOUT: '10s' } });
  return {
    world,
    back: () => {
      isBack = true;
    },
  };
}

for (const [how, headers] of Object.entries({
  'with its key': { 'idempotency-key': '"k"' },
  'without a key': {},
  'with its key, and asks for a 202': { 'idempotency-key': '"k"', prefer: 'respond-async' },
})) {
  test(`R24 and R35 a request that is being undone is sent again ${how}: it is refused as well, and done once the journal is back`, async () => {
    const { world, back } = await worldWithLostWord();
    await using _ = world;
    const send = (): ReturnType<World['send']> => world.send('POST', path, tenantXml('undone'), headers);
    for (const told of [await send(), await send()]) {
      assert.equal(told.status, 503, told.body);
      assert.match(told.body, /journal-unavailable.*"sent":"no"/);
    }
    back();
    await until(async () => (await world.gateway.journal.counts()).abandoned === 1, 'it is undone');

    assert.match(String((await send()).status), /20[02]/);
    await until(async () => (await world.gateway.journal.counts()).completed === 1, 'it is done');
    assert.equal(
      world.pair.requests.filter(({ method, path: asked }) => method === 'POST' && asked === path).length,
      1,
    );
  });
}
