// Who may be sent next (R8, R9) by example, and what the bookkeeping costs. The model is in lane-model.test.ts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Entry, LaneTable } from '../../src/domain/lane-table.ts';
import { deployment, entry, image, network, subnet, tenant } from './entries.ts';

function tableOf(...entries: Entry[]): LaneTable {
  const table = new LaneTable();
  for (const each of entries) table.add(each);
  return table;
}

function takenNow(table: LaneTable): Entry[] {
  const taken: Entry[] = [];
  for (let next = table.take(); next !== null; next = table.take()) taken.push(next);
  return taken;
}

const sequencesNow = (table: LaneTable): number[] => takenNow(table).map(({ sequence }) => sequence);

test('R8 of one lane the next is offered only when the one before it has left', () => {
  const [first, second] = [entry(1, network), entry(2, network)];
  const table = tableOf(second, first);
  assert.deepEqual(takenNow(table), [first]);
  table.leave(first);
  assert.deepEqual(takenNow(table), [second]);
});

test('R8 what is given back goes before what came after it', () => {
  const [first, second] = [entry(1, network), entry(2, network)];
  const table = tableOf(first, second);
  assert.equal(table.take(), first);
  table.giveBack(first);
  assert.deepEqual(takenNow(table), [first]);
});

test('R8 a lane in which a fresh transaction is being sent offers nothing, also what it had offered before', () => {
  const waits = entry(2, network);
  const table = tableOf(waits);
  table.laneBegins(network.lane);
  assert.equal(table.take(), null);
  table.laneEnds(network.lane);
  assert.equal(table.take(), waits);
});

test('R8 R10 lanes of nothing in common go at once, in the order of arrival', () => {
  const elsewhere = { ...network, lane: '/u/n', ancestors: ['/u'] };
  assert.deepEqual(sequencesNow(tableOf(entry(7, elsewhere), entry(3, image), entry(5, network))), [3, 5, 7]);
});

test('R9 a network waits for an earlier one on its tenant until that has left, not for a later one', () => {
  const [onTenant, before, after] = [entry(5, tenant), entry(3, network), entry(6, subnet)];
  const table = tableOf(onTenant, before, after);
  assert.deepEqual(takenNow(table), [before, onTenant]);
  table.leave(before);
  assert.equal(table.take(), null);
  table.leave(onTenant);
  assert.deepEqual(takenNow(table), [after]);
});

test('R9 a DELETE waits for all earlier ones under its resource, also for those that are being sent again', () => {
  const [one, other, end] = [entry(1, subnet), entry(2, deployment), entry(3, tenant, 'DELETE')];
  const table = tableOf(one, other, end);
  assert.deepEqual(takenNow(table), [one, other]);
  table.leave(one);
  assert.equal(table.take(), null);
  table.giveBack(other);
  assert.deepEqual(takenNow(table), [other]);
  table.leave(other);
  assert.deepEqual(takenNow(table), [end]);
});

test('R9 a deployment waits for earlier images of whatever name', () => {
  const [created, deployed] = [entry(1, image), entry(2, deployment)];
  const table = tableOf(created, deployed);
  assert.deepEqual(takenNow(table), [created]);
  table.leave(created);
  assert.deepEqual(takenNow(table), [deployed]);
});

test('what is abandoned frees whoever waited for it, in its lane and beyond', () => {
  const [onTenant, next, below] = [entry(1, tenant), entry(2, tenant), entry(3, network)];
  const table = tableOf(onTenant, next, below);
  table.remove(onTenant);
  assert.deepEqual(takenNow(table), [next]);
  table.leave(next);
  assert.deepEqual(takenNow(table), [below]);
  assert.equal(table.size, 0);
});

test('what is abandoned while it is being sent stays until it leaves', () => {
  const [first, second] = [entry(1, tenant), entry(2, network)];
  const table = tableOf(first, second);
  assert.equal(table.take(), first);
  table.remove(first);
  assert.equal(table.take(), null);
  table.leave(first);
  assert.equal(table.take(), second);
});

test('one that is added twice is sent once', () => {
  const once = entry(1, tenant);
  const table = tableOf(once, entry(1, tenant));
  assert.equal(table.size, 1);
  assert.deepEqual(takenNow(table), [once]);
  table.leave(once);
  assert.equal(table.take(), null);
});

test('nothing is remembered of lanes and groups in which nothing waits any more', () => {
  const [onTenant, below, apart] = [entry(1, tenant), entry(2, network), entry(3, image)];
  const table = tableOf(onTenant, below, apart);
  assert.equal(table.isIdle, false);
  table.remove(apart);
  table.remove(below);
  for (const each of takenNow(table)) table.leave(each);
  table.laneBegins('/fresh');
  table.laneEnds('/fresh');
  assert.equal(table.isIdle, true);
});

/** Takes all that can be taken, then lets them leave one by one, as the lanes' keeper does. */
function drain(table: LaneTable): number {
  let left = 0;
  const sending = takenNow(table);
  for (const each of sending) {
    table.leave(each);
    left += 1;
    sending.push(...takenNow(table));
  }
  return left;
}

const many = 100_000;
/** Of the processor, whoever else uses it. Measured below half a second; looking at all others for each takes a minute. */
const drainMaxMs = 8000;
const lane = (at: number) => ({ ...network, lane: `/t/n${at}` });

const crowds: [string, (at: number) => Entry][] = [
  ['in a lane of its own each', (at) => entry(at, { ...image, lane: `/i${at}` })],
  ['all in one lane', (at) => entry(at, network)],
  ['all in one lane, listed backwards', (at) => entry(many + 1 - at, network)],
  ['below one tenant, with its DELETE last', (at) => (at < many ? entry(at, lane(at)) : entry(at, tenant, 'DELETE'))],
  ['below one tenant, which has every tenth', (at) => (at % 10 === 0 ? entry(at, tenant) : entry(at, lane(at)))],
];

for (const [what, make] of crowds) {
  test(`${many} entries ${what} are drained without looking at all for each`, () => {
    const table = new LaneTable();
    const began = process.cpuUsage();
    for (let at = 1; at <= many; at += 1) table.add(make(at));
    assert.equal(drain(table), many);
    const { user, system } = process.cpuUsage(began);
    assert.ok((user + system) / 1000 < drainMaxMs);
    assert.equal(table.isIdle, true);
  });
}
