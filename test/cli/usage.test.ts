/** Exit codes and messages of the command line where no gateway is needed (contract section 1). */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { run } from '../support/command.ts';

const nobody = 'http://127.0.0.1:1';

test('--help names every command and ends with 0', async () => {
  const { code, stdout } = await run(['--help']);
  assert.equal(code, 0);
  const commands = 'serve demo sim doctor status switchovers journal hold open drain config openapi';
  for (const command of commands.split(' ')) assert.match(stdout, new RegExp(`^  ${command}\\b`, 'm'));
});

test('wrong usage ends with 2 and says what is wrong', async () => {
  const cases: [string[], RegExp][] = [
    [[], /Usage/],
    [['fly'], /unknown command 'fly'/],
    [['status', '--loud'], /unknown option '--loud'[\s\S]*--help says/],
    [['journal', 'show'], /missing required argument/],
    [['journal', 'resolve', 'x', '--as', 'maybe', '--note', 'n'], /completed, failed/],
    [['journal', 'list', '--since', 'yesterday'], /duration such as 10m/],
    [['status', '--url', 'ftp://x'], /--url/],
    [['switchovers', '--watch', '0'], /from 0\.1/],
    [['openapi', 'southbound'], /northbound, ops/],
    [['demo', '--vnfs', 'many'], /whole number/],
    [['doctor'], /esc\.vip/],
  ];
  const ran = await Promise.all(cases.map(([words]) => run(words)));
  for (const [index, [words, message]] of cases.entries()) {
    assert.equal(ran[index]?.code, 2, words.join(' '));
    assert.match(ran[index]?.stderr ?? '', message);
  }
});

test('a gateway that cannot be reached ends with 3 and says where it was looked for', async () => {
  const { code, stderr } = await run(['status'], { NORTHGATE_OPS_URL: nobody });
  assert.equal(code, 3);
  assert.match(stderr, /127\.0\.0\.1:1\/ could not be reached \(ECONNREFUSED\).*NORTHGATE_OPS_URL/);
});

test('a wrong configuration ends serve, check and print with 2 and a line for each fault that names the key', async () => {
  const wrong = { NORTHGATE_ESC_REST_PORT: 'abc', NORTHGATE_LOG_LEVEL: 'loud' };
  for (const words of [['serve'], ['config', 'check'], ['config', 'print']]) {
    const { code, stderr } = await run(words, wrong);
    assert.equal(code, 2, words.join(' '));
    assert.match(stderr, /^esc\.rest\.port: found "abc"/m);
    assert.match(stderr, /^esc\.vip: found nothing/m);
    assert.match(stderr, /^log\.level: found "loud"/m);
  }
  const missing = await run(['serve', '--config', 'nowhere.yaml']);
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /nowhere\.yaml/);
});

test('config print shows what a key came to and where from, and no secret', async () => {
  const { code, stdout } = await run(['config', 'print'], {
    NORTHGATE_ESC_VIP: '192.0.2.1',
    NORTHGATE_ESC_USERNAME: 'admin',
    NORTHGATE_ESC_PASSWORD: 'hunter2',
  });
  assert.equal(code, 0);
  assert.match(stdout, /vip: 192\.0\.2\.1 # environment NORTHGATE_ESC_VIP/);
  assert.ok(!stdout.includes('hunter2'));
});

test('--version is the package’s, and openapi has one of its own', async () => {
  const packageText = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  const [ours, openapi] = await Promise.all([run(['--version']), run(['openapi', 'ops', '--version', '3.1'])]);
  assert.deepEqual([ours.code, ours.stdout.trim()], [0, (JSON.parse(packageText) as { version: string }).version]);
  assert.match(openapi.stdout, /^openapi: 3\.1/m);
});

test('config print --json is what the YAML says', async () => {
  const { code, stdout } = await run(['config', 'print', '--json'], { NORTHGATE_ESC_VIP: '192.0.2.1' });
  assert.equal(code, 0);
  assert.equal((JSON.parse(stdout) as { esc: { vip: string } }).esc.vip, '192.0.2.1');
});

test('openapi prints both documents', async () => {
  for (const document of ['northbound', 'ops']) {
    const { code, stdout } = await run(['openapi', document]);
    assert.equal(code, 0);
    assert.equal(stdout, await readFile(new URL(`../../openapi/${document}.yaml`, import.meta.url), 'utf8'));
  }
});
