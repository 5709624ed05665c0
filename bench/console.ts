/**
 * How long an operator waits for each page of the console with 100,000 settled transactions in the journal. Asked as a browser
 * asks, without one: what it takes to draw a page does not grow with the journal.
 */
import { median, printTable } from './figures.ts';
import { keptFor, openFilled, settledSpan } from './filled-place.ts';
import { sized } from './size.ts';
import { hasRedis, type MeasuredGateway, Stage, type Store, until } from './stage.ts';

const settled = sized(100_000, 100);
const heldCount = sized(50, 5);
const rounds = sized(7, 1);
const storesAsked: readonly Store[] = hasRedis ? ['sqlite', 'redis everysec'] : ['sqlite'];
/** What issue 7 promises of each page. */
const pageMaxMs = 1000;

interface Item {
  readonly id: string;
  readonly lane: string;
  readonly client: string;
}

export async function measureConsole(): Promise<void> {
  for (const store of storesAsked) {
    await using parts = new AsyncDisposableStack();
    const { place, redis } = await openFilled(store, { settled, held: heldCount, span: settledSpan() });
    parts.use(place);
    if (redis !== null) parts.use(redis);
    await using stage = new Stage();
    await stage.be({ health: 'ready' });
    await using gateway = await stage.startGatewayAt(place, keptFor);
    await until(async () => (await gateway.state()).isOpen && (await gateway.count('held')) === 0, 'nothing is held');
    await switchOver(stage, gateway);
    const origin = `http://127.0.0.1:${await gateway.child.ask<number>('opsPort')}`;
    print(store, await timesOf(origin, await pagesOf(origin)));
  }
}

/** So that there is a switchover with a page of its own. */
async function switchOver(stage: Stage, gateway: MeasuredGateway): Promise<void> {
  const { epoch } = await gateway.state();
  await stage.be({ health: 'away' });
  await gateway.untilEpochAfter(epoch);
  await stage.be({ health: 'ready' });
  await until(async () => (await gateway.state()).isOpen, 'the gate is open again');
}

/** By name; the oldest transaction stands for what is far down. */
async function pagesOf(origin: string): Promise<ReadonlyMap<string, string>> {
  const longAgo = new Date(Date.now() - 3 * 24 * 60 * 60 * 1000).toISOString().slice(0, 19);
  const listed = await read(`${origin}/v1/transactions?limit=1&until=${longAgo}Z`);
  const [old] = (JSON.parse(listed) as { items: Item[] }).items;
  if (old === undefined) throw new Error('nothing was received three days ago');
  const [last] = JSON.parse(await read(`${origin}/v1/switchovers?limit=1`)) as { epoch: number }[];
  if (last === undefined) throw new Error('there was no switchover');
  const list = (query: Readonly<Record<string, string>>): string =>
    `/console/transactions?${new URLSearchParams(query)}`;
  return new Map([
    ['overview', '/console/'],
    ['overview of 24 hours', '/console/?hours=24'],
    ['transactions', list({})],
    ['transactions of a status', list({ status: 'completed' })],
    ['transactions of a status that none has', list({ status: 'failed' })],
    ['transactions of a lane', list({ lane: old.lane })],
    ['transactions of a client', list({ client: old.client })],
    ['transactions until three days ago', list({ until: longAgo })],
    ['transactions of a path', list({ path: '/ESCManager/v0/tenants/tenant-17' })],
    ['search for an id of three days ago', list({ q: old.id })],
    ['search for what none has', list({ q: 'nowhere' })],
    ['one transaction', `/console/transactions/${old.id}`],
    ['switchovers', '/console/switchovers'],
    ['one switchover', `/console/switchovers/${last.epoch}`],
    ['dead letters', '/console/dead-letters'],
    ['audit', '/console/audit'],
    ['what would be acted on, of all', '/console/acts?act=complete&which=all'],
    ['what would be acted on, of a search', '/console/acts?act=complete&which=all&q=nowhere'],
  ]);
}

async function read(url: string): Promise<string> {
  const response = await fetch(url);
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} was answered ${response.status}: ${text.slice(0, 200)}`);
  return text;
}

/** In turns, so that what else the machine does meets all pages alike; the first round is to get warm. */
async function timesOf(origin: string, pages: ReadonlyMap<string, string>): Promise<ReadonlyMap<string, number[]>> {
  const times = new Map<string, number[]>([...pages.keys()].map((name) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, path] of pages) {
      const beganAt = performance.now();
      await read(`${origin}${path}`);
      if (round > 0) times.get(name)?.push(performance.now() - beganAt);
    }
  }
  return times;
}

function print(store: Store, times: ReadonlyMap<string, readonly number[]>): void {
  const rows = [...times].map(([name, values]) => {
    const middle = median(values);
    return [name, middle.toFixed(1), Math.max(...values).toFixed(1), middle < pageMaxMs ? 'yes' : 'no'];
  });
  printTable(
    `${store}: the console's pages with ${settled.toLocaleString('en')} settled transactions kept, ms`,
    ['page', 'median', 'most', 'under a second'],
    rows,
  );
}
