/**
 * How long an operator waits for a page of the list: what the ops listener is asked by the console and the command line.
 * The ops listener is bound to the loopback and has no tokens here.
 */
const repeats = 5;
const pageItems = 50;

interface Item {
  readonly id: string;
  readonly lane: string;
  readonly client: string;
  readonly receivedAt: string | number;
}

interface Page {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

/** By name, milliseconds; the least of a few, since what comes on top is the machine's other work. */
export async function pageTimes(opsPort: number): Promise<Map<string, number>> {
  const origin = `http://127.0.0.1:${opsPort}`;
  const read = async (path: string): Promise<unknown> => {
    let response = await fetch(`${origin}${path}`);
    // The journal was not read in time: the machine is busy elsewhere.
    for (let time = 0; response.status === 503 && time < repeats; time += 1) response = await fetch(`${origin}${path}`);
    if (!response.ok) throw new Error(`${path} was answered ${response.status}`);
    const text = await response.text();
    return path.startsWith('/v1/') ? JSON.parse(text) : text;
  };
  const list = async (query: string): Promise<Page> =>
    (await read(`/v1/transactions?limit=${pageItems}&${query}`)) as Page;
  const [newest] = (await list('status=completed')).items;
  if (newest === undefined) throw new Error('nothing is completed');
  const longAgo = new Date(Date.now() - 3 * 24 * 60 * 60 * 1000).toISOString();
  const [old] = (await list(`until=${encodeURIComponent(longAgo)}`)).items;
  if (old === undefined) throw new Error('nothing was received three days ago');
  const asked: readonly (readonly [name: string, path: string])[] = [
    ['page: newest, ms', listed('')],
    ['page: by status, ms', listed('status=completed')],
    ['page: by a status that none has, ms', listed('status=failed')],
    ['page: by lane, ms', listed(`lane=${encodeURIComponent(old.lane)}`)],
    ['page: by client, ms', listed(`client=${encodeURIComponent(old.client)}`)],
    ['page: until three days ago, ms', listed(`until=${encodeURIComponent(longAgo)}`)],
    ['page: by status, until three days ago, ms', listed(`status=completed&until=${encodeURIComponent(longAgo)}`)],
    ['page: search for the newest id, ms', listed(`q=${newest.id}`)],
    ['page: search for an id of three days ago, ms', listed(`q=${old.id}`)],
    ['one by its id, ms', `/v1/transactions/${old.id}`],
    ['metrics, ms', '/metrics'],
  ];
  const times = new Map<string, number>();
  for (const [name, path] of asked) times.set(name, await leastMs(() => read(path)));
  times.set('pages to the end of a search for an id of three days ago', await pagesToEnd(list, old.id));
  return times;
}

const listed = (query: string): string => `/v1/transactions?limit=${pageItems}&${query}`;

async function leastMs(ask: () => Promise<unknown>): Promise<number> {
  let leastMs = Number.POSITIVE_INFINITY;
  for (let time = 0; time < repeats; time += 1) {
    const beganAt = performance.now();
    await ask();
    leastMs = Math.min(leastMs, performance.now() - beganAt);
  }
  return leastMs;
}

/** How often a client must ask until the one it searches for is there. */
async function pagesToEnd(list: (query: string) => Promise<Page>, id: string): Promise<number> {
  let cursor = '';
  for (let pages = 1; ; pages += 1) {
    const page = await list(`q=${id}${cursor}`);
    if (page.items.length > 0 || page.nextCursor === null) return pages;
    cursor = `&cursor=${encodeURIComponent(page.nextCursor)}`;
  }
}
