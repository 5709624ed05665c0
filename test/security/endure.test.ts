/**
 * Slow, idle and many clients, and floods of bad log-ins and of requests that are too large: the well-behaved are
 * answered all the same, and the gateway's memory stays within bounds. How long they waited is noted with each test.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { suite, type TestContext, test } from 'node:test';
import { requestText } from '../support/raw-client.ts';
import { until } from '../support/until.ts';
import { type Behaved, behave, type EndurePlace, Flood, startEndurePlace, waitedText } from './endure-place.ts';

/** Far above what is seen, so that a slow machine does not matter, and far below what a leak or a queue would take. */
const growthMaxMiB = 300;
const waitMaxMs = 50_000;

async function assertEndured(
  context: TestContext,
  place: EndurePlace,
  before: number,
  behaved: Behaved,
): Promise<void> {
  const after = await place.memory();
  context.diagnostic(`${waitedText(behaved)}; memory ${Math.round(before)} to ${Math.round(after)} MiB`);
  assert.deepEqual(new Set(behaved.statuses), new Set([200]));
  assert.ok((behaved.waited.at(-1) ?? 0) < waitMaxMs, waitedText(behaved));
  assert.ok(after - before < growthMaxMiB, `the memory grew from ${before} to ${after} MiB`);
}

const head = (...lines: string[]): string => requestText([...lines, 'Host: gateway']);
const post = (name: string, ...fields: string[]): string => head(`POST /ESCManager/v0/${name} HTTP/1.1`, ...fields);

// Each has a gateway of its own, and most of their time is waiting: for what is slow to be given up.
suite('slow clients', { concurrency: true }, () => {
  test('200 heads and 200 bodies that trickle in keep nobody waiting and become no transaction', async (context) => {
    await using place = await startEndurePlace();
    const before = await place.memory();
    using flood = new Flood(place.url);
    await flood.connectMany(200, 'POST /ESCManager/v0/slow-head HTTP/1.1\r\nHost: gateway\r\nX-Slow: ');
    await flood.connectMany(200, `${post('slow-body', 'Content-Length: 1000')}x`);
    const timer = setInterval(() => {
      for (const socket of flood.sockets) socket.write('x');
    }, 500);
    const behaved = await behave(place.url, 20);
    clearInterval(timer);
    assert.equal(flood.sockets.length, 400);
    await assertEndured(context, place, before, behaved);
    assert.deepEqual(
      place.esc.requests.filter(({ target }) => target.includes('slow')),
      [],
    );
  });

  test('200 readers that do not read a large answer keep nobody from ESC, and fill no memory', async (context) => {
    const answerBytes = 8 * 2 ** 20;
    await using place = await startEndurePlace();
    const { esc } = place;
    const plain = esc.answering;
    const large = Buffer.alloc(answerBytes, 'x');
    esc.answering = (request, socket, connection) => {
      if (!request.target.endsWith('/large')) return plain(request, socket, connection);
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${answerBytes}\r\n\r\n`);
      socket.write(large);
    };
    const before = await place.memory();
    using flood = new Flood(place.url);
    await flood.connectMany(200, head('GET /ESCManager/v0/large HTTP/1.1'), false);
    // There are fewer connections to ESC than that: all are asked for only if those who do not read are given up.
    const behaved = await behave(place.url, 20);
    const asked = () => esc.requests.filter(({ target }) => target.endsWith('/large')).length;
    await until(() => asked() === 200, 'ESC has been asked by all of them');
    await assertEndured(context, place, before, behaved);
  });

  test('connections that never ask are let go after 10 s, so that they do not hold the places for ever', async () => {
    await using place = await startEndurePlace();
    using flood = new Flood(place.url);
    await flood.connectMany(100, '');
    await until(() => flood.ended === 100, 'all are let go');
    assert.equal(flood.statuses.get('408'), 100);
  });
});

/** How many files a process of this machine may have open; each idle client is one here and one in the gateway. */
function openFilesMax(): number {
  try {
    const [, soft = ''] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return Number(soft) || 1024;
  } catch {
    return 1024;
  }
}

suite('idle clients', () => {
  const idle = Math.min(10_000, openFilesMax() - 500);
  const ask = head('OPTIONS * HTTP/1.1');

  test(`${idle} that asked once and stay connected keep nobody waiting`, async (context) => {
    await using place = await startEndurePlace({ NORTHGATE_LIMITS_CONNECTIONS: '10100' });
    const before = await place.memory();
    using flood = new Flood(place.url);
    await flood.connectMany(idle, ask);
    await until(() => flood.statuses.get('204') === idle, 'all have been answered');
    const behaved = await behave(place.url, 20);
    assert.equal(flood.ended, 0);
    await assertEndured(context, place, before, behaved);
  });

  test('past limits.connections new ones are turned away, who is connected is served, and there is room again', async () => {
    await using place = await startEndurePlace({ NORTHGATE_LIMITS_CONNECTIONS: '300' });
    using served = new Flood(place.url);
    const socket = await served.connect();
    using flood = new Flood(place.url);
    await flood.connectMany(500, ask);
    await until(() => flood.ended >= 201, 'those past the limit are turned away');
    socket.write(ask);
    await until(() => served.statuses.get('204') === 1, 'who was there before is answered');
    flood[Symbol.dispose]();
    await until(
      async () =>
        await behave(place.url, 1).then(
          ({ statuses }) => statuses[0] === 200,
          () => false,
        ),
      'there is room again',
    );
  });
});

suite('floods', () => {
  const token = 'right';
  const tokenSha256 = createHash('sha256').update(token).digest('hex');
  const right = { authorization: `Bearer ${token}` };
  const wrong = (number: number): string =>
    post('flood', 'Content-Length: 0', 'Connection: close', `Authorization: Bearer wrong-${number}`);

  test('of bad log-ins: who logs in rightly is answered, and nothing of the others reaches ESC', async (context) => {
    await using place = await startEndurePlace({
      NORTHGATE_NORTHBOUND_CLIENTS: JSON.stringify([{ name: 'nfvo', tokenSha256 }]),
      NORTHGATE_ESC_USERNAME: 'gateway',
      NORTHGATE_ESC_PASSWORD: 'secret',
    });
    const before = await place.memory();
    // From one address with those who guess, so it is let through because it was right before.
    assert.deepEqual((await behave(place.url, 1, right)).statuses, [200]);
    using flood = new Flood(place.url);
    const floods = Array.from({ length: 20 }, (_, number) => flood.repeat(1, wrong(number)));
    const behaved = await behave(place.url, 40, right);
    flood.isOver = true;
    await Promise.all(floods);
    const told = [...flood.statuses.keys()].sort();
    context.diagnostic(`${flood.sockets.length} bad log-ins: ${JSON.stringify(Object.fromEntries(flood.statuses))}`);
    assert.ok(told.includes('401') && told.every((status) => status === '401' || status === '429'), told.join());
    await assertEndured(context, place, before, behaved);
    assert.deepEqual(
      place.esc.requests.filter(({ target }) => target.endsWith('/flood')),
      [],
    );
  });

  test('of bad tokens on the ops listener: who has a right one is answered', async (context) => {
    await using place = await startEndurePlace({
      NORTHGATE_OPS_TOKENS: JSON.stringify([{ name: 'vera', role: 'viewer', sha256: tokenSha256 }]),
    });
    const before = await place.memory(right);
    using flood = new Flood(place.opsUrl);
    const bytes = head('GET /v1/transactions HTTP/1.1', 'Connection: close', 'Authorization: Bearer wrong');
    const flooding = flood.repeat(20, bytes);
    let worst = 0;
    for (let asked = 0; asked < 20; asked += 1) {
      const startedAt = performance.now();
      assert.ok((await place.memory(right)) > 0);
      worst = Math.max(worst, performance.now() - startedAt);
    }
    flood.isOver = true;
    await flooding;
    context.diagnostic(`worst ${Math.round(worst)} ms; ${JSON.stringify(Object.fromEntries(flood.statuses))}`);
    assert.ok([...flood.statuses.keys()].every((status) => status === '401' || status === '429'));
    assert.ok((await place.memory(right)) - before < growthMaxMiB);
  });

  test('of heads, targets and bodies that are too large: each is refused, the others are answered', async (context) => {
    await using place = await startEndurePlace({ NORTHGATE_LIMITS_BODY_BYTES: '64KiB' });
    const before = await place.memory();
    using flood = new Flood(place.url);
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
    const floods = [
      flood.repeat(5, post('flood', `Content-Length: ${2 ** 40}`) + 'x'.repeat(100_000)),
      flood.repeat(5, post('flood', 'Transfer-Encoding: chunked') + chunk.repeat(8)),
      flood.repeat(5, post('flood', `X-Large: ${'x'.repeat(70_000)}`)),
      flood.repeat(5, head(`GET /ESCManager/${'x'.repeat(20_000)} HTTP/1.1`)),
    ];
    const behaved = await behave(place.url, 40);
    flood.isOver = true;
    await Promise.all(floods);
    context.diagnostic(`${flood.sockets.length} too large: ${JSON.stringify(Object.fromEntries(flood.statuses))}`);
    assert.deepEqual([...flood.statuses.keys()].sort(), ['413', '414', '431']);
    await assertEndured(context, place, before, behaved);
    assert.deepEqual(
      place.esc.requests.filter(({ target }) => target.endsWith('/flood')),
      [],
    );
  });
});
