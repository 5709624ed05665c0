// What holds of gate and epoch whatever happens in whatever order (R4, R5, R12): random events against a count of READY.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PairEffect, PairEvent } from '../../src/domain/switchover.ts';
import { nodeA, nodeB, Play, type Word } from './pair-play.ts';

const word = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Word>('ready') },
  { weight: 4, arbitrary: fc.constantFrom<Word>('alone', 'init', 'broken', 'page', 'refused', 'silence') },
);
const mode = fc.constantFrom('open' as const, 'open' as const, 'holding' as const, 'draining' as const);

type Step =
  /** `lateMs`: the question was asked that long ago. */
  | { readonly does: 'vip'; readonly word: Word; readonly identity: string | null; readonly lateMs: number }
  | { readonly does: 'node'; readonly node: string; readonly word: Word; readonly lateMs: number }
  | { readonly does: 'epoch'; readonly by: number }
  | { readonly does: 'by hand'; readonly mode: 'open' | 'holding' | 'draining' }
  | { readonly does: 'maintenance'; readonly on: boolean }
  | { readonly does: 'woke' }
  | { readonly does: 'covered'; readonly isCovered: boolean };

const lateMs = fc.constantFrom(0, 0, 0, 1500, 5000);
const identity = fc.constantFrom(null, 'a', 'a', 'a', 'b');
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ does: fc.constant('vip' as const), word, identity, lateMs }) },
  {
    weight: 4,
    arbitrary: fc.record({ does: fc.constant('node' as const), node: fc.constantFrom(nodeA, nodeB), word, lateMs }),
  },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('epoch' as const), by: fc.integer({ min: -1, max: 2 }) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('by hand' as const), mode }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('maintenance' as const), on: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('woke' as const) }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('covered' as const), isCovered: fc.boolean() }) },
);

function eventOf(step: Step, play: Play): PairEvent {
  const observed = (said: Word, from: string | null, late: number) => ({
    ...play.observation(said, from),
    at: play.now - late,
  });
  switch (step.does) {
    case 'vip':
      return { kind: 'vip-observed', observation: observed(step.word, step.identity, step.lateMs) };
    case 'node':
      return { kind: 'node-observed', node: step.node, observation: observed(step.word, null, step.lateMs) };
    case 'epoch':
      return { kind: 'epoch-is', epoch: play.state.epoch + step.by, now: play.now };
    case 'by hand':
      return { kind: 'by-hand', mode: step.mode };
    case 'maintenance':
      return { kind: 'maintenance', on: step.on };
    case 'woke':
      return { kind: 'woke', sleptMs: 60_000 };
    case 'covered':
      return { kind: 'covered', isCovered: step.isCovered, now: play.now };
  }
}

/** What an onlooker knows: how often READY was said in a row in this epoch, and which order has no answer. */
class Onlooker {
  epoch = 1;
  epochSince = 0;
  inARow = 0;
  sawReady = false;
  ordered: number | null = null;
  /** It slept, and waits to hear whether it was covered. */
  asks = false;

  sees(event: PairEvent, effects: readonly PairEffect[], rise: number): void {
    if (event.kind === 'epoch-is' && event.epoch > this.epoch) {
      Object.assign(this, {
        epoch: event.epoch,
        epochSince: event.now,
        inARow: 0,
        sawReady: false,
        ordered: null,
        asks: false,
      });
    }
    if (event.kind === 'vip-observed' && event.observation.at >= this.epochSince) {
      this.inARow = event.observation.health === 'ready' ? this.inARow + 1 : 0;
      if (this.inARow >= rise) this.sawReady = true;
    }
    for (const effect of effects) if (effect.kind === 'bump') this.ordered = effect.epoch;
    if (event.kind === 'woke' && this.sawReady) this.asks = true;
    if (event.kind === 'covered') this.asks = false;
  }
}

function check(play: Play, event: PairEvent, before: Onlooker, effects: readonly PairEffect[]): void {
  const { state } = play;
  for (const effect of effects) {
    if (effect.kind === 'epoch-ended') assert.deepEqual([event.kind, effect.epoch], ['epoch-is', before.epoch]);
    if (effect.kind !== 'bump') continue;
    const isUncovered = event.kind === 'covered' && !event.isCovered && before.asks;
    const isObserved = event.kind === 'vip-observed' || event.kind === 'node-observed';
    assert.ok(isObserved || isUncovered, 'R5 only an observation bumps, or an uncovered sleep');
    assert.equal(before.ordered, null, 'R5 one order at a time');
    assert.ok(before.sawReady, 'R5 only who saw READY in the epoch bumps it');
    assert.equal(effect.epoch, before.epoch);
  }
  assert.ok(state.epoch >= before.epoch, 'R5 an epoch never decreases');
  assert.equal(effects.filter(({ kind }) => kind === 'epoch-ended').length, state.epoch > before.epoch ? 1 : 0);
}

function checkGate(play: Play, after: Onlooker): void {
  const { state } = play;
  assert.equal(state.readyAt !== null, after.sawReady, 'R4 READY is what `rise` probes in a row say');
  assert.equal(state.bumping, after.ordered !== null);
  const isHeld = state.byHand !== 'open' || state.maintenance;
  const settled = state.readyAt !== null && play.now + 10 >= state.readyAt + play.rules.settleMs;
  const expected = !isHeld && after.sawReady && after.ordered === null && !after.asks && settled;
  assert.equal(play.gate() === 'open', expected, 'R4 the gate');
  assert.ok(state.provenAt === null || state.provenAt >= after.epochSince, 'R13 nothing older proves anything');
}

test('R4 R5 R12 whatever happens, the gate is open only in an epoch seen READY, and one order at a time ends it', () => {
  const turning = fc.integer({ min: 1, max: 3 });
  const settle = fc.constantFrom(0, 1200);
  const steps = fc.array(step, { maxLength: 80, size: 'max' });
  const property = fc.property(steps, turning, turning, settle, (given, rise, fall, settleMs) => {
    const play = new Play({ rise, fall, settleMs });
    const onlooker = new Onlooker();
    onlooker.epochSince = play.now;
    for (const each of given) {
      play.now += 1000;
      const event = eventOf(each, play);
      const seen = play.effects.length;
      play.happens(event);
      const effects = play.effects.slice(seen);
      check(play, event, onlooker, effects);
      onlooker.sees(event, effects, rise);
      checkGate(play, onlooker);
    }
  });
  fc.assert(property, { numRuns: 500 });
});
