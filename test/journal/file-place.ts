// A directory of its own for an embedded journal.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openJournal } from '../../src/journal/open.ts';
import type { JournalOptions } from '../../src/journal/options.ts';
import { type Place, placeOf } from './contract.ts';

export async function filePlace(): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), 'northgate-journal-'));
  const options: JournalOptions = {
    url: { kind: 'sqlite', path: join(directory, 'northgate.db') },
    name: 'default',
    durability: { kind: 'always' },
    allowWeaker: false,
    key: null,
    oldKeys: [],
    plaintext: false,
  };
  return placeOf(options, openJournal, () => rm(directory, { recursive: true, force: true }));
}

export function pathOf({ options: { url } }: Place): string {
  return url.kind === 'sqlite' ? url.path : '';
}
