/** A report that a client refused: found, sent again, and then told of in its transaction's story. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCompletionWorld } from '../support/completion.ts';
import { operationNamed } from '../support/completion-operations.ts';
import { browserSkip, visit } from './browser.ts';

test('a dead letter is found on the overview, sent again with a reason, and its story tells of it', {
  skip: browserSkip,
}, async () => {
  await using made = await startCompletionWorld({ place: 47 });
  made.client.answering = () => 400;
  const ordered = made.order(operationNamed('create a tenant'), 'shop');
  await ordered.told;
  const transaction = await made.ended(ordered);
  await using visited = await visit(`${made.world.gateway.ops.url}/console/`);
  const { page } = visited;
  const needs = page.getByRole('region', { name: 'Needs you' });
  await needs.getByText(/answered 400/).waitFor();
  await needs.getByRole('link', { name: /Dead letter/ }).click();
  await visited.picture('dead-letters-one');

  // All of them at once is offered too, and says first how many that is.
  await page.getByLabel('all of them, on every page').check();
  await page.getByRole('button', { name: 'Send again…' }).click();
  await page.getByRole('heading', { name: 'Send 1 dead letter again?' }).waitFor();
  await page.getByText('CREATE_TENANT of').waitFor();
  await page.getByRole('link', { name: 'Back' }).click();

  made.client.answering = () => 200;
  await page
    .getByRole('row', { name: /tenants\/shop/ })
    .getByRole('checkbox')
    .check();
  await page.getByRole('button', { name: 'Send again…' }).click();
  await page.getByRole('heading', { name: 'Send 1 dead letter again?' }).waitFor();
  await page.getByLabel('Why?').fill('the orchestrator is repaired');
  await page.getByRole('button', { name: 'Send 1 dead letter again' }).click();
  await page.getByRole('status').getByText('1 dead letter is sent again.').waitFor();

  await page.goto(`${made.world.gateway.ops.url}/console/transactions/${transaction.id}`);
  await page
    .locator('.story')
    .getByText(/delivered to the client/)
    .waitFor();
  assert.match(await page.locator('.story').innerText(), /ESC reported[\s\S]*Completed/);
  await visited.picture('transaction-with-reports');
});
