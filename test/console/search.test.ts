/** A whole id is found at once, however many transactions came since; a page of the rest of a search reads so many and no more. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openJournal } from '../../src/journal/open.ts';
import { Transactions } from '../../src/ops/transactions.ts';
import { pastConfig, writePast } from './past.ts';

/** More than one page of a search reads. */
const count = 5_200;

test('a search for the id of an old transaction finds it on the first page, if the other filters let it through', async () => {
  await using parts = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'northgate-search-'));
  parts.defer(() => rm(directory, { recursive: true, force: true }));
  const settings = { NORTHGATE_JOURNAL_URL: `sqlite:${join(directory, 'past.db')}` };
  await writePast(settings, { count });
  const journal = await openJournal(pastConfig(settings).journal);
  parts.defer(() => journal.close());
  const transactions = new Transactions(journal);
  const id = 'past00000005';
  const found = async (filter: object): Promise<[string[], boolean]> => {
    const { items, nextCursor } = await transactions.list({ q: id, limit: 50, ...filter });
    return [items.map((each) => each.id), nextCursor === null];
  };

  assert.deepEqual(await found({}), [[id], true]);
  assert.deepEqual(await found({ status: 'completed', method: 'POST' }), [[id], true]);
  assert.deepEqual(await found({ status: 'failed' }), [[], true]);
  assert.deepEqual(await found({ since: Date.now() - 60_000 }), [[], true]);
  assert.deepEqual(await found({ until: 1 }), [[], true]);
  assert.deepEqual(await found({ q: 'esc-5x' }), [[], false], 'what is no id is searched for page by page');
});
