/**
 * Every operation × every crash point × everything that may be left of it: one answer, one completion under one id, net
 * effect one on the VIM; or it awaits an operator, with a reason. Cells run side by side on worlds of their own.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Transaction } from '../../src/domain/transaction.ts';
import { type CrashPoint, crashPoints, type Leftover } from '../../src/sim/faults.ts';
import { doubledEffects } from '../../src/sim/ledger.ts';
import { type CompletionWorld, type Ordered, startCompletionWorld } from '../support/completion.ts';
import { type Operation, operations } from '../support/completion-operations.ts';
import { until } from '../support/until.ts';
import { type Told, uniqueId } from '../support/world.ts';

interface Cell {
  readonly operation: Operation;
  readonly point: CrashPoint;
  /** Null: what the point leaves by itself. */
  readonly leftover: Leftover | null;
}

/** How a cell must end. `refused`: ESC's 404 to the replay of an update that it had taken, of what a look finds gone. */
type Ending = 'completed' | 'operator' | 'refused';

const worldsMax = 6;

/** Before its commit a request leaves nothing, and a report sent is ESC's word: there leftovers say nothing new. */
const cells: readonly Cell[] = operations.flatMap((operation) =>
  crashPoints.flatMap((point): Cell[] => {
    if (point === 'before-commit' || point === 'after-callback') return [{ operation, point, leftover: null }];
    const leftovers: Leftover[] = [
      'absent',
      'stuck',
      'error',
      ...(operation.kind === 'delete' ? [] : ['active' as const]),
    ];
    return leftovers.map((leftover) => ({ operation, point, leftover }));
  }),
);

function endingOf({ operation, point, leftover }: Cell): Ending {
  if (point === 'after-callback') return 'completed';
  const isProvenOwn = point !== 'after-commit';
  switch (operation.kind) {
    case 'create':
      return (leftover === 'stuck' || leftover === 'error') && !isProvenOwn ? 'operator' : 'completed';
    case 'delete':
      return 'completed';
    case 'update':
      if (leftover === 'absent') return 'refused';
      return leftover === 'stuck' || leftover === 'error' ? 'operator' : 'completed';
    case 'action':
      if (!operation.isRepeatable) return 'operator';
      // It may have been done before what it works on was lost (ADR 0032).
      return leftover === 'absent' || leftover === 'stuck' ? 'operator' : 'completed';
  }
}

const nameOf = ({ operation, point, leftover }: Cell): string =>
  `${operation.name}, ${point}${leftover === null ? '' : `, ${leftover}`}`;

const isAnsweredFirst = ({ point }: Cell): boolean => point !== 'before-commit' && point !== 'after-commit';

async function play(cell: Cell, world: CompletionWorld): Promise<Ending> {
  const { operation, point, leftover } = cell;
  const subject = uniqueId('cell');
  const { pair } = world;
  const { coordinator } = world.world.gateway;
  if (operation.subject !== null) await world.done(operation.subject.name, subject);
  const { epoch } = coordinator;
  const match = { method: operation.method, path: operation.path(subject) };
  pair.crashAt(point, match, leftover === null ? {} : { leftover });

  const ordered = world.order(operation, subject);
  await until(() => coordinator.epoch > epoch, 'the switchover is noticed');
  const ended = await world.ended(ordered);
  const ending = endingOf(cell);
  if (ending === 'operator') await leftToOperator(world, ordered, ended);
  const told = await ordered.told;
  const transaction = await world.ended(ordered);
  await until(() => coordinator.isOpen && pair.phase === 'P4', 'the pair is ready');

  assert.equal(transaction.state.status, ending === 'refused' ? 'failed' : 'completed', JSON.stringify(transaction));
  judgeTold(cell, told, ending);
  if (ending === 'operator') judgeResolved(world, ordered, told);
  else judgeReports(world, ordered, { told, isToldNo: ending === 'refused' && !isAnsweredFirst(cell) });
  judgeEffect(cell, subject, world);
  return ending;
}

/** With a reason and without a completion; then an operator decides, and everybody is told (R2). */
async function leftToOperator(world: CompletionWorld, ordered: Ordered, transaction: Transaction): Promise<void> {
  const { state } = transaction;
  assert.equal(state.status, 'awaiting-operator', JSON.stringify(transaction));
  assert.ok('reason' in state && state.reason.length > 20, 'it says why');
  assert.deepEqual(world.terminal(ordered), []);
  await world.resolve(transaction, 'completed');
}

/** What an operator settles is told once too, as made up, since ESC reported nothing of it. */
function judgeResolved(world: CompletionWorld, ordered: Ordered, told: Told): void {
  const heard = world.heard(ordered);
  assert.equal(heard.length, 1, JSON.stringify(heard));
  assert.equal(heard[0]?.status, '200');
  const known = told.headers['esc-transaction-id'];
  if (known !== undefined) assert.equal(heard[0]?.transactionId, known);
}

function judgeTold(cell: Cell, told: Told, ending: Ending): void {
  // A made-up answer is the operation's first 2xx of the catalogue (R22).
  if (ending === 'refused' && !isAnsweredFirst(cell)) assert.equal(told.status, 404, told.body);
  else assert.equal(Math.floor(told.status / 100), 2, `${told.status} ${told.body}`);
}

function judgeReports(
  world: CompletionWorld,
  ordered: Ordered,
  { told, isToldNo }: { told: Told; isToldNo: boolean },
): void {
  const heard = world.heard(ordered);
  const ids = [...new Set(heard.map(({ transactionId }) => transactionId))];
  assert.equal(world.terminal(ordered).length, isToldNo ? 0 : 1, JSON.stringify(heard));
  if (isToldNo) return;
  assert.equal(heard.at(-1)?.event, ordered.operation.ends, JSON.stringify(heard));
  assert.equal(ids.length, 1, JSON.stringify(heard));
  const known = told.headers['esc-transaction-id'];
  if (known !== undefined) assert.deepEqual(ids, [known]);
}

function judgeEffect({ operation, point, leftover }: Cell, subject: string, world: CompletionWorld): void {
  const { pair } = world;
  const own = pair.ledger.filter(({ id }) => id === subject || id.startsWith(`${subject}/`));
  const stands = pair.vim.some((thing) => thing.endsWith(` ${subject}`));
  const isWorked = point !== 'before-commit' && point !== 'after-commit' && point !== 'after-answer';
  if (operation.kind === 'create') {
    // What ESC says of it where the simulator made it lie is not the gateway's to know.
    if (leftover === 'active' && !isWorked) return;
    if (endingOf({ operation, point, leftover }) === 'operator') return;
    assert.ok(stands, `it stands on the VIM: ${JSON.stringify(own)}`);
    if (point !== 'after-callback') assert.equal(world.stateOf(subject), 'active');
    if (leftover !== 'absent') assert.deepEqual(doubledEffects(own), []);
  } else if (operation.kind === 'delete') {
    if (leftover !== 'absent' || isWorked) assert.equal(stands, false, JSON.stringify(own));
    if (point !== 'after-callback') assert.equal(world.stateOf(subject), undefined);
    assert.deepEqual(doubledEffects(own), []);
  } else if (!operation.isRepeatable && operation.kind === 'action') {
    const done = own.filter(({ kind }) => kind === 'rebooted' || kind === 'recovered').map(({ id }) => id);
    assert.equal(new Set(done).size, done.length, 'no VM twice');
  }
}

test('the table of operations, crash points and leftovers', async (t) => {
  const only = process.env.CELLS;
  const left = cells.filter((cell) => only === undefined || nameOf(cell).includes(only));
  const count = left.length;
  const failures = new Map<string, unknown>();
  const endings: Record<Ending, number> = { completed: 0, operator: 0, refused: 0 };
  const work = async (place: number): Promise<void> => {
    await using world = await startCompletionWorld({ place });
    for (let cell = left.shift(); cell !== undefined; cell = left.shift()) {
      try {
        endings[await play(cell, world)] += 1;
      } catch (error) {
        failures.set(nameOf(cell), error);
        world.pair.clearFaults();
      }
    }
  };
  const startedAt = Date.now();
  await Promise.all(Array.from({ length: worldsMax }, (_, index) => work(30 + index)));
  t.diagnostic(`${count} cells in ${Date.now() - startedAt} ms: ${JSON.stringify(endings)}`);
  for (const [name, error] of failures) t.diagnostic(`${name}: ${error}`);
  assert.deepEqual([...failures.keys()], []);
});
