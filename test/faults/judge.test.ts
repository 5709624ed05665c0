// The oracle of the table of faults can fail: a story in which all is well, and one in which each promise is broken.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { JournalEntry, Ledgers, Order, Try } from '../chaos/ledgers.ts';
import { type Evidence, judge } from './judge.ts';
import { orderOf, subject } from './orders.ts';
import { type Cell, cellsOf, type Kind } from './table.ts';

const cellOf = (wanted: Kind, fault: string, more: Partial<Cell> = {}): Cell => {
  const found = cellsOf('esc').find(
    ({ kind, phase, hit }) => kind === wanted && phase === 'before' && 'fault' in hit && hit.fault.name === fault,
  );
  if (found === undefined) throw new Error('the table has no such cell');
  return { ...found, ...more };
};

interface Story {
  readonly cell?: Cell;
  readonly tries?: readonly Partial<Try>[];
  readonly entry?: object;
  readonly attempts?: readonly object[];
  /** ESC's transactions that were executed, each with its effect. */
  readonly executed?: readonly { readonly id: string; readonly attempt: number; readonly isDone?: boolean }[];
  readonly heard?: number;
  readonly atRest?: object;
  readonly reads?: readonly Partial<Try>[];
}

const effects = { POST: 'created', PUT: 'updated', DELETE: 'deleted', STOP: 'stopped', REBOOT: 'rebooted' } as const;

/** What the ledgers say if all goes well but for what is said otherwise. */
function told(story: Story): Evidence {
  const cell = story.cell ?? cellOf('POST', 'silence');
  const { kind } = cell;
  if (kind === 'GET') throw new Error('a read has no story of its own');
  const answer: Try = { at: 10, endedAt: 20, came: 'answer', status: 200, transaction: 't1', escTransaction: 'e1' };
  const tries = (story.tries ?? [{}]).map((each) => ({ ...answer, ...each }));
  const order: Order = { ...orderOf(cell), tries };
  const report = { id: 't1-1', delivery: 'delivered' };
  const sent = { number: 1, kind: 'send', epoch: 1, outcome: 'answered', status: 200, callbacks: [report] };
  const attempts = (story.attempts ?? [{}]).map((each) => ({ ...sent, ...each }));
  const entry = {
    id: 't1',
    status: 'completed',
    method: order.method,
    path: order.path,
    lane: cell.mark,
    idempotencyKey: order.key,
    receivedAt: '',
    settledAt: '',
    reason: 'ESC reported it',
    responseStatus: 200,
    escTransactionId: 'e1',
    owner: 'replica',
    attempts,
    ...story.entry,
  } as JournalEntry;
  const executed = story.executed ?? [{ id: 'e1', attempt: 1 }];
  const requests = executed.map(({ id, attempt }) => ({
    at: 12,
    node: 'node',
    method: order.method,
    path: order.path,
    headers: {
      callback: `http://127.0.0.1/northgate/v1/callbacks/t1.${attempt}.c.proof`,
      'client-transaction-id': order.id,
    },
    body: order.body ?? '',
    transaction: id,
    status: 200,
  }));
  const done = executed.filter(({ isDone = true }) => isDone);
  const made = done.map(({ id }) => ({
    at: 13,
    node: 'node',
    kind: effects[kind],
    resourceType: 'deployment' as const,
    id: cell.mark,
    transaction: id,
  }));
  const before = kind === 'POST' ? [] : [{ ...made[0], at: 1, kind: 'created', transaction: 'e0' }];
  const { ends } = order;
  const hearing = { at: 30, order: order.id, delivery: 't1-1', event: ends, status: '200', escTransaction: 'e1' };
  const ledgers = {
    clients: { orders: [order], heard: Array.from({ length: story.heard ?? 1 }, () => hearing) },
    journal: [entry],
    pair: {
      requests,
      effects: [...before, ...made],
      standing: kind === 'DELETE' ? [] : [`deployment ${cell.mark}`],
    },
    disturbances: [],
  } as Ledgers;
  const reads = (story.reads ?? []).map((each) => ({ ...answer, transaction: undefined, ...each }));
  const read = { ...orderOf(cellOf('GET', 'silence')), tries: reads as Try[] };
  return {
    ledgers,
    atRest: [{ ...entry, ...story.atRest } as JournalEntry],
    reads: story.reads === undefined ? [] : [read],
    cells: new Map([[cell.mark, cell]]),
  };
}

const refused: Partial<Try> = { status: 503, problem: 'hold-expired', sent: 'no' };
const [stop, reboot, update] = [cellOf('STOP', 'cut'), cellOf('REBOOT', 'cut'), cellOf('PUT', 'cut')];
const twice = [
  { id: 'e1', attempt: 1 },
  { id: 'e2', attempt: 2 },
];

const broken: readonly (readonly [promise: string, rule: string, story: Story])[] = [
  [
    'effect exactly once where ESC can be asked',
    'doubled on the VIM',
    { executed: twice, attempts: [{}, { number: 2 }] },
  ],
  [
    'at most one effect in doubt, and the journal says so',
    'done more often than it may',
    { cell: stop, executed: twice, attempts: [{}, { number: 2 }] },
  ],
  [
    'an update is not repeated without a doubt',
    'done more often than it may',
    { cell: update, executed: twice, attempts: [{}, { number: 2 }] },
  ],
  [
    'what may not be repeated is not',
    'what may not be repeated was repeated',
    { cell: reboot, executed: twice, attempts: [{ outcome: 'unknown' }, { number: 2 }] },
  ],
  [
    'an answer that is given is true',
    'completed, and not done',
    { executed: [{ id: 'e1', attempt: 1, isDone: false }] },
  ],
  ['an answer is the recorded one', 'told other than recorded', { tries: [{ status: 201 }] }],
  ['never "failed" of what is done', 'failed, and done', { entry: { status: 'failed' } }],
  ['failed is ESC’s word', 'failed without a word of ESC', { entry: { status: 'failed' } }],
  ['sent: no means that nothing reached ESC', 'told that it was not sent, and sent', { tries: [refused] }],
  ['an abandoned one was never sent', 'abandoned, and sent', { entry: { status: 'abandoned' } }],
  ['completion is told', 'no completion', { heard: 0 }],
  ['completion is told once by default', 'told more than once without a reason', { heard: 2 }],
  ['a read is never journaled', 'a read was journaled', { entry: { method: 'GET' } }],
  ['a read is answered', 'a read was never answered', { reads: [{ came: 'none' }] }],
  ['everything settles, with a reason', 'not settled with a reason', { entry: { status: 'accepted' } }],
  [
    'an operator is told why',
    'left to an operator without a reason',
    { atRest: { status: 'awaiting-operator', reason: null } },
  ],
  [
    'what ESC can be asked about needs no operator',
    'left to an operator without need',
    { atRest: { status: 'awaiting-operator' } },
  ],
  ['a client knows in the end', 'its client was told nothing in the end', { tries: [{ came: 'none' }] }],
  ['only answers of the contract', 'an answer that the contract does not know', { tries: [{ status: 502 }] }],
  [
    'a problem has its own status',
    'an answer that the contract does not know',
    { tries: [{ ...refused, status: 500 }] },
  ],
  [
    'a problem of reads is of reads',
    'an answer that the contract does not know',
    { tries: [{ status: 504, problem: 'upstream-timeout', sent: 'maybe' }] },
  ],
];

suite('the oracle of the table of faults', () => {
  for (const cell of [cellOf('POST', 'silence'), update, cellOf('DELETE', 'junk'), stop, reboot]) {
    test(`finds nothing where all is well: ${cell.kind}`, () => {
      assert.deepEqual(judge(told({ cell, reads: [{}] })), []);
    });
  }

  for (const [promise, rule, story] of broken) {
    test(`sees when it is broken: ${promise}`, () => {
      const found = judge(told(story));
      assert.ok(
        found.some((each) => each.rule === rule),
        JSON.stringify(found),
      );
    });
  }

  test('sees when two transactions of a lane change their order', () => {
    const { ledgers, ...others } = told({});
    const [entry] = ledgers.journal;
    const [request] = ledgers.pair.requests;
    assert.ok(entry && request);
    const later = { ...entry, id: 't2', idempotencyKey: null };
    const callback = String(request.headers.callback).replace('t1.', 't2.');
    const first = { ...request, transaction: 'e2', headers: { ...request.headers, callback } };
    const turned = {
      ...ledgers,
      journal: [entry, later],
      pair: { ...ledgers.pair, requests: [first, request] },
    };
    assert.ok(judge({ ...others, ledgers: turned }).some(({ rule }) => rule === 'out of order'));
  });

  test('takes one more effect of an operation for each attempt in doubt that the journal names', () => {
    const attempts = [{ outcome: 'unknown' }, { number: 2 }];
    assert.deepEqual(judge(told({ cell: stop, executed: twice, attempts })), []);
  });

  test('takes a report that the client’s receiver refused for good for a dead letter', () => {
    const dead = (evidence: string) => [{ callbacks: [{ id: 't1-1', delivery: 'dead', evidence }] }];
    assert.deepEqual(judge(told({ heard: 0, attempts: dead('http://127.0.0.1:1 answered 404') })), []);
    const late = judge(told({ heard: 0, attempts: dead('http://127.0.0.1:1 answered 503') }));
    assert.ok(late.some(({ rule }) => rule === 'a report was given up'));
  });

  test('every cell has a mark of its own, and a subject that bears it', () => {
    const marks = cellsOf('client').map(({ mark }) => mark);
    assert.equal(new Set(marks).size, marks.length);
    for (const mark of marks) assert.ok(subject.path(mark).endsWith(mark));
  });
});
