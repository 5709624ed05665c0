/** The commands that ask a running gateway: what they print, for people and for programs, and what they end with. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run, start } from '../support/command.ts';
import { awaitingOperator, counted, ops } from '../support/ops.ts';
import { until } from '../support/until.ts';
import { startWorld, type World } from '../support/world.ts';

const at = (world: World) => ({ NORTHGATE_OPS_URL: world.gateway.ops.url });

test('every reading command gives with --json what the ops API gives', async () => {
  await using world = await startWorld();
  const { headers } = await world.createTenant('alpha');
  await counted(world, 'completed');
  const id = String(headers['northgate-transaction']);
  const pairs: [string[], string][] = [
    [['switchovers'], '/v1/switchovers'],
    [['journal', 'list'], '/v1/transactions'],
    [['journal', 'show', id], `/v1/transactions/${id}`],
  ];
  for (const [words, path] of pairs) {
    const { code, stdout } = await run([...words, '--json'], at(world));
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout), (await ops(world).get(path)).body);
  }
  const status = JSON.parse((await run(['status', '--json'], at(world))).stdout);
  assert.equal(status.gate, 'open');
  assert.equal(status.transactions.completed, 1);
});

test('without a terminal, output is lines of tab-separated fields, filters are passed on, and export gives all', async () => {
  await using world = await startWorld();
  for (const id of ['a', 'b', 'c']) await world.createTenant(id);
  await counted(world, 'completed', 3);
  const list = await run(['journal', 'list', '--q', 'tenants/b', '--since', '10m'], at(world));
  assert.equal(list.code, 0);
  const [head, row, ...more] = list.stdout.trimEnd().split('\n');
  assert.match(head ?? '', /^ID\tSTATUS\tMETHOD\tPATH\t/);
  assert.match(row ?? '', /\tcompleted\tPOST\t\/ESCManager\/v0\/tenants\/b\t/);
  assert.deepEqual(more, []);
  const { stdout } = await run(['status'], at(world));
  assert.match(stdout, /^gate\topen$/m);
  assert.match(stdout, /^completed\t3$/m);
  const exported = await run(['journal', 'export', '--method', 'POST'], at(world));
  const lines = exported.stdout.trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).path.at(-1)),
    ['c', 'b', 'a'],
  );
});

test('an operator replays, resolves and is refused from the command line', async () => {
  await using world = await startWorld();
  const { id, told } = await awaitingOperator(world);
  assert.equal((await run(['hold'], at(world))).stdout, 'the gate is holding (operator)\n');
  const replayed = await run(['journal', 'replay', id], at(world));
  assert.equal(replayed.code, 0);
  assert.match(replayed.stdout, /to be sent again/);
  const resolved = await run(['journal', 'resolve', id, '--as', 'completed', '--note', 'seen'], at(world));
  assert.equal(resolved.stdout, `${id} is completed\n`);
  assert.equal(Math.floor((await told).status / 100), 2);
  const refused = await run(['journal', 'cancel', id], at(world));
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /is completed and cannot be cancelled/);
  assert.equal((await run(['journal', 'show', 'nobody'], at(world))).code, 1);
  assert.equal((await run(['open'], at(world))).stdout, 'the gate is open\n');
  assert.equal((await run(['drain'], at(world))).stdout, 'the gate is draining (draining)\n');
});

test('tail tells what changes as it happens and ends with 0 when it is interrupted', async () => {
  await using world = await startWorld();
  await using tail = start(['journal', 'tail'], at(world));
  await until(() => /\tpair\tgate open\t/.test(tail.stdout()), 'tail is connected');
  await world.createTenant('alpha');
  await until(
    () => /\tcompleted\t1 attempts\tPOST \/ESCManager\/v0\/tenants\/alpha\t/.test(tail.stdout()),
    'it is told',
  );
  tail.process.kill('SIGINT');
  assert.equal((await tail.ended).code, 0);
});

test('a token that is missing or wrong ends with 1 and says how to give it', async () => {
  const sha256 = 'a'.repeat(64);
  await using world = await startWorld({
    settings: { NORTHGATE_OPS_TOKENS: JSON.stringify([{ name: 'otto', role: 'operator', sha256 }]) },
  });
  const { code, stderr } = await run(['status', '--token', 'wrong'], at(world));
  assert.equal(code, 1);
  assert.match(stderr, /NORTHGATE_OPS_TOKEN/);
});
