// Pure parts of the simulated pair: the phases of a takeover in time, the order of services, the health codes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { healthOf } from '../../src/sim/health.ts';
import { doubledEffects, type Effect } from '../../src/sim/ledger.ts';
import { chapterServices, dependenciesOf, runningServices, startOrder } from '../../src/sim/services.ts';
import { causes, phaseDurations } from '../../src/sim/takeover.ts';

test('a takeover lasts two to five minutes, longer with more deployments', () => {
  const total = (deployments: number): number => {
    const { P0, P1, P2, P3 } = phaseDurations(deployments, causes['dead-vm']);
    return P0 + P1 + P2 + P3;
  };
  assert.equal(total(0), 120_000);
  assert.ok(total(100) > total(10));
  assert.ok(total(100_000) <= 300_000);
});

test('a planned switchover needs no detection, and given durations are taken as they are', () => {
  assert.equal(phaseDurations(0, causes.planned).P0, 0);
  assert.equal(phaseDurations(0, causes.planned, { P0: 7 }).P0, 7);
});

test('every service starts after those it depends on; those without startup do not start', () => {
  const order = startOrder(chapterServices);
  for (const [name, service] of Object.entries(chapterServices)) {
    for (const needed of order.includes(name) ? dependenciesOf(service) : []) {
      assert.ok(order.indexOf(needed) < order.indexOf(name), `${needed} before ${name}`);
    }
  }
  assert.ok(!order.includes('etsi') && !order.includes('portal') && !order.includes('snmp'));
});

test('a circle of services and an unknown service are refused with their names', () => {
  assert.throws(() => startOrder({ a: { depend_on: 'b' }, b: { depend_on: 'a' } }), /services\.a\.depend_on/);
  assert.throws(() => startOrder({ a: { depend_on: ['pgsq1'] } }), /services\.a\.depend_on names "pgsq1"/);
});

test('the health code follows what runs: 5090 for several, its own for one, INIT and READY at the end', () => {
  const order = startOrder(chapterServices);
  const codes = order.map((_, started) => healthOf(order, runningServices(order, started / order.length), 'P1', false));
  assert.equal(codes[0]?.statusCode, 5090);
  assert.equal(codes.at(-1)?.statusCode, 5010, 'the ESC manager comes last');
  assert.ok(codes.every(({ stage }) => stage === undefined));
  const all = runningServices(order, 1);
  assert.deepEqual(healthOf(order, all, 'P3', false), { statusCode: 2010, stage: 'INIT' });
  assert.deepEqual(healthOf(order, all, 'P4', false), { statusCode: 2010, stage: 'READY' });
  assert.deepEqual(healthOf(order, all, 'P4', true), { statusCode: 2000, stage: 'READY' });
  const without = (name: string): number =>
    healthOf(
      order,
      order.filter((each) => each !== name),
      'P4',
      true,
    ).statusCode;
  assert.deepEqual(['confd', 'mona', 'vimmanager'].map(without), [5020, 5030, 5040]);
});

test('a second creation of what stands is counted as doubled, one after a deletion is not', () => {
  const effect = (kind: Effect['kind'], id: string): Effect => {
    return { at: 0, node: 'n', kind, resourceType: 'tenant', id, transaction: 't' };
  };
  assert.deepEqual(doubledEffects([effect('created', 'a'), effect('deleted', 'a'), effect('created', 'a')]), []);
  assert.equal(doubledEffects([effect('created', 'a'), effect('created', 'a')]).length, 1);
});
