/** Operators act in the browser: the gate by hand, many transactions at once, with and without scripts, with keys alone. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { awaitingOperator, counted, shut } from '../support/ops.ts';
import { until } from '../support/until.ts';
import { startWorld } from '../support/world.ts';
import { browserSkip, visit } from './browser.ts';

const token = (name: string, role: string) => ({
  name,
  role,
  sha256: createHash('sha256').update(`${name}-token`).digest('hex'),
});

const focused = (page: Page): Promise<string> =>
  page.evaluate('(document.activeElement.innerText || document.activeElement.name || "").trim()');

/** Presses Tab until what has the focus is so called. */
async function tabTo(page: Page, name: RegExp): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press('Tab');
    if (name.test(await focused(page))) return;
  }
  assert.fail(`the keyboard does not reach ${name}`);
}

test('the gate is held and opened by hand, with a reason each, and the page says what stands still', {
  skip: browserSkip,
}, async () => {
  await using world = await startWorld();
  await using visited = await visit(`${world.gateway.ops.url}/console/`);
  const { page } = visited;
  await page.getByRole('link', { name: 'Hold…' }).click();
  // Without a reason nothing is done, and blanks are none.
  await page.getByLabel('Why?').fill('   ');
  await page.getByRole('button', { name: 'Hold the gate' }).click();
  await page.getByRole('alert').getByText('Say why').waitFor();
  assert.equal(world.gateway.coordinator.gate().mode, 'open');
  await page.getByLabel('Why?').fill('maintenance of rack 4');
  await page.getByRole('button', { name: 'Hold the gate' }).click();

  await page.getByRole('heading', { name: 'The gate is shut' }).waitFor();
  assert.equal(world.gateway.coordinator.gate().mode, 'holding');
  assert.match(await page.getByRole('region', { name: 'Needs you' }).innerText(), /held by hand/);
  await page.getByRole('link', { name: 'Open…' }).click();
  await page.getByLabel('Why?').fill('rack 4 is back');
  await page.getByRole('button', { name: 'Open the gate' }).click();
  await page.getByRole('heading', { name: 'The gate is open' }).waitFor();
  await page.getByRole('link', { name: 'Audit' }).click();
  const audit = await page.locator('tbody').innerText();
  assert.match(audit, /open[\s\S]*rack 4 is back[\s\S]*holding[\s\S]*maintenance of rack 4/);
});

test('many are cancelled at once: counted and shown first, then exactly those, each in the audit', {
  skip: browserSkip,
}, async () => {
  await using world = await startWorld();
  await shut(world);
  const told = ['a', 'b', 'c', 'd'].map((name) => world.createTenant(name));
  await counted(world, 'held', 4);
  await using visited = await visit(`${world.gateway.ops.url}/console/transactions?status=held`);
  const { page } = visited;

  // Two by their boxes.
  await page
    .getByRole('row', { name: /tenants\/a/ })
    .getByRole('checkbox')
    .check();
  await page
    .getByRole('row', { name: /tenants\/b/ })
    .getByRole('checkbox')
    .check();
  await page.getByRole('button', { name: 'Cancel…' }).click();
  await page.getByRole('heading', { name: 'Cancel 2 transactions?' }).waitFor();
  assert.deepEqual((await page.locator('.targets').innerText()).match(/tenants\/\w/g)?.toSorted(), [
    'tenants/a',
    'tenants/b',
  ]);
  await page.getByLabel('Why?').fill('ordered twice');
  // One that comes meanwhile is not among them.
  const late = world.createTenant('e');
  await counted(world, 'held', 5);
  await page.getByRole('button', { name: 'Cancel 2 transactions' }).click();
  await page.getByRole('status').getByText('2 transactions are cancelled.').waitFor();
  await counted(world, 'abandoned', 2);

  // The rest by the filter; one of them goes its own way between the count and the word.
  await page.getByLabel(/all that match/).check();
  await page.getByRole('button', { name: 'Cancel…' }).click();
  await page.getByRole('heading', { name: 'Cancel 3 transactions?' }).waitFor();
  const [first] = await world.gateway.journal.list({ status: 'held', limit: 1 });
  await fetch(`${world.gateway.ops.url}/v1/transactions/${first?.id}/cancel`, { method: 'POST' });
  await page.getByLabel('Why?').fill('the whole order is void');
  await page.getByRole('button', { name: 'Cancel 3 transactions' }).click();
  await page.getByRole('status').getByText('2 transactions are cancelled. 1 was refused').waitFor();
  await counted(world, 'abandoned', 5);
  for (const answer of [...told, late]) assert.equal((await answer).status, 503);
  const acts = world.gateway.ops.url;
  const { items } = (await (await fetch(`${acts}/v1/audit`)).json()) as { items: { detail: string; status: number }[] };
  assert.equal(items.filter(({ detail }) => detail?.includes('the whole order is void')).length, 3);
});

test('with keys alone: from the first page to a resolved transaction', { skip: browserSkip }, async () => {
  await using world = await startWorld();
  const { id, told } = await awaitingOperator(world);
  await using visited = await visit(`${world.gateway.ops.url}/console/`);
  const { page } = visited;
  await page.keyboard.press('Tab');
  assert.equal(await focused(page), 'To the content');
  await tabTo(page, /service\/db/);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'What happened' }).waitFor();
  await tabTo(page, /Resolve as completed/);
  await page.keyboard.press('Enter');
  await page.getByLabel('Why?').waitFor();
  // The reason has the focus already.
  await page.keyboard.type('seen in the VIM');
  await page.keyboard.press('Enter');
  await page.getByRole('status').getByText('1 transaction is resolved as completed.').waitFor();
  assert.equal((await world.gateway.journal.get(id))?.state.status, 'completed');
  assert.equal(Math.floor((await told).status / 100), 2);
});

test('without scripts an operator logs in, finds, replays and logs out', { skip: browserSkip }, async () => {
  const tokens = [token('vera', 'viewer'), token('otto', 'operator')];
  await using world = await startWorld({ settings: { NORTHGATE_OPS_TOKENS: JSON.stringify(tokens) } });
  const { id, told } = await awaitingOperator(world);
  await using visited = await visit(`${world.gateway.ops.url}/console/transactions/${id}`, {
    javaScriptEnabled: false,
  });
  const { page } = visited;
  await visited.picture('log-in');
  await page.getByLabel('Token').fill('not-a-token');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('alert').waitFor();

  // A viewer comes to the page that was asked for, and sees no act.
  await page.getByLabel('Token').fill('vera-token');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('heading', { name: 'What happened' }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'Replay…' }).count(), 0);
  await visited.picture('transaction-as-viewer');
  await page.goto(`${world.gateway.ops.url}/console/acts?act=replay&id=${id}`);
  await page.getByText('vera is a viewer and may not act.').waitFor();
  await visited.picture('error-forbidden');
  await page.getByRole('button', { name: 'Log out' }).click();

  await page.getByLabel('Token').fill('otto-token');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page
    .getByRole('region', { name: 'Needs you' })
    .getByRole('link', { name: /service\/db/ })
    .click();
  await page.getByRole('link', { name: 'Replay…' }).click();
  await page.getByLabel('Why?').fill('asked the VIM');
  await page.getByRole('button', { name: 'Replay 1 transaction' }).click();
  await page.getByRole('status').waitFor();
  assert.equal(Math.floor((await told).status / 100), 2);
  await until(async () => (await world.gateway.journal.get(id))?.attempts.length === 2, 'it was sent again');
  assert.doesNotMatch(page.url(), /token/);
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.goto(`${world.gateway.ops.url}/console/`);
  await page.getByLabel('Token').waitFor();
});
