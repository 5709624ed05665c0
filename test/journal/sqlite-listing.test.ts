// A page of a long embedded journal is found in an index, wherever in time it lies: a read holds up the whole gateway.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ListQuery } from '../../src/journal/journal.ts';
import { openDatabase } from '../../src/journal/sqlite/database.ts';
import { pageOf } from '../../src/journal/sqlite/listing.ts';

const longAgo = 1_000_000_000_000;

test('a page of long ago is searched for from both its ends, and what came since is not walked through', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'northgate-listing-'));
  const database = openDatabase(join(directory, 'journal.db'));
  try {
    const narrowed: readonly Partial<ListQuery>[] = [{}, { status: 'completed' }, { lane: '/l/1' }, { client: 'nfvo' }];
    for (const each of narrowed) {
      const { sql, values } = pageOf({ ...each, receivedSince: longAgo, receivedUntil: longAgo + 1000, limit: 50 });
      const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values);
      const steps = plan.map(({ detail }) => String(detail));
      assert.deepEqual(
        steps.filter((step) => step.startsWith('SCAN ')),
        [],
        `nothing is read from end to end for ${JSON.stringify(each)}`,
      );
      const page = steps[0] ?? '';
      assert.match(
        page,
        /(?:rowid|sequence)<\?/,
        `no newer ones are walked through for ${JSON.stringify(each)}: ${page}`,
      );
      assert.match(
        page,
        /(?:rowid|sequence)>\?/,
        `no older ones are walked through for ${JSON.stringify(each)}: ${page}`,
      );
    }
  } finally {
    database.close();
    await rm(directory, { recursive: true, force: true });
  }
});
