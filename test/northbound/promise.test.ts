// What keeps a promise that was told before it was recorded, and what makes true that a creation was not sent.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { promisedAgain } from '../../src/domain/moves.ts';
import type { Creation, Journal } from '../../src/journal/journal.ts';
import { promiseMove } from '../../src/northbound/promise.ts';
import { recordReading } from '../../src/northbound/record-reading.ts';
import { Records } from '../../src/northbound/records.ts';
import { Waiters } from '../../src/northbound/waiters.ts';
import { filePlace } from '../journal/file-place.ts';
import { held, kept } from '../journal/samples.ts';
import { until } from '../support/until.ts';

const log = pino({ level: 'silent' });
const request = new TextEncoder().encode('<a/>');

/** Words of creations are lost while `isMute`, made or not. */
function mute(journal: Journal, how: { isMute: boolean; isMade: boolean }): Journal {
  return {
    ...journal,
    create: async (creation) => {
      if (!how.isMute) return journal.create(creation);
      if (how.isMade) await journal.create(creation);
      return { word: 'unavailable', cause: new Error('the word was lost') };
    },
  };
}

test('R35 what was promised unrecorded and then not sent goes back to held with its promise', async () => {
  await using place = await filePlace();
  const journal = await place.open();
  const records = new Records(journal, log);
  const waiters = new Waiters();
  const creation = held();
  const attempts = [{ number: 1, kind: 'send', epoch: 0, node: null, at: 2 }] as const;
  const inFlight = {
    ...creation,
    attempts,
    state: { status: 'in-flight', since: 2, epoch: 0, attempt: 1, hasWaited: false },
  } as const;
  const created = await records.create(
    { transaction: creation, request, inFlight: { transaction: inFlight, mark: { epoch: 0, waitsFor: [] } } },
    () => 3,
  );
  assert.ok(created.word === 'created');

  waiters.promisedUnrecorded(creation.id, 20);
  await recordReading({ records, waiters }, created.transaction, { kind: 'never-sent', evidence: 'refused' });

  const found = await journal.get(creation.id);
  assert.deepEqual([found?.state.status, found?.promisedAt], ['held', 20]);
});

test('R24 a creation that was not confirmed is not undone once who met it at another gateway was promised a result', async () => {
  await using place = await filePlace();
  const journal = await place.open();
  const how = { isMute: true, isMade: true };
  const here = new Records(mute(journal, how), log);
  const there = new Records(journal, log);
  const carriedOut: string[] = [];
  here.onPromised = ({ id }) => void carriedOut.push(id);
  const creation: Creation = { transaction: { ...held({ key: 'k' }), promisedAt: 1_000_000 }, request };
  assert.equal((await here.create(creation, () => 3)).word, 'unavailable');

  const met = await there.meet({ ...held({ key: 'k' }) });
  assert.ok(met.word === 'key-taken');
  assert.equal((await there.changeSurely(met.transaction, promiseMove)).word, 'changed');
  how.isMute = false;

  await until(() => carriedOut.length > 0, 'it is carried out');
  assert.deepEqual(carriedOut, [creation.transaction.id]);
  assert.equal((await journal.get(creation.transaction.id))?.state.status, 'held');
  here.close();
});

test('R24 a creation that nobody met is undone; promised again it would not be', async () => {
  await using place = await filePlace();
  const journal = await place.open();
  const how = { isMute: true, isMade: true };
  const records = new Records(mute(journal, how), log);
  const creation: Creation = { transaction: { ...held({ key: 'k' }), promisedAt: 1_000_000 }, request };
  await records.create(creation, () => 3);
  assert.ok(records.isUndoing(creation.transaction.id));
  how.isMute = false;
  await until(async () => (await journal.counts()).abandoned === 1, 'it is abandoned');
  assert.notEqual(promisedAgain(creation.transaction, 5).promisedAt, creation.transaction.promisedAt);
  records.close();
});

test('R24 a creation that comes when its undoing was given up is known, and can be withdrawn still', async () => {
  await using place = await filePlace();
  const journal = await place.open();
  const how = { isMute: true, isMade: false };
  let at = 0;
  const records = new Records(mute(journal, how), log);
  const creation: Creation = { transaction: held({ key: 'k' }), request };
  const { id } = creation.transaction;
  await records.create(creation, () => at);
  const second = await kept(journal, held({ key: 'k' }));
  how.isMute = false;
  await until(() => {
    at += 1_000;
    return records.isDenied(id);
  }, 'it is not waited for any longer');
  assert.ok(!records.isUndoing(id));

  // The name is free again, and the late one comes.
  await journal.replace({
    transaction: { ...second, state: { status: 'abandoned', settledAt: 5, reason: 'cancelled' } },
  });
  const late = await journal.create(creation);
  assert.ok(late.word === 'created');
  await records.withdraw(late.transaction, 'replica-1', () => 9);
  assert.equal((await journal.get(id))?.state.status, 'abandoned');
  records.close();
});
