/** Pages follow what happens, say so when they cannot, and stay useful while the journal or ESC is away. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Journal, JournalUnavailable } from '../../src/journal/journal.ts';
import { openJournal } from '../../src/journal/open.ts';
import type { JournalOptions } from '../../src/journal/options.ts';
import { shut } from '../support/ops.ts';
import { until } from '../support/until.ts';
import { startWorld } from '../support/world.ts';
import { browserSkip, visit } from './browser.ts';

test('the overview follows a switchover without being asked, keeps what is unfolded, and draws its time line', {
  skip: browserSkip,
}, async () => {
  await using world = await startWorld();
  await using visited = await visit(`${world.gateway.ops.url}/console/`);
  const { page } = visited;
  await page.getByRole('heading', { name: 'The gate is open' }).waitFor();
  await page.locator('#plot canvas').waitFor();
  await page.getByText('As a table').click();
  await page.locator('#liveness').getByText('Kept up to date.').waitFor();

  await shut(world);
  await page.getByRole('heading', { name: 'The gate is shut' }).waitFor();
  const told = world.createTenant('a');
  await page.getByRole('link', { name: '1 held' }).waitFor();
  assert.match(await page.title(), /^Gate shut/);
  assert.match(await page.locator('#gate-state').innerText(), /gate shut/);
  await world.pair.proceed();
  await page.getByRole('heading', { name: 'The gate is open' }).waitFor();
  await page.getByRole('link', { name: '1 completed' }).waitFor();
  await told;
  // What a person unfolded stays unfolded, and the chart is there still.
  assert.equal(await page.locator('details[open]').count(), 1);
  assert.equal(await page.locator('#plot canvas').count(), 1);
  assert.match(await page.locator('details').innerText(), /Switchover into epoch 2/);
});

test('a list shows what comes, but stands still under a person’s hand', { skip: browserSkip }, async () => {
  await using world = await startWorld();
  await world.createTenant('first');
  await using visited = await visit(`${world.gateway.ops.url}/console/transactions`);
  const { page } = visited;
  await until(async () => (await page.evaluate('document.documentElement.dataset.live')) === 'yes', 'it follows');
  await page.getByLabel(/Any id/).fill('half a wo');
  await world.createTenant('second');
  await page.getByRole('link', { name: /tenants\/second/ }).waitFor();
  assert.equal(await page.getByLabel(/Any id/).inputValue(), 'half a wo');

  await page
    .getByRole('row', { name: /tenants\/first/ })
    .getByRole('checkbox')
    .check();
  await world.createTenant('third');
  await page
    .getByRole('row', { name: /tenants\/first/ })
    .getByRole('checkbox')
    .uncheck();
  await world.createTenant('fourth');
  await page.getByRole('link', { name: /tenants\/fourth/ }).waitFor();
  await page.getByRole('link', { name: /tenants\/third/ }).waitFor();
});

test('when the gateway is gone the page says that it stands still', { skip: browserSkip }, async () => {
  await using world = await startWorld();
  await using visited = await visit(`${world.gateway.ops.url}/console/`);
  const { page } = visited;
  await page.locator('#liveness').getByText('Kept up to date.').waitFor();
  await world.gateway.close();
  await page.locator('#liveness').getByText('Not kept up to date').waitFor();
  await visited.picture('overview-gateway-gone');
  // htmx says in the browser's console that it cannot fetch, and it is right.
  visited.complaints.length = 0;
});

test('while the journal is away the overview tells of the pair, and every other page says what to do', {
  skip: browserSkip,
}, async () => {
  let isAway = false;
  const open = async (options: JournalOptions): Promise<Journal> => {
    const journal = await openJournal(options);
    const away = async (): Promise<never> => {
      throw new JournalUnavailable('the journal is away');
    };
    return new Proxy(journal, {
      get: (target, name: keyof Journal) => {
        const isRead = ['get', 'list', 'counts', 'switchovers', 'leases', 'deadLetters', 'body'].includes(name);
        return isAway && isRead ? away : target[name];
      },
    });
  };
  await using world = await startWorld({ internals: { open } });
  const { url } = world.gateway.ops;
  isAway = true;
  await using visited = await visit(`${url}/console/`);
  const { page } = visited;
  await page.getByRole('heading', { level: 1, name: 'The journal does not answer' }).waitFor();
  assert.match(await page.getByRole('region', { name: 'Needs you' }).innerText(), /The journal does not answer/);
  assert.ok((await page.locator('main').innerText()).includes(`${world.pair.nodes[0]} is active`));
  await visited.picture('overview-journal-away');
  for (const path of ['transactions', 'transactions/some-transaction', 'switchovers', 'dead-letters']) {
    const answer = await page.goto(`${url}/console/${path}`);
    assert.equal(answer?.status(), 503, path);
    assert.match(await page.locator('main').innerText(), /Check that the journal’s disk or Redis is up/);
  }
  await visited.picture('error-journal-away');
  isAway = false;
  assert.equal((await page.goto(`${url}/console/transactions`))?.status(), 200);
});
