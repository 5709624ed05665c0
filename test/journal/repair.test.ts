// What replicas write back into a journal that came back empty (R34), each what it alone knows. A real embedded store.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pino } from 'pino';
import { moved, type Transaction } from '../../src/domain/transaction.ts';
import { Cipher } from '../../src/journal/cipher.ts';
import { drawnDigests } from '../../src/journal/digests.ts';
import { guardedJournal, type Trust } from '../../src/journal/guarded-journal.ts';
import { type Journal, JournalUnavailable } from '../../src/journal/journal.ts';
import { Recent } from '../../src/journal/recent.ts';
import { openDatabase } from '../../src/journal/sqlite/database.ts';
import { sqliteJournal } from '../../src/journal/sqlite/sqlite-journal.ts';
import { type Mended, Repair } from '../../src/replay/repair.ts';
import { until } from '../support/until.ts';
import { bytes, held, state, text } from './samples.ts';

const leaseTtlMs = 500;
const log = pino({ level: 'silent' });

/** Writes back what it remembers; resolves when it takes the journal for whole. `onMended`: told of each record. */
async function repaired(journal: Journal, recent: Recent, onMended: (mended: Mended) => void = () => undefined) {
  const trust: Trust = { stage: 'whole', changes: 0 };
  const coordinator = { epoch: 1, endEpoch: async () => undefined };
  const repair = new Repair({ journal, recent, trust, coordinator, leaseTtlMs, log, onMended });
  repair.begin();
  await until(() => trust.stage === 'whole', 'the journal is whole');
  repair.close();
}

const at = (version: number, transaction: Transaction): Transaction => ({ ...transaction, version, sequence: 7 });

test('R34 the bytes of a report stand beside the record again, whoever took it and whoever writes back first', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'northgate-repair-'));
  for (const isOwnerFirst of [true, false]) {
    const journal = sqliteJournal(
      openDatabase(join(directory, `${isOwnerFirst}.db`)),
      new Cipher(null),
      drawnDigests(),
      Date.now,
    );
    const first = at(1, held({ id: 'one', owner: 'replica-1', key: 'k' }));
    const owner = new Recent({ replica: 'replica-1' });
    const taker = new Recent({ replica: 'replica-2' });
    owner.wrote(first, { request: bytes('hello') });
    taker.wrote(at(2, moved(first, state.inFlight())), { 'report-1': bytes('done') });
    const last = at(3, moved(moved(first, state.inFlight()), state.completed()));
    owner.wrote(last, { response: bytes('ok') });
    for (const each of isOwnerFirst ? [owner, taker] : [taker, owner]) await repaired(journal, each);
    assert.deepEqual(await journal.get('one'), last);
    const names = ['request', 'response', 'report-1'] as const;
    const found = await Promise.all(names.map(async (name) => text(await journal.body('one', name))));
    assert.deepEqual(found, ['hello', 'ok', 'done']);
    assert.equal((await journal.holder(first))?.id, 'one');
    await journal.close();
  }
  rmSync(directory, { recursive: true, force: true });
});

test('R34 a key that an older record held is its own again when another gateway has written back that it was given up', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'northgate-repair-'));
  const journal = sqliteJournal(
    openDatabase(join(directory, 'journal.db')),
    new Cipher(null),
    drawnDigests(),
    Date.now,
  );
  const [former, later] = [held({ id: 'former', key: 'k' }), held({ id: 'later', key: 'k', owner: 'replica-2' })];
  const created = await journal.create({ transaction: former, request: bytes('q') });
  assert.ok(created.word === 'created');
  const [first, second] = [new Recent({ replica: 'replica-1' }), new Recent({ replica: 'replica-2' })];
  first.wrote({ ...moved(created.transaction, state.abandoned()), version: 2 }, { request: bytes('q') });
  second.wrote({ ...later, version: 1, sequence: 9 }, { request: bytes('q') });
  let other: Promise<void> | null = null;
  await repaired(journal, second, (mended) => {
    if (mended === 'key-taken') other = repaired(journal, first);
  });
  assert.notEqual(other, null, 'the key was taken at first');
  await other;
  assert.equal((await journal.holder(later))?.id, 'later');
  await journal.close();
  rmSync(directory, { recursive: true, force: true });
});

test('R34 while others may write back, bytes that are missing are not said to be missing', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'northgate-repair-'));
  const journal = sqliteJournal(
    openDatabase(join(directory, 'journal.db')),
    new Cipher(null),
    drawnDigests(),
    Date.now,
  );
  const trust: Trust = { stage: 'quiet', changes: 1 };
  const guarded = guardedJournal(journal, {
    replica: 'replica-1',
    trust,
    recent: new Recent({ replica: 'replica-1' }),
  });
  await assert.rejects(guarded.body('one', 'report-1'), JournalUnavailable);
  trust.stage = 'whole';
  assert.equal(await guarded.body('one', 'report-1'), null);
  await journal.close();
  rmSync(directory, { recursive: true, force: true });
});
