// The lab, once, as `npm run lab` runs it; and that it leaves nothing behind, whatever ended it.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { until } from '../support/until.ts';
import { run } from './commands.ts';
import { namespacesThere, removeLeftovers } from './leftovers.ts';
import { missing } from './requirements.ts';
import { causeNames, runLab } from './run.ts';
import { tableOf } from './table.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const pace = { scale: 20, interval: '200ms' };
/** Each of its own waits is bounded; this is for a machine that is several times slower. */
const timeout = 1_200_000;
const interruptedCode = 130;

const lacking = missing();
if (lacking.length > 0 && process.env.CI === 'true') throw new Error(`CI must run the lab: ${lacking.join('; ')}`);
const skip = lacking.length > 0 && `the lab is not run: ${lacking.join('; ')}`;

const ownNamespaces = (maker: number): string[] =>
  namespacesThere().filter((name) => name.startsWith(`nglab-${maker}-`));

/** It makes one before it begins, to see whether it may. */
const hasBegun = (maker: number): boolean => ownNamespaces(maker).some((name) => name.endsWith('-esc1'));

suite('the lab', { skip, timeout }, () => {
  test('no cause of the chapter, done for real, makes the gateway break a promise', async (t) => {
    const { figures, complaints } = await runLab({
      pace,
      isSecure: false,
      only: [],
      print: (line) => t.diagnostic(line),
    });
    for (const line of tableOf(figures).split('\n')) t.diagnostic(line);
    assert.equal(complaints.join('\n'), '');
    assert.deepEqual(new Set(figures.map(({ cause }) => cause)), new Set(causeNames));
    for (const { cause, transactions, heldMs } of figures) {
      assert.ok(transactions > 0, `${cause}: nothing was asked for`);
      assert.ok(heldMs > 0, `${cause}: the gate was never shut`);
    }
    assert.deepEqual(ownNamespaces(process.pid), []);
  });

  test('over HTTPS a node that lost its role, and answers at the VIP, misleads nobody', async (t) => {
    const only = ['split-brain', 'one-way', 'node-frozen'];
    const { figures, complaints } = await runLab({ pace, isSecure: true, only, print: (line) => t.diagnostic(line) });
    for (const line of tableOf(figures).split('\n')) t.diagnostic(line);
    assert.equal(complaints.join('\n'), '');
    assert.deepEqual(new Set(figures.map(({ cause }) => cause)), new Set(only));
  });

  test('a lab that is interrupted takes everything away with it', async () => {
    const child = spawn(process.execPath, [main, '--only', 'planned'], { stdio: 'ignore' });
    const maker = child.pid ?? 0;
    await until(() => hasBegun(maker), 'it has made namespaces');
    const gone = once(child, 'exit');
    child.kill('SIGINT');
    const [code] = await gone;
    assert.equal(code, interruptedCode);
    assert.deepEqual(ownNamespaces(maker), []);
  });

  test('what a killed lab left is removed by the next one', async () => {
    const child = spawn(process.execPath, [main, '--only', 'planned'], { stdio: 'ignore' });
    const maker = child.pid ?? 0;
    await until(() => hasBegun(maker), 'it has made namespaces');
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    const left = ownNamespaces(maker);
    assert.ok(left.length > 0, 'it left nothing to remove');
    const [namespace = ''] = left;
    const sleeper = assert.rejects(run('ip', 'netns', 'exec', namespace, 'sleep', '1000'));
    await until(async () => (await run('ip', 'netns', 'pids', namespace)).trim() !== '', 'something runs in it');

    removeLeftovers();

    await sleeper;
    assert.deepEqual(ownNamespaces(maker), []);
  });
});

for (const [given, says] of [
  [['--seconds', '3'], /Unknown option '--seconds'/],
  [['--only', 'earthquake'], /--only earthquake is none of link-down, /],
  [['--runs', '0'], /--runs 0 is no whole number above 0/],
  [['--interval', 'soon'], /--interval soon is no duration/],
  [['--scale', 'fast'], /--scale fast is no number above 0/],
] as const) {
  test(`npm run lab -- ${given.join(' ')} is wrong usage`, () => {
    const { status, stderr } = spawnSync(process.execPath, [main, ...given], { encoding: 'utf8' });
    assert.equal(status, 2);
    assert.match(stderr, says);
    assert.match(stderr, /^usage: npm run lab/m);
  });
}
