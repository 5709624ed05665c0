// The table of faults between the gateway and its Redis, of faults after which the gateway waits for a reply in vain.
import { suite, test } from 'node:test';
import { redisSkip } from '../support/redis.ts';
import { hitNameOf, playBeforeRedis, silentParts } from './redis-slices.ts';
import { cellsOf, times } from './table.ts';

const cells = cellsOf('redis');
const parts = silentParts.flatMap((name) => times.map((count) => ({ name, count })));

suite('between the gateway and a Redis that says nothing', { skip: redisSkip, concurrency: true }, () => {
  for (const [index, { name, count }] of parts.entries()) {
    test(`every promise holds whatever befalls the journal’s writes: ${name}, ${count} times`, () =>
      playBeforeRedis(
        cells.filter((cell) => hitNameOf(cell) === name && cell.times === count),
        index,
      ));
  }
});
