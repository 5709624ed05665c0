// Rules R8 to R10 as an oracle that looks at everything each time, and the property that the lane table agrees with it
// whatever happens, forgets nothing, and remembers nothing in the end.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Entry, LaneTable } from '../../src/domain/lane-table.ts';
import { entry, places } from './entries.ts';

type Step =
  | { readonly does: 'add'; readonly place: number; readonly method: string; readonly sequence: number }
  | { readonly does: 'take' }
  | { readonly does: 'give back' | 'leave' | 'remove' | 'lane ends'; readonly which: number }
  | { readonly does: 'lane begins'; readonly place: number };

const which = fc.nat(1000);
const place = fc.nat(places.length - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      does: fc.constant('add' as const),
      place,
      method: fc.constantFrom('POST', 'DELETE'),
      sequence: fc.integer({ min: 1, max: 60 }),
    }),
  },
  { weight: 6, arbitrary: fc.constant({ does: 'take' as const }) },
  {
    weight: 6,
    arbitrary: fc.record({
      does: fc.constantFrom('give back' as const, 'leave' as const, 'remove' as const, 'lane ends' as const),
      which,
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('lane begins' as const), place }) },
);

const pick = <T>(from: readonly T[], at: number): T | undefined => from[at % Math.max(1, from.length)];

class Oracle {
  readonly waiting: Entry[] = [];
  readonly taken: Entry[] = [];
  /** Lanes of fresh transactions, one a transaction. */
  readonly fresh: string[] = [];

  isKnown(sequence: number): boolean {
    return [...this.waiting, ...this.taken].some((each) => each.sequence === sequence);
  }

  /** The lowest whose lane is free, which is first in its lane, and which no earlier one keeps waiting. */
  next(): Entry | null {
    const all = [...this.waiting, ...this.taken];
    const may = this.waiting.filter(({ sequence, lane, waitsFor }) => {
      const isBusy = this.fresh.includes(lane) || this.taken.some((other) => other.lane === lane);
      const isFirst = this.waiting.every((other) => other.lane !== lane || other.sequence >= sequence);
      const isStopped = all.some(
        (other) => other.sequence < sequence && other.groups.some((group) => waitsFor.includes(group)),
      );
      return !isBusy && isFirst && !isStopped;
    });
    return may.sort((a, b) => a.sequence - b.sequence)[0] ?? null;
  }
}

const without = <T>(from: T[], what: T): void => void from.splice(from.indexOf(what), 1);

function take(table: LaneTable, oracle: Oracle): boolean {
  const expected = oracle.next();
  assert.equal(table.take(), expected);
  if (expected === null) return false;
  without(oracle.waiting, expected);
  oracle.taken.push(expected);
  return true;
}

function carryOut(step: Step, table: LaneTable, oracle: Oracle): void {
  if (step.does === 'take') take(table, oracle);
  else if (step.does === 'add') add(step, table, oracle);
  else if (step.does === 'lane begins') {
    const { lane } = places[step.place] ?? assert.fail();
    table.laneBegins(lane);
    oracle.fresh.push(lane);
  } else if (step.does === 'lane ends') {
    const lane = pick(oracle.fresh, step.which);
    if (lane === undefined) return;
    table.laneEnds(lane);
    without(oracle.fresh, lane);
  } else end(step.does, step.which, table, oracle);
}

function add(step: Extract<Step, { does: 'add' }>, table: LaneTable, oracle: Oracle): void {
  if (oracle.isKnown(step.sequence)) return;
  const added = entry(step.sequence, places[step.place] ?? assert.fail(), step.method);
  table.add(added);
  oracle.waiting.push(added);
}

function end(does: 'give back' | 'leave' | 'remove', at: number, table: LaneTable, oracle: Oracle): void {
  const from = does === 'remove' ? oracle.waiting : oracle.taken;
  const found = pick(from, at);
  if (found === undefined) return;
  without(from, found);
  if (does === 'remove') table.remove(found);
  else if (does === 'leave') table.leave(found);
  else {
    table.giveBack(found);
    oracle.waiting.push(found);
  }
}

/** Whatever is being sent leaves; then everything that waits must be offered, until nothing is left. */
function drain(table: LaneTable, oracle: Oracle): void {
  for (const lane of oracle.fresh.splice(0)) table.laneEnds(lane);
  do {
    for (const each of oracle.taken.splice(0)) table.leave(each);
    while (take(table, oracle));
  } while (oracle.taken.length > 0);
}

test('R8 R9 R10 the lane table offers what the rules say, forgets nothing and remembers nothing', () => {
  const property = fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
    const [table, oracle] = [new LaneTable(), new Oracle()];
    for (const each of steps) {
      carryOut(each, table, oracle);
      assert.equal(table.size, oracle.waiting.length);
    }
    drain(table, oracle);
    assert.equal(oracle.waiting.length, 0);
    assert.equal(table.isIdle, true);
  });
  fc.assert(property, { numRuns: 500 });
});
