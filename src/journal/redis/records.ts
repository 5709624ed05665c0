/**
 * Record writes of a Redis journal: one turn's writes as the arguments of one script, and its words read back.
 * It tells the other gateways what was changed; that they hear it is not promised.
 */
import type { SealedBody } from '../credentials.ts';
import type { Change, MarkConditions } from '../journal.ts';
import type { Form } from '../record.ts';
import type { CreateWrite, ReleaseWrite, ReplaceWrite, Word, Write } from '../writer.ts';
import { entries, entriesForEver, entriesOf } from './names.ts';
import { readRows } from './rows.ts';
import { type Argument, run } from './scripts.ts';
import type { Store } from './store.ts';

type RecordWrite = CreateWrite | ReplaceWrite;

/** `tell` gets what was written. @throws what Redis or ioredis says; then the writes may or may not be there. */
export async function commit(
  store: Store,
  writes: readonly Write[],
  tell: (changes: readonly Change[]) => void,
): Promise<Word[]> {
  const releases = writes.filter((write) => write.kind === 'release');
  const ofRecords = writes.filter((write) => write.kind !== 'release');
  const [released, words] = await Promise.all([release(store, releases), commitRecords(store, ofRecords, tell)]);
  return writes.map((write) => (write.kind === 'release' ? released : (words.shift() ?? noWord)));
}

const noWord: Word = { word: 'unavailable', cause: new Error('Redis gave no word for this write') };

/** Best effort (R26), so no replica is waited for. Sent before the records' writes of its turn, to be seen by them. */
async function release({ redis, keys }: Store, releases: readonly ReleaseWrite[]): Promise<Word> {
  if (releases.length === 0) return { word: 'released' };
  const pairs = releases.flatMap(({ keyHash, id }) => [keyHash, id]);
  try {
    await run(redis, 'release', [keys.keys], pairs);
    return { word: 'released' };
  } catch (cause) {
    return { word: 'unavailable', cause };
  }
}

async function commitRecords(
  store: Store,
  writes: readonly RecordWrite[],
  tell: (changes: readonly Change[]) => void,
): Promise<Word[]> {
  if (writes.length === 0) return [];
  const { index, journal, keys, record } = store.keys;
  const names = [index, journal, keys, ...writes.map(({ id }) => record(id))];
  const values = writes.flatMap((write) => {
    const said = [...(write.kind === 'create' ? creation(write) : replacement(write)), ...write.bodies.flatMap(field)];
    return [said.length, ...said];
  });
  const replies = (await store.write('write', names, values)) as string[][];
  tell(writes.flatMap((write, index) => changeOf(write, replies[index]?.[0])));
  return Promise.all(replies.map((reply) => wordOf(store, reply)));
}

function creation(write: CreateWrite): Argument[] {
  const { id, keyHash, isTwin, head, held, inFlight } = write;
  const { entry } = held;
  const among = isTwin ? entries.lane(entry.lane) : '';
  const given = ['create', id, keyHash ?? '', among, head, held.course, entriesOf(held), entriesForEver(entry)];
  if (inFlight === null) return [...given, '', '', '', ''];
  const { form, mark } = inFlight;
  return [...given, form.course, entriesOf(form), String(mark.epoch), waitsOf(entry.lane, mark)];
}

function replacement(write: ReplaceWrite): Argument[] {
  const { id, keyHash, expected, writeId, form, mark, epoch } = write;
  const freed = form.entry.holdsKey ? '' : (keyHash ?? '');
  const given = ['replace', id, freed, String(expected), writeId, String(expected + 1), form.course, entriesOf(form)];
  return mark === null
    ? [...given, epoch === null ? '' : String(epoch), '']
    : [...given, String(mark.epoch), waitsOf(form.entry.lane, mark)];
}

const waitsOf = (lane: string, mark: MarkConditions): string =>
  [entries.queue(lane), ...mark.waitsFor.map(entries.group)].join('\n');

const field = ([name, { buffer, byteOffset, byteLength }]: SealedBody): Argument[] => [
  name,
  Buffer.from(buffer, byteOffset, byteLength),
];

function changeOf(write: RecordWrite, word: string | undefined): Change[] {
  const change = (version: number, form: Form): Change[] => [
    { id: write.id, version, status: form.entry.status, owner: form.entry.owner, isForeign: false },
  ];
  if (write.kind === 'replace') return word === 'replaced' ? change(write.expected + 1, write.form) : [];
  if (word === 'kept-held') return change(1, write.held);
  return word === 'kept-in-flight' && write.inFlight !== null ? change(1, write.inFlight.form) : [];
}

async function wordOf(store: Store, reply: readonly string[]): Promise<Word> {
  const [word, first = '', second = '', head = '', course = ''] = reply;
  switch (word) {
    case 'kept-held':
    case 'kept-in-flight':
      return { word, sequence: Number(first) };
    case 'found':
      return { word, row: { version: Number(first), sequence: Number(second), head, course } };
    case 'key-taken': {
      const [row] = await readRows(store, [first]);
      // Its holder was pruned just now; the write may be repeated and will find the key free.
      if (!row) return { word: 'unavailable', cause: new Error(`transaction ${first} vanished`) };
      return { word, row };
    }
    case 'replaced':
    case 'stale-version':
    case 'stale-epoch':
    case 'behind':
    case 'missing':
      return { word };
    default:
      throw new Error(`defect: the write script said ${word}`);
  }
}
