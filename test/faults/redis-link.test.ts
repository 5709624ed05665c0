// The table of faults between the gateway and its Redis. What is hit is everybody's journal, so several places play at once.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { suite, test } from 'node:test';
import { redisSkip, startRedis } from '../support/redis.ts';
import { startPlace } from './place.ts';
import { Play } from './play.ts';
import { patiently, playSlices, RedisLink } from './redis-slices.ts';
import { type Cell, cellsOf, doors } from './table.ts';

const all = cellsOf('redis');
const nameOf = ({ hit }: Cell): string => ('door' in hit ? hit.door : `${hit.fault.name} ${hit.way}`);
const names = [...new Set(all.map(nameOf))];

/** Each part has a place of its own; what takes long is not waited for by the others. */
const parts: readonly (readonly string[])[] = [
  names.filter((name) => name === 'silence there'),
  names.filter((name) => name === 'silence back'),
  names.filter((name) => /^(?:reset-after-sending|cut|slow)/.test(name)),
  names.filter((name) => name.startsWith('junk')),
  names.filter((name) => name.startsWith('error-reply')),
  [...doors],
];

suite('between the gateway and Redis', { skip: redisSkip, concurrency: true }, () => {
  for (const [index, part] of parts.entries()) {
    test(`every promise holds whatever befalls the journal’s writes: ${part.join(', ')}`, async () => {
      const cells = all.filter((cell) => part.includes(nameOf(cell)));
      assert.ok(cells.length > 0);
      await using redis = await startRedis();
      const link = new RedisLink(redis.port);
      await using proxy = link.proxy;
      await proxy.listen();
      await using place = await startPlace({
        network: 70 + index,
        leaseTtlMs: 3_000,
        settings: {
          NORTHGATE_JOURNAL_URL: `redis://127.0.0.1:${proxy.port}`,
          NORTHGATE_JOURNAL_KEY: randomBytes(32).toString('base64'),
        },
      });
      const play = new Play(place, cells, { isHeldDuring: false, hasOwnDoors: false, sending: () => patiently });
      await playSlices(play, link, cells);
      await play.judged();
      assert.deepEqual(link.missed, []);
    });
  }
});
