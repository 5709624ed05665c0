/** A mark that is old when it could be sent is not used: who made it may have been taken for dead meanwhile (R32). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Journal } from '../../src/journal/journal.ts';
import { openJournal } from '../../src/journal/open.ts';
import { until } from '../support/until.ts';
import { startWorld } from '../support/world.ts';

const leaseTtlMs = 4_000;

/** The journal, whose word for the first creation comes when more than a quarter of the lease is over. */
function late(journal: Journal): Journal {
  let isLate = true;
  return {
    ...journal,
    create: async (creation) => {
      const created = await journal.create(creation);
      if (!isLate) return created;
      isLate = false;
      const createdAt = Date.now();
      await until(() => Date.now() > createdAt + leaseTtlMs * 0.3, 'the mark is old');
      return created;
    },
  };
}

test('R32 what could not be sent within a quarter of the lease after its mark is marked again, and sent once', async () => {
  const open: typeof openJournal = async (options) => late(await openJournal(options));
  await using world = await startWorld({ internals: { leaseTtlMs, open } });

  const told = await world.createTenant('late');

  assert.equal(told.status, 200);
  const [record] = await world.gateway.journal.list({ limit: 1 });
  const [first, ...others] = record?.attempts ?? [];
  assert.deepEqual([first?.outcome, first?.evidence], ['never-sent', 'it was marked too long before it could be sent']);
  assert.equal(others.at(-1)?.outcome, 'answered');
  const sent = world.pair.requests.filter(({ method, path }) => method === 'POST' && path.endsWith('/late'));
  assert.equal(sent.length, 1);
});
