/**
 * A creation that reaches the journal late: its client was told that nothing was sent and has sent it again, the repeated
 * creation has met that second request, and then the name that both have is free again.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Creation } from '../../src/journal/journal.ts';
import { openJournal } from '../../src/journal/open.ts';
import { until } from '../support/until.ts';
import { startWorld, tenantXml } from '../support/world.ts';

const path = '/ESCManager/v0/tenants/late';

test('R24 what reaches the journal after its client was told that it was not sent is never sent, and blocks nobody', async () => {
  let late: Creation | null = null;
  let isBack = false;
  let hasMet = false;
  let isReleased = false;
  let arrive = async (): Promise<unknown> => undefined;
  const open: typeof openJournal = async (options) => {
    const journal = await openJournal(options);
    arrive = async () => late !== null && journal.create(late);
    return {
      ...journal,
      create: async (creation) => {
        late ??= creation.transaction.path === path ? creation : null;
        if (creation.transaction.id !== late?.transaction.id) return journal.create(creation);
        if (!isBack) return { word: 'unavailable', cause: new Error('it is on its way') };
        const created = await journal.create(creation);
        hasMet ||= created.word === 'key-taken';
        return created;
      },
      release: async (transaction) => {
        await until(() => hasMet, 'the repeated creation has met the second request');
        const released = await journal.release(transaction);
        isReleased = true;
        return released;
      },
    };
  };
  await using world = await startWorld({ internals: { open } });
  const first = await world.send('POST', path, tenantXml('late'));
  assert.equal(first.status, 503, first.body);
  const second = await world.send('POST', path, tenantXml('late'));
  assert.equal(second.status, 200, second.body);
  isBack = true;
  await until(() => isReleased, 'the name is free again');

  await arrive();

  await until(async () => (await world.gateway.journal.counts()).abandoned === 1, 'the late one is undone');
  const removed = await world.send('DELETE', path);
  assert.equal(removed.status, 200, removed.body);
  const sent = world.pair.requests.filter(({ method, path: asked }) => method === 'POST' && asked === path);
  assert.equal(sent.length, 1);
});
