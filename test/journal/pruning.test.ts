/** Retention keeps up: a pass goes on until nothing more is due, and two passes never run beside each other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { startPruning } from '../../src/journal/pruning.ts';
import { until } from '../support/until.ts';

test('more than one pass can remove is removed all the same, one step at a time', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let due = 1_700;
  let atOnce = 0;
  let atOnceMax = 0;
  const prune = async (_: number, limit: number): Promise<number> => {
    atOnceMax = Math.max(atOnceMax, ++atOnce);
    await new Promise((resolve) => setImmediate(resolve));
    const removed = Math.min(due, limit);
    due -= removed;
    atOnce--;
    return removed;
  };
  const end = startPruning({ prune }, { doneBefore: () => 0, log: pino({ level: 'silent' }), everyMs: 1 });
  try {
    t.mock.timers.tick(1);
    await until(() => due === 0, 'everything that was due is removed');
    assert.equal(atOnceMax, 1);
  } finally {
    end();
  }
});
