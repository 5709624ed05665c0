/**
 * Every page in every guise: light, dark and on a phone, busy and empty, with the gate open and shut. axe-core finds
 * nothing, nothing scrolls sideways, and a picture of each is kept for people to judge.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import type { Page } from 'playwright-core';
import { counted, shut } from '../support/ops.ts';
import { startWorld, type World } from '../support/world.ts';
import { browserSkip, desk, phone, visit } from './browser.ts';
import { writePast } from './past.ts';

const axe = readFileSync(new URL(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

/** axe-core's complaints, as sentences. */
async function complaints(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(`axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations.flatMap(
    ({ id, help, nodes }) => nodes.map(({ target, failureSummary }) => id + ': ' + help + ' at ' + target + ' ' + failureSummary)))`);
}

const isWiderThanItsWindow = (page: Page): Promise<boolean> =>
  page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth');

/** Each page is opened once, and then looked at in each guise. */
async function judge(url: string, pages: readonly (readonly [name: string, path: string])[]): Promise<void> {
  await using visited = await visit(`${url}/console/`);
  const { page } = visited;
  for (const [name, path] of pages) {
    await page.goto(`${url}${path}`);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await visited.picture(`${name}-${colorScheme}`);
      assert.deepEqual(await complaints(page), [], `${name} in ${colorScheme}`);
    }
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize(phone);
    assert.equal(await isWiderThanItsWindow(page), false, `${name} scrolls sideways on a phone`);
    await visited.picture(`${name}-phone`);
    await page.setViewportSize(desk);
  }
}

suite('with a past, while the gate is shut', { skip: browserSkip }, () => {
  const parts = new AsyncDisposableStack();
  let world: World;

  before(async () => {
    const directory = await mkdtemp(join(tmpdir(), 'northgate-console-'));
    parts.defer(() => rm(directory, { recursive: true, force: true }));
    const settings = { NORTHGATE_JOURNAL_URL: `sqlite:${join(directory, 'past.db')}` };
    await writePast(settings, { count: 800 });
    world = parts.use(await startWorld({ settings }));
    await shut(world);
    for (const name of ['one', 'two', 'three']) void world.createTenant(name).catch(() => undefined);
    await counted(world, 'held', 3);
  });
  after(() => parts.disposeAsync());

  test('every page is accessible, fits a phone, and complains of nothing', async () => {
    const [story] = await world.gateway.journal.list({ lane: 'deployments/vnf-655', limit: 1 });
    await judge(world.gateway.ops.url, [
      ['overview-shut', '/console/'],
      ['overview-day', '/console/?hours=24'],
      ['transactions', '/console/transactions'],
      ['transactions-filtered', '/console/transactions?status=failed&path=/ESCManager&since=2020-01-01T00:00:00'],
      ['transactions-none', '/console/transactions?q=nowhere'],
      ['transaction', `/console/transactions/${story?.id ?? ''}`],
      ['transaction-waiting', '/console/transactions/past00000800'],
      ['switchovers', '/console/switchovers'],
      ['switchover', '/console/switchovers/7'],
      ['dead-letters', '/console/dead-letters'],
      ['audit', '/console/audit'],
      ['confirm-hold', '/console/acts?act=hold'],
      ['confirm-bulk', '/console/acts?act=complete&which=all&status=awaiting-operator'],
      ['error-not-found', '/console/transactions/gone-for-long'],
    ]);
  });
});

suite('with nothing in it', { skip: browserSkip }, () => {
  test('every page says so', async () => {
    await using world = await startWorld();
    await judge(world.gateway.ops.url, [
      ['empty-overview', '/console/'],
      ['empty-transactions', '/console/transactions'],
      ['empty-switchovers', '/console/switchovers'],
      ['empty-dead-letters', '/console/dead-letters'],
      ['empty-audit', '/console/audit'],
    ]);
  });
});
