/** The operator's story: woken at night, an orchestration hangs. What needs them is found, understood, done and seen in the audit. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { awaitingOperator, counted } from '../support/ops.ts';
import { startWorld } from '../support/world.ts';
import { browserSkip, visit } from './browser.ts';

test('a transaction that a switchover left to the operator is found, understood, replayed with a reason, and in the audit', {
  skip: browserSkip,
}, async () => {
  await using world = await startWorld();
  const { id, told } = await awaitingOperator(world);
  await using visited = await visit(`${world.gateway.ops.url}/console/`);
  const { page } = visited;

  // Found: the overview says that the gate is open again, and that one thing is theirs.
  await page.getByRole('heading', { name: 'The gate is open' }).waitFor();
  const needs = page.getByRole('region', { name: 'Needs you' });
  assert.match(await needs.innerText(), /Awaits an operator/);
  await visited.picture('overview-after-switchover');
  await needs.getByRole('link', { name: /service\/db/ }).click();

  // Understood: sent once, in an epoch that ended, and not answered.
  await page.getByRole('heading', { name: 'What happened' }).waitFor();
  const story = await page.locator('.story').innerText();
  assert.match(story, /Received[\s\S]*Sent \(attempt 1\)[\s\S]*No answer: it may have happened or not/);
  assert.match(await page.locator('main').innerText(), /awaiting operator/);
  assert.match(await page.getByRole('region', { name: 'Request: body' }).innerText(), /<operation>REBOOT<\/operation>/);
  await visited.picture('transaction-awaiting-operator');

  // Replayed, with a reason.
  await page.getByRole('link', { name: 'Replay…' }).click();
  await page.getByRole('heading', { name: 'Replay 1 transaction?' }).waitFor();
  await page.getByLabel('Why?').fill('the VM was not rebooted: its uptime is a week');
  await visited.picture('confirm-replay');
  await page.getByRole('button', { name: 'Replay 1 transaction' }).click();
  await page.getByRole('status').getByText('1 transaction is ordered to be replayed.').waitFor();
  assert.equal(Math.floor((await told).status / 100), 2);
  assert.match(page.url(), new RegExp(`/console/transactions/${id}`));

  // The page follows by itself.
  await page.locator('.story').getByText('Sent again (attempt 2)').waitFor();
  await counted(world, 'awaiting-operator', 0);

  // Seen in the audit, with who and why.
  await page.getByRole('link', { name: 'Audit' }).click();
  const row = page.getByRole('row', { name: /Replay/ });
  assert.match(await row.innerText(), /loopback[\s\S]*the VM was not rebooted: its uptime is a week[\s\S]*done/);
  await visited.picture('audit');
});
