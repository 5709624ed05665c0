// A small model of rules R8 to R10, and the property that a journal agrees with it whatever is written, also when
// several writes begin in one turn: they take effect in the order in which they began.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { groupsOf, type Place as Resource, waitsFor } from '../../src/domain/lanes.ts';
import {
  isSettled,
  isWaiting,
  legalMoves,
  moved,
  occupiesLane,
  type State,
  type Status,
  type Transaction,
} from '../../src/domain/transaction.ts';
import type { Journal } from '../../src/journal/journal.ts';
import type { Place } from './contract.ts';
import { bytes, held, state, toSend } from './samples.ts';

type Step =
  | { readonly does: 'create'; readonly resource: Resource; readonly method: string; readonly sendsAt: number | null }
  | { readonly does: 'move'; readonly which: number; readonly to: Status; readonly epoch: number; readonly back: 0 | 1 }
  | { readonly does: 'bump' };

const resources: Resource[] = [
  { lane: '/t/1', ancestors: [], resourceType: 'tenants' },
  { lane: '/t/1/n/1', ancestors: ['/t/1'], resourceType: 'networks' },
  { lane: '/t/1/n/1/s/1', ancestors: ['/t/1', '/t/1/n/1'], resourceType: 'subnets' },
  { lane: '/t/1/d/1', ancestors: ['/t/1'], resourceType: 'deployments' },
  { lane: '/images/1', ancestors: [], resourceType: 'images' },
];

const epoch = fc.integer({ min: 0, max: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      does: fc.constant('create' as const),
      resource: fc.constantFrom(...resources),
      method: fc.constantFrom('POST', 'DELETE'),
      sendsAt: fc.option(epoch),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      does: fc.constant('move' as const),
      which: fc.nat(30),
      to: fc.constantFrom(...(Object.keys(legalMoves) as Status[])),
      epoch,
      back: fc.constantFrom(0 as const, 0 as const, 1 as const),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ does: 'bump' as const }) },
);

interface Known {
  transaction: Transaction;
  readonly waits: readonly string[];
}

/** What the rules say a journal holds. */
class Model {
  epoch = 0;
  readonly known: Known[] = [];

  obstacle(
    epochAsked: number,
    lane: string,
    waits: readonly string[],
    sequence: number,
  ): 'stale-epoch' | 'behind' | null {
    if (epochAsked !== this.epoch) return 'stale-epoch';
    const earlier = this.known.map((each) => each.transaction).filter((each) => each.sequence < sequence);
    const isBehind = earlier.some(({ place, state: { status } }) => {
      if (place.lane === lane && occupiesLane(status)) return true;
      return isWaiting(status) && groupsOf(place).some((group) => waits.includes(group));
    });
    return isBehind ? 'behind' : null;
  }
}

function stateOf(to: Status, at: number): State {
  if (to === 'in-flight') return state.inFlight(at);
  if (to === 'completed' || to === 'failed' || to === 'abandoned') return { status: to, settledAt: 9, reason: 'test' };
  if (to === 'accepted') return state.accepted;
  if (to === 'held') return state.held;
  return to === 'unacknowledged' ? state.unacknowledged : state.awaitingOperator;
}

/** Begins the step on both; what is returned waits for the journal and compares. */
function begin(step: Step, journal: Journal, model: Model, name: string): (() => Promise<void>) | null {
  if (step.does === 'create') return beginCreate(step, journal, model, name);
  if (step.does === 'move') return beginMove(step, journal, model);
  return null;
}

function beginCreate(
  step: Extract<Step, { does: 'create' }>,
  journal: Journal,
  model: Model,
  name: string,
): () => Promise<void> {
  const { lane, ancestors, resourceType } = step.resource;
  const waits = waitsFor(step.resource, step.method);
  const transaction = held({ id: name, lane, ancestors, resourceType, method: step.method });
  const asked =
    step.sendsAt === null
      ? { transaction, request: bytes('') }
      : toSend(transaction, { epoch: step.sendsAt, waitsFor: waits });
  const sequence = model.known.length + 1;
  const flies = step.sendsAt !== null && model.obstacle(step.sendsAt, lane, waits, sequence) === null;
  const kept = {
    ...(flies ? moved(transaction, state.inFlight(step.sendsAt ?? 0)) : transaction),
    version: 1,
    sequence,
  };
  model.known.push({ transaction: kept, waits });
  const said = journal.create(asked);
  return async () => assert.deepEqual(await said, { word: 'created', transaction: kept });
}

function beginMove(
  step: Extract<Step, { does: 'move' }>,
  journal: Journal,
  model: Model,
): (() => Promise<void>) | null {
  const found = model.known[step.which % Math.max(1, model.known.length)];
  if (found === undefined) return null;
  const { transaction } = found;
  // `moved` would refuse it as a defect; whether it is legal is not the store's to know.
  const asked = { ...transaction, version: transaction.version - step.back, state: stateOf(step.to, step.epoch) };
  const marks = step.to === 'in-flight';
  const replacement = marks
    ? { transaction: asked, mark: { epoch: step.epoch, waitsFor: found.waits } }
    : { transaction: asked };
  const obstacle = marks ? model.obstacle(step.epoch, transaction.place.lane, found.waits, transaction.sequence) : null;
  const word = step.back === 1 ? 'stale-version' : (obstacle ?? 'replaced');
  if (word === 'replaced') found.transaction = { ...asked, version: transaction.version + 1 };
  const expected = word === 'replaced' ? { word, transaction: found.transaction } : { word };
  const said = journal.replace(replacement);
  return async () => assert.deepEqual(await said, expected);
}

export async function orderProperty(place: () => Promise<Place>): Promise<void> {
  const turns = fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 8 });
  const property = fc.asyncProperty(turns, async (given) => {
    await using here = await place();
    const journal = await here.open();
    const model = new Model();
    for (const steps of given) {
      const ends = steps.map((each, at) => begin(each, journal, model, `t${model.known.length}-${at}`));
      for (const end of ends) await end?.();
      // Between turns: a bump is a command of its own.
      if (steps.some(({ does }) => does === 'bump')) {
        assert.equal((await journal.bumpEpoch(model.epoch, null)).word, 'bumped');
        model.epoch += 1;
      }
    }
    const all = model.known.map(({ transaction }) => transaction).reverse();
    assert.deepEqual(await journal.list({ limit: 1000 }), all);
    const open = all.filter(({ state: { status } }) => !isSettled(status)).reverse();
    assert.deepEqual(await journal.open({ afterSequence: 0, limit: 1000 }), open);
  });
  await fc.assert(property, { numRuns: 60 });
}
