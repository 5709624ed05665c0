// The table of faults between the gateway and its Redis. What is hit is everybody's journal, so several places play at once.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { redisSkip } from '../support/redis.ts';
import { hitNameOf, playBeforeRedis, silentParts } from './redis-slices.ts';
import { cellsOf, doors } from './table.ts';

const cells = cellsOf('redis');
const names = [...new Set(cells.map(hitNameOf))].filter((name) => !silentParts.includes(name));

/** Each part has a place of its own; what takes long is not waited for by the others. */
const parts: readonly (readonly string[])[] = [
  names.filter((name) => /^(?:reset-after-sending|cut)/.test(name)),
  names.filter((name) => /^(?:slow|junk)/.test(name)),
  names.filter((name) => name.startsWith('error-reply')),
  [...doors],
];

suite('between the gateway and Redis', { skip: redisSkip, concurrency: true }, () => {
  test('every fault is played', () => {
    assert.deepEqual(parts.flat().sort(), names.toSorted());
  });

  for (const [index, part] of parts.entries()) {
    test(`every promise holds whatever befalls the journal’s writes: ${part.join(', ')}`, () =>
      playBeforeRedis(
        cells.filter((cell) => part.includes(hitNameOf(cell))),
        index,
      ));
  }
});
