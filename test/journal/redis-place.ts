// A journal of its own on a Redis that other tests may use too.
import { randomUUID } from 'node:crypto';
import { openJournal } from '../../src/journal/open.ts';
import type { JournalOptions, RedisUrl } from '../../src/journal/options.ts';
import { type Place, placeOf } from './contract.ts';

export async function redisPlace(
  { url }: { readonly url: RedisUrl },
  more: Partial<JournalOptions> = {},
): Promise<Place> {
  const options = {
    url,
    name: randomUUID(),
    durability: { kind: 'always' as const },
    allowWeaker: false,
    key: new Uint8Array(32).fill(9),
    oldKeys: [],
    plaintext: false,
    ...more,
  };
  return placeOf(options, openJournal, async () => {});
}
