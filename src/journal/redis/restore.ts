/** Writes one record back into a Redis journal that came back older (R34), in one step, and tells the other gateways. */
import type { Change } from '../journal.ts';
import type { RestoreWrite } from '../restoration.ts';
import { entries, entriesForEver, entriesOf } from './names.ts';
import type { Argument } from './scripts.ts';
import type { Store } from './store.ts';

/** @throws what Redis or ioredis says; then it may or may not be there. */
export async function restore(
  store: Store,
  write: RestoreWrite,
  tell: (changes: readonly Change[]) => void,
): Promise<'restored' | 'key-taken' | 'stale-version'> {
  const { id, version, sequence, writeId, over, head, form, keyHash, isTwin, holdsKey, bodies } = write;
  const { index, journal, keys, record } = store.keys;
  const { entry } = form;
  const values: Argument[] = [
    id,
    String(version),
    String(sequence),
    writeId,
    over === 0 ? '' : String(over),
    head,
    form.course,
    entriesOf(form),
    entriesForEver(entry),
    keyHash ?? '',
    isTwin ? entries.lane(entry.lane) : '',
    holdsKey ? 'hold' : 'free',
  ];
  for (const [name, { buffer, byteOffset, byteLength }] of bodies)
    values.push(name, Buffer.from(buffer, byteOffset, byteLength));
  const word = await store.write('restore', [index, journal, keys, record(id)], values);
  if (word !== 'restored' && word !== 'key-taken' && word !== 'stale-version')
    throw new Error(`defect: the restore script said ${word}`);
  if (word !== 'stale-version') tell([{ id, version, status: entry.status, owner: entry.owner, isForeign: false }]);
  return word;
}
