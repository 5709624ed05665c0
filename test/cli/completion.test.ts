/** Completion by shells: what is proposed, and that bash itself makes use of it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { run } from '../support/command.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

async function proposed(...words: string[]): Promise<string[]> {
  const { code, stdout } = await run(['complete', '--', ...words]);
  assert.equal(code, 0);
  const lines = stdout.trimEnd().split('\n');
  return lines.filter((line) => !line.startsWith(':')).map((line) => line.split('\t')[0] ?? '');
}

test('commands, their options and the choices of these are proposed', async () => {
  const [commands, acts, options, statuses, outcomes] = await Promise.all([
    proposed(''),
    proposed('journal', 're'),
    proposed('status', '--'),
    proposed('journal', 'list', '--status', 'a'),
    proposed('journal', 'resolve', 'x', '--as', ''),
  ]);
  for (const command of ['serve', 'doctor', 'status', 'journal', 'drain'])
    assert.ok(commands.includes(command), command);
  assert.deepEqual(acts, ['replay', 'resolve', 'reseal']);
  for (const option of ['--url', '--token', '--json', '--watch']) assert.ok(options.includes(option), option);
  assert.deepEqual(statuses, ['accepted', 'awaiting-operator', 'abandoned']);
  assert.deepEqual(outcomes, ['completed', 'failed']);
});

test('each shell gets a script of its own, and an unknown one is told which there are', async () => {
  const shells = ['bash', 'zsh', 'fish', 'powershell'];
  const scripts = await Promise.all(shells.map((shell) => run(['completion', shell])));
  for (const { code, stdout } of scripts) {
    assert.equal(code, 0);
    assert.match(stdout, /northgate/);
  }
  assert.equal(new Set(scripts.map(({ stdout }) => stdout)).size, shells.length);
  const unknown = await run(['completion', 'tcsh']);
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /bash, fish, powershell/);
});

test('bash completes with its script', async () => {
  const script = `
    northgate() { "${process.execPath}" "${main}" "$@"; }
    source <(northgate completion bash)
    COMP_WORDS=(northgate journal ca) COMP_CWORD=2
    _northgate
    echo "\${COMPREPLY[*]}"`;
  const { stdout } = await promisify(execFile)('bash', ['--norc', '-c', script], { env: { PATH: process.env.PATH } });
  assert.equal(stdout.trim(), 'cancel');
});
