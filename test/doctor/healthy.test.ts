/** `northgate doctor` where nothing is wrong: a standby that refuses or answers 5xxx is well, a warning is no failure. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { run } from '../support/command.ts';
import { openClinic } from './consultation.ts';

for (const standbyHealth of ['refused', '5xxx'] as const) {
  test(`a healthy pair whose standby's monitor is ${standbyHealth}: no check fails, and it ends with 0`, async () => {
    await using clinic = await openClinic({ profiles: { standbyHealth } });
    const diagnosis = await clinic.consult();
    assert.deepEqual(diagnosis.ids('fail'), []);
    assert.equal(diagnosis.code, 0);
    const passed = diagnosis.ids('pass');
    for (const id of ['vip.rest.tcp', 'vip.rest.tls', 'vip.rest.answer', 'vip.rest.credentials', 'vip.health.report']) {
      assert.ok(passed.includes(id), `${id} passed`);
    }
    assert.match(diagnosis.of('pair.active')[0]?.found ?? '', /^127\.0\.0\.11 is active$/);
    assert.equal(diagnosis.of('pair.vip')[0]?.status, 'pass');
    const [, standby] = diagnosis.of('node.health.tcp');
    assert.equal(standby?.status, 'pass');
  });
}

test('every check has an id, a subject, a finding, and advice unless all is well; none has a credential', async () => {
  await using clinic = await openClinic();
  const { checks, stdout, stderr } = await clinic.consult();
  for (const { id, subject, status, found, advice } of checks) {
    assert.match(id, /^[a-z]+(?:[.-][a-z]+)*$/);
    assert.ok(subject !== '' && found !== '', id);
    assert.equal(advice !== null, status === 'warn' || status === 'fail', `${id}: ${status}`);
  }
  for (const secret of [clinic.settings.NORTHGATE_ESC_PASSWORD ?? '', 'YWRtaW46']) {
    assert.ok(!stdout.includes(secret) && !stderr.includes(secret));
  }
});

test('it changes nothing: no journal is made, no transaction reaches ESC', async () => {
  await using clinic = await openClinic();
  await clinic.consult();
  assert.deepEqual(await readdir(clinic.directory), []);
  assert.deepEqual(clinic.pair.ledger, []);
  const methods = new Set(clinic.pair.requests.map(({ method }) => method));
  assert.deepEqual([...methods], ['GET']);
});

test('without --json it is a line a check, tab-separated, and a last one that counts them', async () => {
  await using clinic = await openClinic();
  const { code, stdout } = await run(['doctor'], clinic.settings);
  assert.equal(code, 0);
  const lines = stdout.trimEnd().split('\n');
  assert.match(lines.pop() ?? '', /^\d+ passed, \d+ warned, 0 failed, \d+ skipped$/);
  for (const line of lines) assert.match(line, /^(?:pass|warn|skip)\t[a-z.-]+\t[^\t]+\t[^\t]+\t[^\t]+$/);
  assert.ok(lines.some((line) => line.startsWith('pass\tvip.health.report\tVIP 127.0.0.10:')));
});

test('empty esc.nodes is a warning that a switchover may go unnoticed (R6), and ends with 0', async () => {
  await using clinic = await openClinic();
  const { NORTHGATE_ESC_NODES: _, ...settings } = clinic.settings;
  const { code, stdout } = await run(['doctor'], settings);
  assert.match(stdout, /^warn\tconfig\.nodes\t.*may go unnoticed/m);
  assert.match(stdout, /^skip\tpair\.active\t/m);
  assert.equal(code, 0);
});

test('a wrong configuration ends it with 2 and a line for each fault', async () => {
  const { code, stderr } = await run(['doctor'], { NORTHGATE_ESC_REST_PORT: 'abc' });
  assert.equal(code, 2);
  assert.match(stderr, /^esc\.rest\.port: found "abc"/m);
  assert.match(stderr, /^esc\.vip: /m);
});
