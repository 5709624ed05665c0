// When a client is to come back: a table of what is known and the seconds that follow, and what holds of all of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type ComebackFacts,
  type ComebackKind,
  comebackMaxSeconds,
  comebackSeconds,
  type Stage,
  stageOf,
} from '../../src/domain/comeback.ts';
import type { HoldReason } from '../../src/domain/switchover.ts';
import { statuses } from '../../src/domain/transaction.ts';
import { nodeB, Play } from './pair-play.ts';

const open: ComebackFacts = {
  gate: { mode: 'open', reason: 'none' },
  stage: 'ready',
  awayMs: 0,
  settleMs: 0,
  pastAwayMs: [],
  queued: 0,
  paceMs: null,
  transaction: null,
};
const away: ComebackFacts = { ...open, gate: { mode: 'holding', reason: 'switchover' }, stage: 'away' };
const holding = (reason: HoldReason): ComebackFacts => ({ ...open, gate: { mode: 'holding', reason } });
const is = (status: (typeof statuses)[number], sinceMs = 0) => ({ transaction: { status, sinceMs } });

const table: readonly (readonly [string, ComebackKind, ComebackFacts, number])[] = [
  ['a drain: another replica takes it', 'draining', open, 2],
  ['a journal that does not answer', 'journal-unavailable', away, 5],
  ['the gate is open and nothing waits', 'hold-full', open, 1],
  ['the gate is open and much waits, at the measured pace', 'hold-full', { ...open, queued: 300, paceMs: 100 }, 30],
  ['much waits, and the pace was never measured', 'hold-full', { ...open, queued: 400 }, 10],
  ['ESC has just gone, for the first time: the HA chapter’s minutes', 'hold-full', away, 180],
  ['a minute later', 'hold-full', { ...away, awayMs: 60_000 }, 120],
  ['it takes longer than expected', 'hold-full', { ...away, awayMs: 1_000_000 }, 15],
  ['past switchovers took two minutes or so', 'hold-expired', { ...away, pastAwayMs: [130_000, 120_000, 90_000] }, 120],
  ['of an even number of them', 'hold-expired', { ...away, pastAwayMs: [100_000, 140_000] }, 120],
  [
    'ends of epochs in which ESC was not away do not count',
    'hold-full',
    { ...away, pastAwayMs: [50, 90, 200_000] },
    200,
  ],
  ['the queue and settle come on top', 'hold-full', { ...away, awayMs: 80_000, settleMs: 3000, queued: 280 }, 110],
  ['the container answers', 'hold-full', { ...away, stage: 'container', awayMs: 10_000 }, 45],
  ['the application starts', 'hold-full', { ...away, stage: 'init', awayMs: 10_000 }, 30],
  ['the application starts, late', 'hold-full', { ...away, stage: 'init', awayMs: 160_000 }, 20],
  ['READY is made sure of', 'hold-full', { ...away, stage: 'ready', awayMs: 10_000, settleMs: 3000 }, 3],
  ['settling', 'hold-full', { ...holding('settling'), settleMs: 2500 }, 3],
  ['maintenance ends when it ends', 'hold-full', holding('maintenance'), 60],
  ['an operator holds', 'hold-full', holding('operator'), 60],
  [
    'a gateway that starts while ESC is away',
    'hold-full',
    { ...away, gate: { mode: 'holding', reason: 'starting' } },
    180,
  ],
  ['more waits than can be said', 'hold-full', { ...away, queued: 1_000_000 }, 480],
  ['ESC is called ready and does not answer', 'upstream-timeout', open, 10],
  ['ESC could not be reached, and is away', 'upstream-unreachable', { ...away, awayMs: 120_000 }, 60],
  ['a promise while ESC is away', 'promise', { ...away, ...is('held') }, 180],
  ['a promise of what was sent to the node that went', 'promise', { ...away, ...is('unacknowledged') }, 180],
  ['a promise of what ESC accepted and a switchover took', 'promise', { ...away, ...is('accepted', 10_000) }, 180],
  ['a promise of what is being sent', 'promise', { ...open, ...is('in-flight') }, 2],
  ['the status resource is cheap while ESC is away', 'status', { ...away, ...is('held') }, 60],
  ['what was accepted now', 'status', { ...open, ...is('accepted') }, 2],
  ['what was accepted a minute ago', 'status', { ...open, ...is('accepted', 60_000) }, 15],
  ['what was accepted an hour ago', 'status', { ...open, ...is('accepted', 3_600_000) }, 30],
  [
    'what was accepted before maintenance goes on',
    'status',
    { ...holding('maintenance'), ...is('accepted', 20_000) },
    5,
  ],
  ['what is held by maintenance does not', 'status', { ...holding('maintenance'), ...is('held', 20_000) }, 60],
  ['an operator decides', 'status', { ...open, ...is('awaiting-operator', 1000) }, 60],
  ['what waits behind others', 'status', { ...open, ...is('held'), queued: 100, paceMs: 200 }, 20],
];

for (const [says, kind, facts, seconds] of table) {
  test(`Retry-After, ${kind}: ${says}: ${seconds} s`, () => {
    assert.equal(comebackSeconds(kind, facts, 0), seconds);
  });
}

const kinds = [...new Set(table.map(([, kind]) => kind)), 'upstream-invalid' as const];
const stages: readonly Stage[] = ['away', 'container', 'init', 'ready'];
const almostOne = 1 - Number.EPSILON;
const ms = fc.oneof(fc.integer({ min: 0, max: 10_000 }), fc.integer({ min: 0, max: 1_000_000_000 }));
const anyKind = fc.constantFrom(...kinds);
const chance = fc.double({ min: 0, max: almostOne, noNaN: true });
const anyFacts: fc.Arbitrary<ComebackFacts> = fc.record({
  gate: fc.record({
    mode: fc.constantFrom('open' as const, 'holding' as const, 'draining' as const),
    reason: fc.constantFrom<HoldReason>(
      'starting',
      'switchover',
      'settling',
      'maintenance',
      'operator',
      'draining',
      'none',
    ),
  }),
  stage: fc.constantFrom(...stages),
  awayMs: ms,
  settleMs: fc.integer({ min: 0, max: 60_000 }),
  pastAwayMs: fc.array(ms, { maxLength: 20 }),
  queued: fc.integer({ min: 0, max: 100_000 }),
  paceMs: fc.option(fc.double({ min: 0, max: 500, noNaN: true })),
  transaction: fc.option(fc.record({ status: fc.constantFrom(...statuses), sinceMs: ms })),
});

test('Retry-After is a whole number of seconds, 1 to 600, whatever is known', () => {
  const property = fc.property(anyKind, anyFacts, chance, (kind, facts, random) => {
    const seconds = comebackSeconds(kind, facts, random);
    assert.ok(Number.isInteger(seconds) && seconds >= 1 && seconds <= comebackMaxSeconds, String(seconds));
  });
  fc.assert(property);
});

test('Retry-After never grows with the time that ESC has been away, nor with the stages of its coming back', () => {
  const property = fc.property(anyKind, anyFacts, chance, ms, (kind, facts, random, passedMs) => {
    const at = (known: ComebackFacts) => comebackSeconds(kind, known, random);
    assert.ok(at({ ...facts, awayMs: facts.awayMs + passedMs }) <= at(facts));
    const byStage = stages.map((stage) => at({ ...facts, stage }));
    assert.deepEqual(
      byStage,
      byStage.toSorted((a, b) => b - a),
    );
  });
  fc.assert(property);
});

test('Retry-After never shrinks when more waits', () => {
  const property = fc.property(anyKind, anyFacts, chance, (kind, facts, random) => {
    const more = comebackSeconds(kind, { ...facts, queued: facts.queued * 2 + 1 }, random);
    assert.ok(more >= comebackSeconds(kind, facts, random));
  });
  fc.assert(property);
});

test('clients are spread over a quarter of the time, and none is told to come before it', () => {
  const told = [0, 0.25, 0.5, 0.75, almostOne].map((random) => comebackSeconds('hold-full', away, random));
  assert.deepEqual(told, [180, 192, 203, 214, 225]);
});

test('how far ESC has come back is told by the codes of its monitors; a code of 5000 and more tells nothing', () => {
  const gone = (): Play => new Play().vip('ready', { times: 2 }).vip('refused', { times: 3 }).epoch();
  assert.equal(stageOf(gone().state), 'away');
  assert.equal(stageOf(gone().vip('silence').state), 'away');
  assert.equal(stageOf(gone().vip('broken').state), 'away');
  assert.equal(stageOf(gone().vip('page').state), 'container');
  assert.equal(stageOf(gone().vip('init').state), 'init');
  assert.equal(stageOf(gone().vip('ready').state), 'ready');
  assert.equal(stageOf(gone().node(nodeB, 'init').state), 'init');
  assert.equal(stageOf(gone().node(nodeB, 'broken').state), 'away');
  const distrusted = new Play().vip('ready', { times: 2 }).epoch();
  assert.equal(stageOf(distrusted.state), 'away', 'what was seen in the epoch before counts no more');
});
