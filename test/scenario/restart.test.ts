/**
 * The gateway dies at any moment and starts again on the same journal: nothing unanswered is lost, nothing is doubled.
 * Real processes, killed with SIGKILL at exact points, on both journals.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { request } from 'undici';
import { readConfig } from '../../src/config/reader.ts';
import { openJournal } from '../../src/journal/open.ts';
import type { JournalOptions } from '../../src/journal/options.ts';
import { type SimulatedPair, startPair } from '../../src/sim/pair.ts';
import type { PairOptions } from '../../src/sim/profiles.ts';
import { type Cut, type GatewayProcess, leaseTtlMs, startGatewayProcess } from '../support/gateway-process.ts';
import { redisSkip, startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { briefly, settingsFor, tenantXml } from '../support/world.ts';

interface Site {
  readonly pair: SimulatedPair;
  readonly settings: Record<string, string>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A pair and a place for a journal; `redis` names a server instead of a file. */
async function site(pairOptions: PairOptions, redisUrl?: string): Promise<Site> {
  const pair = await startPair({ ...briefly, ...pairOptions });
  const directory = await mkdtemp(join(tmpdir(), 'northgate-'));
  const settings = settingsFor(pair, directory);
  if (redisUrl !== undefined) {
    settings.NORTHGATE_JOURNAL_URL = redisUrl;
    settings.NORTHGATE_JOURNAL_PLAINTEXT = 'true';
    settings.NORTHGATE_DRAIN_TIMEOUT = '5s';
  }
  const dispose = async (): Promise<void> => {
    await pair.close();
    await rm(directory, { recursive: true, force: true });
  };
  return { pair, settings, [Symbol.asyncDispose]: dispose };
}

const create = (gateway: GatewayProcess, id: string) =>
  request(`${gateway.url}/ESCManager/v0/tenants/${id}`, {
    method: 'POST',
    headers: { 'content-type': 'application/xml' },
    body: tenantXml(id),
  }).then(
    async (answer) => ({ status: answer.statusCode, body: await answer.body.text() }),
    () => ({ status: 0, body: '' }),
  );

const executed = ({ pair }: Site, id: string): number =>
  pair.requests.filter(({ path, method, status }) => path.endsWith(`/${id}`) && method === 'POST' && status !== 409)
    .length;

/** Nothing is under way any more: reports and looks have settled what was accepted. */
async function settled(gateway: GatewayProcess): Promise<void> {
  const unsettled = ['held', 'in-flight', 'accepted', 'unacknowledged'];
  await until(async () => {
    const asked = unsettled.map(async (status) => {
      const answer = await request(`${gateway.opsUrl}/v1/transactions?status=${status}&limit=1`);
      return ((await answer.body.json()) as { items: unknown[] }).items.length;
    });
    return (await Promise.all(asked)).every((count) => count === 0);
  }, 'everything is settled');
}

/** What the journal says at the end, read when no gateway has it open. */
async function statusesIn(settings: Record<string, string>): Promise<Record<string, number>> {
  const reading = readConfig({ environment: settings });
  assert.ok('config' in reading);
  const journal = await openJournal(reading.config.journal as JournalOptions);
  try {
    return Object.fromEntries(Object.entries(await journal.counts()).filter(([, count]) => count > 0));
  } finally {
    await journal.close();
  }
}

interface Case {
  readonly name: string;
  /** Where the gateway ends itself; without one ESC never answers, and the gateway is killed while it waits. */
  readonly cut?: Cut;
  readonly hang?: 'before' | 'after';
}

const cases: readonly Case[] = [
  { name: 'between journal and send', cut: 'before-send' },
  { name: 'between send and answer, not stored yet', hang: 'before' },
  { name: 'between send and answer, stored', hang: 'after' },
  { name: 'between answer and its record', cut: 'before-record' },
  { name: "between the record and the client's answer", cut: 'before-answer' },
];

async function killedAt({ cut, hang }: Case, redisUrl?: string): Promise<void> {
  await using place = await site({}, redisUrl);
  await using first = await startGatewayProcess(place.settings, { cut });
  if (hang !== undefined) place.pair.inject({ fault: 'hang', when: hang, match: { method: 'POST' } });
  const told = create(first, 'survivor');
  if (hang !== undefined) {
    const isStored = (): boolean => place.pair.resources().some(({ id }) => id === 'survivor');
    await until(() => place.pair.faultsWaiting === 0 && (hang === 'before' || isStored()), 'ESC has the request');
    await first.kill();
  }
  await first.gone;
  assert.equal((await told).status, 0, 'the client got no answer');

  await using second = await startGatewayProcess(place.settings);
  await until(() => place.pair.resources().some(({ id }) => id === 'survivor'), 'the transaction took effect');
  assert.equal((await create(second, 'afterwards')).status, 200);
  await settled(second);
  assert.equal(await second.end(), 0);
  assert.equal(executed(place, 'survivor'), 1, 'it took effect once');
  assert.equal(place.pair.ledger.filter(({ id }) => id === 'survivor').length, 1);
  assert.deepEqual(await statusesIn(place.settings), { completed: 2 });
}

for (const each of cases) {
  test(`a gateway killed ${each.name} loses and doubles nothing, on the embedded journal`, () => killedAt(each));

  test(`a gateway killed ${each.name} loses and doubles nothing, on Redis`, { skip: redisSkip }, async () => {
    await using redis = await startRedis();
    await killedAt(each, `redis://127.0.0.1:${redis.port}`);
  });
}

test('a gateway killed with requests held sends them after its restart', async () => {
  await using place = await site({});
  await using first = await startGatewayProcess(place.settings);
  await create(first, 'before');
  await place.pair.switchover('application', { stopAt: 'P1' });
  const ids = ['h1', 'h2', 'h3'];
  const told = ids.map((id) => create(first, id));
  // Sent or not while the gate was open still, none can have been executed.
  await until(async () => (await waitingIn(first)) === ids.length, 'all three wait in the journal');
  await first.kill();
  for (const answer of await Promise.all(told)) assert.equal(answer.status, 0);
  await using second = await startGatewayProcess(place.settings, { isOpen: false });
  await place.pair.proceed();
  await until(() => ids.every((wanted) => place.pair.resources().some(({ id }) => id === wanted)), 'all are there');
  assert.equal(await second.end(), 0);
  for (const id of ids) assert.equal(executed(place, id), 1);
});

/** How many transactions wait for the gate. */
async function waitingIn(gateway: GatewayProcess): Promise<number> {
  const answer = await request(`${gateway.opsUrl}/v1/pair`);
  const { transactions } = (await answer.body.json()) as { transactions: Record<string, number> };
  return (transactions.held ?? 0) + (transactions.unacknowledged ?? 0);
}

test('Redis killed and restarted under appendfsync always: what was accepted is finished once', {
  skip: redisSkip,
}, async () => {
  await using redis = await startRedis();
  await using place = await site({ answerDelayMs: 20 }, `redis://127.0.0.1:${redis.port}`);
  await using gateway = await startGatewayProcess(place.settings);
  const ids = Array.from({ length: 60 }, (_, index) => `r${index}`);
  const told = ids.map((id) => create(gateway, id));
  await until(() => place.pair.requests.length > 5, 'requests are under way');
  await redis.kill9();
  await redis.restart();
  const answers = await Promise.all(told);
  for (const [index, { status, body }] of answers.entries()) {
    const id = ids[index] ?? '';
    if (status === 503) {
      assert.match(body, /journal-unavailable/);
      assert.equal(executed(place, id), 0, `${id} was refused, so it was not sent`);
    } else {
      assert.ok(status === 200 || status === 202, `${id}: ${status} ${body}`);
    }
  }
  await until(
    () => ids.every((id, index) => answers[index]?.status === 503 || executed(place, id) === 1),
    'every accepted one is executed',
  );
  await settled(gateway);
  assert.equal(await gateway.end(), 0);
  const statuses = await statusesIn(place.settings);
  assert.deepEqual(
    Object.keys(statuses)
      .sort()
      .filter((status) => status !== 'abandoned'),
    ['completed'],
  );
});

test('the journal does not answer: journal-unavailable, nothing is sent, and nothing of it is sent later', {
  skip: redisSkip,
}, async () => {
  await using redis = await startRedis();
  await using place = await site({}, `redis://127.0.0.1:${redis.port}`);
  await using gateway = await startGatewayProcess(place.settings);
  assert.equal((await create(gateway, 'well')).status, 200);
  redis.stop();
  const told = await create(gateway, 'refused');
  assert.equal(told.status, 503);
  assert.match(told.body, /urn:northgate:problem:journal-unavailable/);
  assert.match(told.body, /"sent":"no"/);
  redis.cont();
  await until(async () => (await create(gateway, `again-${Date.now()}`)).status === 200, 'the journal is back');
  await settled(gateway);
  assert.equal(await gateway.end(), 0);
  assert.equal(executed(place, 'refused'), 0);
  const statuses = await statusesIn(place.settings);
  assert.equal(statuses['in-flight'] ?? 0, 0);
  assert.equal(statuses.held ?? 0, 0);
});

test('R5 a gateway that was frozen for longer than its lease does not trust its epoch when it wakes', async () => {
  await using place = await site({});
  await using gateway = await startGatewayProcess(place.settings);
  await create(gateway, 'before');
  const frozenAt = Date.now();
  gateway.process.kill('SIGSTOP');
  await place.pair.switchover('planned', { phases: { P0: 0, P1: 0, P2: 0, P3: 0 } });
  await place.pair.failback();
  await place.pair.ready();
  await until(() => Date.now() > frozenAt + 2 * leaseTtlMs, 'it was frozen for longer than its lease');
  gateway.process.kill('SIGCONT');
  assert.equal((await create(gateway, 'after')).status, 200);
  await until(async () => (await switchoversOf(gateway)).length === 1, 'the epoch has ended');
  assert.equal(await gateway.end(), 0);
});

async function switchoversOf(gateway: GatewayProcess): Promise<readonly unknown[]> {
  const answer = await request(`${gateway.opsUrl}/v1/switchovers`);
  const body = (await answer.body.json()) as { items?: unknown[] } | unknown[];
  return Array.isArray(body) ? body : (body.items ?? []);
}
