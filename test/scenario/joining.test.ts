/**
 * The same request again, or another one in its place, as a table: with a key and without × what became of the first ×
 * same or other content × at the same gateway, or after its restart. What it must come to is the contract's section 3
 * and R24 to R26. One world a journal and way; its cells are independent, since each has a resource of its own.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redisSkip } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { networkXml, type Told, tenantXml } from '../support/world.ts';
import { type Asked, type JoiningPlace, type Sent, startPlace } from './joining-place.ts';

const states = [
  'in flight and not executed',
  'in flight and executed',
  'held',
  'unacknowledged and not executed',
  'unacknowledged and executed',
  'answered and received',
  'answered and not received',
  'refused by ESC and received',
  'refused by ESC and not received',
  'abandoned',
  'promised by a 202',
] as const;
type FirstIs = (typeof states)[number];

type Outcome = 'joins it' | 'gets its recorded answer' | 'is a new transaction' | 'is refused, for the key is taken';

interface Cell {
  readonly state: FirstIs;
  readonly hasKey: boolean;
  readonly isSame: boolean;
  readonly outcome: Outcome;
  readonly first: Asked;
  readonly copy: Asked;
  /** Filled in as the story goes. */
  firstSent?: Sent;
  copySent?: Sent;
}

function outcomeOf(state: FirstIs, hasKey: boolean, isSame: boolean): Outcome {
  // Both its key and its twin are free again (R24).
  if (state === 'abandoned') return 'is a new transaction';
  if (!isSame) return hasKey ? 'is refused, for the key is taken' : 'is a new transaction';
  const isUnderWay = /^(in flight|held|unack|promised)/.test(state);
  // A 202 is an answer: who has one knows where to ask, and sends the same again only if it wants it twice (R26).
  const isReceived = state.includes('and received') || state === 'promised by a 202';
  if (!hasKey && isReceived) return 'is a new transaction';
  return isUnderWay ? 'joins it' : 'gets its recorded answer';
}

function cellOf(state: FirstIs, hasKey: boolean, isSame: boolean, index: number): Cell {
  const id = `cell-${index}`;
  const isRefused = state.startsWith('refused');
  const path = isRefused ? `/ESCManager/v0/no-such-tenant/networks/${id}` : `/ESCManager/v0/tenants/${id}`;
  const body = isRefused ? networkXml(id) : tenantXml(id);
  const headers = hasKey ? { 'idempotency-key': `"key of ${id}"` } : {};
  const other = body.replace('</name>', '</name><note>other</note>');
  const copy = { path, headers, body: isSame ? body : other };
  const first = {
    path,
    body,
    headers: { ...headers, ...(state.startsWith('promised') ? { prefer: 'respond-async' } : {}) },
  };
  return { state, hasKey, isSame, outcome: outcomeOf(state, hasKey, isSame), first, copy };
}

const cells = (): Cell[] => {
  const made: Cell[] = [];
  for (const state of states)
    for (const hasKey of [true, false])
      for (const isSame of [true, false]) made.push(cellOf(state, hasKey, isSame, made.length));
  return made;
};

const inState = (all: readonly Cell[], ...wanted: string[]): Cell[] =>
  all.filter(({ state }) => wanted.some((start) => state.startsWith(start)));

/** The first requests that find the gate open. Those whose answer nobody receives wait for a hand first, so that their client can leave. */
async function firstsWithOpenGate(place: JoiningPlace, all: readonly Cell[]): Promise<void> {
  const unreceived = all.filter(({ state }) => state.includes('not received'));
  place.gateway.coordinator.byHand('holding');
  for (const cell of unreceived) await leaveHeld(place, cell);
  place.gateway.coordinator.byHand('open');
  for (const { first, state } of unreceived) {
    await place.isIn(first.path, state.startsWith('refused') ? 'failed' : 'completed');
  }
  for (const cell of all.filter(({ state }) => state.endsWith('and received'))) {
    cell.firstSent = place.send(cell.first);
    await cell.firstSent.told;
  }
  for (const cell of inState(all, 'in flight', 'unack')) {
    const when = cell.state.endsWith('not executed') ? 'before' : 'after';
    place.pair.inject({ fault: 'hang', when, match: { method: 'POST', path: cell.first.path } });
    cell.firstSent = place.send(cell.first);
  }
  await until(() => place.pair.faultsWaiting === 0, 'ESC has what it is not going to answer');
  await until(() => place.pair.resources().every(({ state }) => state.is === 'active'), 'ESC’s work is done');
}

async function leaveHeld(place: JoiningPlace, { first }: Cell): Promise<void> {
  const sent = place.send(first);
  await place.isIn(first.path, 'held');
  sent.leave();
  await assert.rejects(sent.told);
}

/** The first requests that find the gate shut. */
async function firstsWithShutGate(place: JoiningPlace, all: readonly Cell[], isToLeave: boolean): Promise<void> {
  for (const cell of inState(all, 'held', 'abandoned', 'promised')) {
    const { first, state } = cell;
    const sent = place.send(first);
    cell.firstSent = sent;
    const kept = await place.isIn(first.path, 'held');
    if (state === 'abandoned') await place.cancel(kept);
    if (state === 'held' && isToLeave) sent.leave();
    else if (state !== 'held') assert.equal((await sent.told).status, state === 'abandoned' ? 503 : 202);
  }
}

/** The second requests; resolves when the journal has recognised each for what it is. */
async function copies(place: JoiningPlace, all: readonly Cell[]): Promise<void> {
  for (const cell of all) cell.copySent = place.send(cell.copy);
  for (const { copy } of all) await place.recognised(copy.path, 2);
}

const leave = (all: readonly Cell[]): void => {
  for (const { firstSent } of all) firstSent?.leave();
};

/** First and copy at one gateway, where both may wait together. */
async function atTheSameGateway(place: JoiningPlace, all: readonly Cell[]): Promise<void> {
  await firstsWithOpenGate(place, all);
  await copies(place, inState(all, 'in flight', 'answered', 'refused'));
  await place.shut();
  for (const { first } of inState(all, 'unack')) await place.isIn(first.path, 'unacknowledged');
  await firstsWithShutGate(place, all, false);
  await copies(place, inState(all, 'held', 'unack', 'abandoned', 'promised'));
}

/** The gateway is drained and begins again on its journal, twice; the copies come to the last one. */
async function afterRestart(place: JoiningPlace, all: readonly Cell[]): Promise<void> {
  await firstsWithOpenGate(place, all);
  // Who waited for them has left, so that the 202 of the drain reaches nobody.
  leave(inState(all, 'in flight', 'unack'));
  await place.gateway.close();
  await place.pair.switchover('application', { stopAt: 'P1' });
  await place.begin();
  await firstsWithShutGate(place, all, true);
  await place.gateway.close();
  await place.begin();
  await copies(place, all);
}

const said = ({ status, headers, body }: Told) => ({ status, body, id: headers['esc-transaction-id'] });

/** ESC's word, or where its answer was lost and its effect proven, the operation's first 2xx (R22). */
const statusOf = (state: FirstIs): number =>
  state.startsWith('refused') ? 404 : state.endsWith('and executed') ? 201 : 200;

async function assertOutcome(place: JoiningPlace, cell: Cell): Promise<void> {
  const { path } = cell.copy;
  const told = await (cell.copySent as Sent).told;
  const transactions = await place.transactions(path);
  const [first, second] = transactions;
  assert.ok(first);
  const isNew = cell.outcome === 'is a new transaction';
  assert.equal(transactions.length, isNew ? 2 : 1, `transactions: ${JSON.stringify(transactions)}`);
  const kept = cell.state === 'abandoned' ? 1 : transactions.length;
  assert.equal(place.executed(path), kept, 'each was executed once');
  const effects = place.pair.ledger.filter(({ id }) => path.endsWith(`/${id}`)).length;
  assert.equal(effects, cell.state.startsWith('refused') ? 0 : 1, 'there is one effect');

  if (cell.outcome === 'is refused, for the key is taken') {
    assert.deepEqual([told.status, told.headers['content-type']], [422, 'application/problem+json']);
    const { type, sent, transaction } = JSON.parse(told.body);
    assert.deepEqual(
      { type, sent, transaction },
      { type: 'urn:northgate:problem:key-reused', sent: 'no', transaction: first.id },
    );
    return;
  }
  assert.equal(told.headers['northgate-transaction'], isNew ? second?.id : first.id, told.body);
  assert.equal(told.headers['idempotent-replayed'], cell.outcome === 'gets its recorded answer' ? 'true' : undefined);
  if (isNew) {
    // ESC has the last word on a second create of what is there.
    assert.equal(told.status, cell.state === 'abandoned' ? 200 : cell.state.startsWith('refused') ? 404 : 409);
    return;
  }
  assert.equal(told.status, statusOf(cell.state));
  const answer = said(told);
  // A promise was given under the gateway's id, and ESC's in the body gives way to it (R21).
  const recorded = await place.recorded(first);
  assert.deepEqual(answer, recorded.id === first.id ? { ...recorded, body: answer.body } : recorded);
  const ofFirst = await cell.firstSent?.told.catch(() => undefined);
  if (ofFirst !== undefined && ofFirst.status !== 202) assert.deepEqual(answer, said(ofFirst), 'both got the same');
}

const ways = [
  { name: 'at the same gateway', story: atTheSameGateway },
  { name: 'after a restart', story: afterRestart },
];

for (const journal of ['the embedded journal', 'Redis'] as const) {
  for (const { name, story } of ways) {
    const skip = journal === 'Redis' && redisSkip;
    test(`R24 and R26 a request that comes again ${name}, on ${journal}`, { skip }, async (t) => {
      await using place = await startPlace({ journal });
      const all = cells();
      await story(place, all);
      await place.pair.proceed();
      for (const { copySent } of all) await copySent?.told;
      await place.settled();
      for (const cell of all) {
        const { state, hasKey, isSame, outcome } = cell;
        const which = `${isSame ? 'the same' : 'another'} ${hasKey ? 'with its key' : 'without a key'}`;
        await t.test(`${which}, of one that is ${state}, ${outcome}`, () => assertOutcome(place, cell));
      }
    });
  }
}
