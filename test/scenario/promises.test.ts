/**
 * A 202 while the journal is away, or says less than it knows: it is told of what nothing can give up, and what it owes is
 * recorded. The journal is real; what it confirms, and what of it can be read, is kept back.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { knownTransactionId } from '../../src/domain/reports.ts';
import type { Transaction } from '../../src/domain/transaction.ts';
import { type Journal, JournalUnavailable } from '../../src/journal/journal.ts';
import { tenantXml } from '../support/world.ts';
import { type JoiningPlace, startPlace } from './joining-place.ts';

/** ESC's reports and the clients' go nowhere: what is owed to a client stands in the record. */
const settings = {
  NORTHGATE_CALLBACKS_PUBLIC_URL: 'http://127.0.0.1:9',
  NORTHGATE_CALLBACKS_ALLOW: '127.0.0.1',
};
const path = '/ESCManager/v0/tenants/promised';
const headers = { 'Idempotency-Key': '"k"', Callback: 'http://127.0.0.1:9/client' };
const patient = { ...headers, Prefer: 'wait=1' };

const asked = (said: Readonly<Record<string, string>>) => ({ path, body: tenantXml('promised'), headers: said });

interface Hindered {
  /** No move is confirmed, and none is made. */
  isAway: boolean;
  /** No recorded answer can be read. */
  isBlind: boolean;
  /** How often from now on the request of what is in flight cannot be read. */
  lostReads: number;
}

async function hinderedPlace(): Promise<{ place: JoiningPlace & AsyncDisposable; journal: Hindered }> {
  const journal: Hindered = { isAway: false, isBlind: false, lostReads: 0 };
  const between = (real: Journal): Journal => ({
    ...real,
    replace: async (replacement) =>
      journal.isAway ? { word: 'unavailable', cause: new Error('away') } : real.replace(replacement),
    body: async (id, which) => {
      if (journal.isBlind && which === 'response') throw new JournalUnavailable('it cannot be read');
      const isInFlight = journal.lostReads > 0 && (await real.get(id))?.state.status === 'in-flight';
      if (which === 'request' && isInFlight) {
        journal.lostReads -= 1;
        throw new JournalUnavailable('it cannot be read');
      }
      return real.body(id, which);
    },
  });
  return { place: await startPlace({ settings, between }), journal };
}

const failureOwed = ({ reports }: Transaction): boolean =>
  reports.some(
    ({ from, verdict, delivery }) => from === 'made-up' && verdict === 'failure' && delivery.state !== 'none',
  );

test('R24 R35 what was never sent is not promised while the journal does not confirm it', async () => {
  const { place, journal } = await hinderedPlace();
  await using _ = place;
  await place.shut();
  journal.isAway = true;
  const told = await place.send(asked(patient)).told;
  const { type, sent, transaction } = JSON.parse(told.body) as Record<string, string>;
  assert.deepEqual([told.status, type, sent], [503, 'urn:northgate:problem:journal-unavailable', 'maybe']);
  const record = await place.isIn(path, 'held');
  assert.equal(record.id, transaction);

  journal.isAway = false;
  await place.pair.proceed();
  const repeated = await place.send(asked(headers)).told;
  assert.equal(repeated.status, 200, repeated.body);
  assert.equal(place.executed(path), 1);
});

test('R24 R35 what ESC has is promised while the journal is away, and its refusal reaches the client as a report', async () => {
  const { place, journal } = await hinderedPlace();
  await using _ = place;
  journal.isAway = true;
  place.pair.inject({ fault: 'status', status: 400, match: { method: 'POST' } });
  const told = await place.send(asked(patient)).told;
  assert.equal(told.status, 202, told.body);

  journal.isAway = false;
  const record = await place.isIn(path, 'failed');
  await place.settled();
  const found = (await place.gateway.journal.get(record.id)) ?? record;
  assert.equal(found.answer?.status, 400);
  assert.notEqual(found.promisedAt, null);
  assert.ok(failureOwed(found), JSON.stringify(found.reports));
});

test('R24 a recorded refusal that cannot be read: who is told 202 instead hears of it by a report', async () => {
  const { place, journal } = await hinderedPlace();
  await using _ = place;
  place.pair.inject({ fault: 'status', status: 400, match: { method: 'POST' } });
  const first = await place.send(asked(headers)).told;
  assert.equal(first.status, 400);
  const record = await place.isIn(path, 'failed');
  assert.ok(!failureOwed(record), 'who has the refusal needs no report');

  journal.isBlind = true;
  const second = await place.send(asked(patient)).told;
  assert.equal(second.status, 202, second.body);
  assert.equal(second.headers['northgate-transaction'], record.id);
  const promised = await place.isIn(path, 'failed');
  assert.ok(failureOwed(promised), JSON.stringify(promised.reports));
  assert.equal(second.headers['esc-transaction-id'], knownTransactionId(promised));
});

test('R24 a recorded refusal that can be neither read nor promised: nothing is promised', async () => {
  const { place, journal } = await hinderedPlace();
  await using _ = place;
  place.pair.inject({ fault: 'status', status: 400, match: { method: 'POST' } });
  assert.equal((await place.send(asked(headers)).told).status, 400);

  journal.isBlind = true;
  journal.isAway = true;
  const told = await place.send(asked(patient)).told;
  assert.equal(told.status, 503, told.body);
  journal.isBlind = false;
  journal.isAway = false;
  const repeated = await place.send(asked(headers)).told;
  assert.deepEqual([repeated.status, repeated.headers['idempotent-replayed']], [400, 'true']);
});

test('R18 R24 an action that was promised and is refused is reported with its event, also where its request cannot be read at first', async () => {
  const { place, journal } = await hinderedPlace();
  await using _ = place;
  place.pair.inject({ fault: 'status', status: 409, match: { method: 'POST' } });
  journal.lostReads = 2;
  const action = '/ESCManager/v0/shop/deployments/service/web';
  const body = `<service_operation xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><operation>REBOOT</operation></service_operation>`;
  const told = await place.send({ path: action, body, headers: { ...headers, Prefer: 'respond-async' } }).told;
  assert.equal(told.status, 202);
  const { reports } = await place.isIn(action, 'failed');
  assert.deepEqual([reports[0]?.eventType, journal.lostReads], ['SERVICE_ALIVE', 0]);
});
