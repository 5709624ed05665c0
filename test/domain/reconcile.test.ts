/** What a look says of a create that was dropped: deleting what is not a dropped create's remains must never follow. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Attempt, OperationKind, Report } from '../../src/domain/transaction.ts';
import { cleanUpOf, doubtOf, isBusyThere, mayBeAtWork, mayHaveServed } from '../../src/replay/evidence.ts';
import { nextOf, type Seen } from '../../src/replay/reconcile.ts';
import { held } from './records.ts';

const create = held({ policy: { ...held().policy, kind: 'create', completeWithinMs: 1000 } });
const seen: Seen = {
  found: 'broken',
  history: 'none',
  isProvenOwn: true,
  mayBeOwn: true,
  isAsAsked: false,
  isStuck: false,
  cleanUp: 'none',
  mayCleanUp: true,
  mayHaveServed: false,
  mayBeAtWork: false,
  isBusyThere: false,
};

test('R15 only what is proven own, may be cleaned up and cannot have served is deleted', () => {
  fc.assert(
    fc.property(
      fc.record({
        found: fc.constantFrom('absent', 'done', 'under-way', 'broken', 'unreadable'),
        history: fc.constantFrom('none', 'created', 'deleting', 'unsure'),
        isProvenOwn: fc.boolean(),
        mayBeOwn: fc.boolean(),
        isAsAsked: fc.boolean(),
        isStuck: fc.boolean(),
        cleanUp: fc.constantFrom('none', 'running', 'dropped'),
        mayCleanUp: fc.boolean(),
        mayHaveServed: fc.boolean(),
        mayBeAtWork: fc.boolean(),
        isBusyThere: fc.boolean(),
      }),
      (facts) => {
        const next = nextOf(create, facts as Seen);
        if (next.do !== 'clean-up') return;
        assert.ok(facts.isProvenOwn && facts.mayCleanUp && !facts.mayHaveServed);
        assert.ok(facts.found === 'broken' || facts.found === 'under-way');
      },
    ),
  );
  assert.equal(nextOf(create, seen).do, 'clean-up');
});

for (const [what, change] of Object.entries({
  'that nothing proves to be its own': { isProvenOwn: false },
  'that may have served': { mayHaveServed: true },
  'where the configuration leaves it to people': { mayCleanUp: false },
} satisfies Record<string, Partial<Seen>>)) {
  test(`R15 a broken resource ${what} goes to the operator`, () => {
    assert.equal(nextOf(create, { ...seen, ...change }).do, 'operator');
  });
}

test('R14 what does not move is read as broken, what moves is watched', () => {
  assert.equal(nextOf(create, { ...seen, found: 'under-way' }).do, 'watch');
  assert.equal(nextOf(create, { ...seen, found: 'under-way', isStuck: true }).do, 'clean-up');
});

test('R13 what is there is done, what is absent is sent, and somebody else’s is left to ESC’s 409', () => {
  assert.equal(nextOf(create, { ...seen, found: 'done' }).do, 'settle');
  assert.equal(nextOf(create, { ...seen, found: 'absent' }).do, 'send');
  assert.equal(nextOf(create, { ...seen, found: 'done', isProvenOwn: false, history: 'created' }).do, 'send');
});

test('R16 an update that ESC may be at work on is sent again only when that has ended', () => {
  const update = held({ policy: { ...held().policy, kind: 'update' } });
  const atWork: Seen = { ...seen, found: 'under-way', mayBeAtWork: true };
  assert.equal(nextOf(update, atWork).do, 'wait');
  assert.equal(nextOf(update, { ...atWork, mayBeAtWork: false }).do, 'send');
  assert.equal(nextOf(update, { ...atWork, found: 'done' }).do, 'send');
  assert.equal(nextOf(update, { ...atWork, found: 'done', isAsAsked: true }).do, 'settle');
});

test('R15 behind an earlier delete of which nobody knows what became of it, only what is proven own is settled', () => {
  const unsure: Seen = { ...seen, found: 'done', history: 'unsure' };
  assert.equal(nextOf(create, { ...unsure, isProvenOwn: false }).do, 'operator');
  assert.equal(nextOf(create, { ...unsure, isProvenOwn: false, found: 'absent' }).do, 'send');
  assert.equal(nextOf(create, unsure).do, 'settle');
});

test('R18 an update that ESC refuses while something is under way is looked at until that has ended, or is stuck', () => {
  const update = held({ policy: { ...held().policy, kind: 'update' } });
  for (const found of ['under-way', 'broken'] as const) {
    assert.equal(nextOf(update, { ...seen, found, isBusyThere: true }).do, 'wait');
    assert.equal(nextOf(update, { ...seen, found }).do, 'send');
  }
  assert.equal(nextOf(update, { ...seen, found: 'done', isBusyThere: true }).do, 'send');
  const refused = { ...update, attempts: [{ ...answered, status: 409 }] };
  assert.equal(isBusyThere(refused, { epoch: 1, at: 500, stuckAfterMs: 1000 }), true);
  assert.equal(isBusyThere(refused, { epoch: 1, at: 1011, stuckAfterMs: 1000 }), false);
  assert.equal(isBusyThere(refused, { epoch: 2, at: 500, stuckAfterMs: 1000 }), false);
});

test('promise 5: what an earlier attempt may have done is not failed by the refusal of a later one', () => {
  const after = (kind: OperationKind, end: object) => ({
    ...held({ policy: { ...held().policy, kind } }),
    attempts: [{ ...answered, ...end } as Attempt, { ...answered, number: 2, status: 404 }],
  });
  assert.match(doubtOf(after('action', { outcome: 'unknown', status: undefined }), null) ?? '', /not answered/);
  assert.match(doubtOf(after('action', { status: 200 }), null) ?? '', /ESC took/);
  assert.equal(doubtOf(after('action', { status: 409 }), null), null);
  assert.equal(doubtOf(after('create', { status: 200 }), 'absent'), null);
  assert.match(doubtOf(after('create', { status: 200 }), 'unreadable') ?? '', /ESC took/);
  assert.equal(doubtOf(after('update', { status: 200 }), 'as-it-was'), null);
  assert.equal(doubtOf(after('update', { status: 200 }), 'absent'), null);
  assert.match(doubtOf(after('update', { status: 200 }), 'under-way') ?? '', /ESC took/);
  assert.equal(doubtOf(after('delete', { status: 200 }), 'done'), null);
});

test('what ESC may be at work on was sent in this epoch, not long ago, and not answered', () => {
  const after = (end: object) => ({ ...create, attempts: [{ ...answered, ...end } as Attempt] });
  assert.equal(mayBeAtWork(after({ outcome: 'unknown' }), 1, 20), true);
  assert.equal(mayBeAtWork(after({ outcome: 'unknown' }), 1, 60_011), false);
  assert.equal(mayBeAtWork(after({ outcome: 'unknown' }), 2, 20), false);
  assert.equal(mayBeAtWork(after({ status: 409 }), 1, 20), false);
  assert.equal(mayBeAtWork(after({ outcome: 'never-sent' }), 1, 20), false);
});

const answered = {
  number: 1,
  kind: 'send',
  epoch: 1,
  node: null,
  at: 1,
  endedAt: 10,
  outcome: 'answered',
  status: 200,
} as const;

test('a create that ESC took longer ago than it may take, or reported done, may have served', () => {
  const taken = { ...create, attempts: [answered] };
  assert.equal(mayHaveServed(taken, 500), false);
  assert.equal(mayHaveServed(taken, 2000), true);
  const report: Report = {
    number: 1,
    at: 20,
    attempt: 1,
    channel: 'callback',
    from: 'esc',
    eventType: 'SERVICE_ALIVE',
    status: 'success',
    verdict: 'success',
    digest: 'd',
    delivery: { state: 'none', why: 'its epoch had ended' },
  };
  assert.equal(mayHaveServed({ ...taken, reports: [report] }, 500), true);
});

test('R20 a clean-up runs in the epoch in which ESC may have taken it, and is dropped with that epoch, or when nobody ever answered it', () => {
  const cleanUp = { number: 2, kind: 'clean-up', epoch: 2, node: null, at: 30, endedAt: 31 } as const;
  const after = (end: object) => ({ ...create, attempts: [answered, { ...cleanUp, ...end }] });
  assert.equal(cleanUpOf(after({ outcome: 'answered', status: 200 }), 2, 40), 'running');
  assert.equal(cleanUpOf(after({ outcome: 'answered', status: 200 }), 3, 40), 'dropped');
  assert.equal(cleanUpOf(after({ outcome: 'unknown' }), 2, 40), 'running');
  assert.equal(cleanUpOf(after({ outcome: 'unknown' }), 2, 60_032), 'dropped');
  assert.equal(cleanUpOf(after({ outcome: 'never-sent' }), 2, 40), 'none');
  assert.equal(cleanUpOf(after({ outcome: 'answered', status: 404 }), 2, 40), 'none');
  assert.equal(cleanUpOf(after({ outcome: 'answered', status: 200 }), 2, 1032), 'dropped', 'its time is over');
  const failed: Report = { ...undeployed, attempt: 2, status: 'failure' };
  assert.equal(cleanUpOf({ ...after({ outcome: 'answered', status: 200 }), reports: [failed] }, 2, 40), 'dropped');
  const going: Report = { ...undeployed, attempt: 2, status: 'success' };
  assert.equal(cleanUpOf({ ...after({ outcome: 'answered', status: 200 }), reports: [going] }, 2, 40), 'running');
});

const undeployed = {
  number: 1,
  at: 35,
  attempt: 2,
  channel: 'callback',
  from: 'esc',
  eventType: 'VM_UNDEPLOYED',
  digest: 'd',
  delivery: { state: 'none', why: 'reports a clean-up' },
} as const;

test('R20 while a clean-up runs, what it deletes may go on showing its error: it is not deleted again', () => {
  for (const found of ['broken', 'under-way', 'done', 'unreadable'] as const)
    assert.equal(nextOf(create, { ...seen, found, cleanUp: 'running' }).do, 'wait', found);
  assert.equal(nextOf(create, { ...seen, found: 'absent', cleanUp: 'running' }).do, 'send');
  assert.equal(nextOf(create, { ...seen, cleanUp: 'dropped' }).do, 'clean-up');
});
