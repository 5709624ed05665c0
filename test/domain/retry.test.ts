// Pauses between attempts (R18) and the pace after READY (promise 7), at their ends and in between.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { backoffBaseMs, backoffMaxMs, backoffMs, rampedConcurrency } from '../../src/domain/retry.ts';

const almostOne = 1 - Number.EPSILON;

test('R18 pauses double from a quarter of a second to fifteen, and are half chance', () => {
  const ceilings = [250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000];
  assert.deepEqual(
    ceilings.map((_, index) => backoffMs(index + 1, almostOne)),
    ceilings,
  );
  assert.deepEqual(
    ceilings.map((_, index) => backoffMs(index + 1, 0)),
    ceilings.map((ceiling) => ceiling / 2),
  );
});

test('R18 however often it failed, the pause stays within its limits', () => {
  const random = fc.double({ min: 0, max: almostOne, noNaN: true });
  const failures = fc.integer({ min: 1, max: 1_000_000 });
  const property = fc.property(failures, random, (count, chance) => {
    const pause = backoffMs(count, chance);
    assert.ok(Number.isInteger(pause) && pause >= backoffBaseMs / 2 && pause <= backoffMaxMs);
  });
  fc.assert(property);
});

test('after READY one replay at a time at first, all of them at the end, in equal steps', () => {
  const at = (sinceReadyMs: number) => rampedConcurrency(8, 10_000, sinceReadyMs);
  assert.deepEqual([-5, 0, 1249, 2499, 2500, 5000, 9999, 10_000, 1e9].map(at), [1, 1, 1, 1, 2, 4, 7, 8, 8]);
});

test('without a ramp, or with a concurrency of one, the pace is the same at all times', () => {
  assert.equal(rampedConcurrency(8, 0, 0), 8);
  assert.deepEqual(
    [0, 5000, 10_000].map((at) => rampedConcurrency(1, 10_000, at)),
    [1, 1, 1],
  );
});

test('the pace never falls and never leaves its limits', () => {
  const property = fc.property(
    fc.integer({ min: 1, max: 1000 }),
    fc.integer({ min: 0, max: 60_000 }),
    fc.integer({ min: 0, max: 120_000 }),
    (concurrency, rampUpMs, at) => {
      const [now, later] = [at, at + 100].map((time) => rampedConcurrency(concurrency, rampUpMs, time));
      assert.ok(now !== undefined && later !== undefined && now <= later && now >= 1 && later <= concurrency);
    },
  );
  fc.assert(property);
});
