/** What a person at a terminal sees: colours, tables that fit, `--watch`. The terminal is a real one, by script(1). */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ofNode, run, start } from '../support/command.ts';
import { counted } from '../support/ops.ts';
import { until } from '../support/until.ts';
import { startWorld, type World } from '../support/world.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** Of util-linux; it lends its child a terminal. */
const lender: string = 'script';
const scriptSkip = spawnSync(lender, ['--version']).error === undefined ? false : 'script(1) is not installed';
const esc = '\u001b';

const at = (world: World) => ({ NORTHGATE_OPS_URL: world.gateway.ops.url });

/** Runs it on a terminal of so many columns and gives what it wrote there. */
async function onTerminal(words: string, columns: number, environment: Record<string, string>): Promise<string> {
  const command = `stty cols ${columns} rows 40; "${process.execPath}" "${main}" ${words}`;
  const env = { PATH: process.env.PATH ?? '', TERM: 'xterm', ...ofNode, ...environment };
  const child = spawn(lender, ['-qec', command, '/dev/null'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  await once(child, 'close');
  return text.replaceAll('\r\n', '\n');
}

const withoutColours = (text: string): string => text.replaceAll(new RegExp(`${esc}\\[[0-9;]*m`, 'g'), '');

test('on a terminal how things stand has a colour, unless NO_COLOR is set; elsewhere it has none', {
  skip: scriptSkip,
}, async () => {
  await using world = await startWorld();
  const seen = await onTerminal('status', 100, at(world));
  assert.ok(seen.includes(`${esc}[32mopen${esc}[39m`), seen);
  const plain = await onTerminal('status', 100, { ...at(world), NO_COLOR: '1' });
  assert.match(plain, /^gate +open$/m);
  assert.ok(!plain.includes(esc));
  const { stdout } = await run(['status'], at(world));
  assert.ok(!stdout.includes(esc));
});

test('a list is no wider than the terminal, and its ids are whole', { skip: scriptSkip }, async () => {
  await using world = await startWorld();
  const { headers } = await world.createTenant(`t${'x'.repeat(60)}`);
  await counted(world, 'completed');
  const id = String(headers['northgate-transaction']);
  for (const columns of [80, 130]) {
    const seen = withoutColours(await onTerminal('journal list', columns, at(world)));
    assert.match(seen, new RegExp(`${id} .* completed .* POST /.*…x+ `));
    for (const line of seen.split('\n')) assert.ok([...line].length <= columns, line);
  }
});

test('an export into a file says on the terminal how far it is', { skip: scriptSkip }, async () => {
  await using world = await startWorld();
  for (const id of ['alpha', 'beta']) await world.createTenant(id);
  await counted(world, 'completed', 2);
  assert.match(await onTerminal('journal export >/dev/null', 80, at(world)), /2 of 2 exported/);
});

test('--watch shows it again as it changes, and Ctrl-C ends it with 0', async () => {
  await using world = await startWorld();
  await using watch = start(['status', '--watch', '0.1'], at(world));
  await until(() => /^completed\t0$/m.test(watch.stdout()), 'it is shown');
  await world.createTenant('alpha');
  await until(() => /^completed\t1$/m.test(watch.stdout()), 'the change is shown');
  watch.process.kill('SIGINT');
  assert.equal((await watch.ended).code, 0);
});

test('--watch waits for a gateway that goes away, and ends with 3 for one that was never there', async () => {
  const world = await startWorld();
  await using watch = start(['journal', 'list', '--watch', '0.1'], at(world));
  await until(() => watch.stdout().includes('ID\tSTATUS'), 'it is shown');
  await world[Symbol.asyncDispose]();
  await until(() => watch.stdout().includes('could not be reached'), 'it is told');
  watch.process.kill('SIGINT');
  assert.equal((await watch.ended).code, 0);
  const never = await run(['status', '--watch'], { NORTHGATE_OPS_URL: 'http://127.0.0.1:1' });
  assert.equal(never.code, 3);
  assert.equal((await run(['status', '--watch', 'often'])).code, 2);
});

test('one transaction is shown with its attempts and what was reported of them', async () => {
  await using world = await startWorld();
  const { headers } = await world.createTenant('alpha');
  await counted(world, 'completed');
  const { stdout } = await run(['journal', 'show', String(headers['northgate-transaction'])], at(world));
  assert.match(stdout, /^status\tcompleted$/m);
  assert.match(stdout, /^1\tsend\t\d+\t.*\tanswered\t/m);
});
