/**
 * The gateway is killed, or its journal is away, between a request and its copy: the copy still meets what was begun,
 * or is told that nothing is known now. There is never a second effect.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { request } from 'undici';
import { type SimulatedPair, startPair } from '../../src/sim/pair.ts';
import { type Cut, type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';
import { type RedisServer, redisSkip, startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { briefly, settingsFor, type Told, tenantXml } from '../support/world.ts';

interface Asking {
  readonly id: string;
  readonly headers: Readonly<Record<string, string>>;
}

const keyed: Asking = { id: 'keyed', headers: { 'idempotency-key': '"k"' } };
const twin: Asking = { id: 'twin', headers: {} };

class Site {
  readonly pair: SimulatedPair;
  readonly settings: Record<string, string>;
  readonly #directory: string;

  constructor(pair: SimulatedPair, directory: string, redis: RedisServer | null) {
    this.pair = pair;
    this.#directory = directory;
    this.settings = settingsFor(pair, directory);
    if (redis === null) return;
    this.settings.NORTHGATE_JOURNAL_URL = `redis://127.0.0.1:${redis.port}`;
    this.settings.NORTHGATE_JOURNAL_PLAINTEXT = 'true';
  }

  /** ESC executes what is sent and keeps silent about it. */
  silence(asked: readonly Asking[]): void {
    for (const { id } of asked) this.pair.inject({ fault: 'hang', when: 'after', match: { method: 'POST', path: id } });
  }

  async effective(asked: readonly Asking[]): Promise<void> {
    const active = (): readonly string[] =>
      this.pair
        .resources()
        .filter(({ state }) => state.is === 'active')
        .map(({ id }) => id);
    await until(() => asked.every(({ id }) => active().includes(id)), 'what was asked for took effect');
  }

  assertOnce(asked: readonly Asking[]): void {
    for (const { id } of asked) {
      const executed = this.pair.requests.filter(({ path, method }) => path.endsWith(`/${id}`) && method === 'POST');
      assert.equal(executed.length, 1, `ESC executed ${id} once`);
      assert.equal(this.pair.ledger.filter((effect) => effect.id === id).length, 1);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pair.close();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

const startSite = async (redis: RedisServer | null = null): Promise<Site> =>
  new Site(await startPair(briefly), await mkdtemp(join(tmpdir(), 'northgate-')), redis);

/** Null: the gateway died before it answered. */
async function create(gateway: GatewayProcess, { id, headers }: Asking, body = tenantXml(id)): Promise<Told | null> {
  try {
    const fields = { 'content-type': 'application/xml', ...headers };
    const answer = await request(`${gateway.url}/ESCManager/v0/tenants/${id}`, {
      method: 'POST',
      headers: fields,
      body,
    });
    return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() };
  } catch {
    return null;
  }
}

const transactionOf = (told: Told | null): unknown => told?.headers['northgate-transaction'];

/** The copies that come to the next gateway. */
async function assertMet(gateway: GatewayProcess, asking: Asking, isRecorded: boolean): Promise<void> {
  const copy = await create(gateway, asking);
  assert.equal(Math.floor((copy?.status ?? 0) / 100), 2, copy?.body);
  if (isRecorded) assert.equal(copy?.headers['idempotent-replayed'], 'true');
  if (asking !== keyed) return;
  const again = await create(gateway, asking);
  assert.deepEqual([again?.status, again?.body], [copy?.status, copy?.body]);
  assert.equal(transactionOf(again), transactionOf(copy));
  assert.equal((await create(gateway, asking, tenantXml('other')))?.status, 422);
}

interface Case {
  readonly name: string;
  /** Without one ESC never answers, and the gateway is killed while it waits. */
  readonly cut?: Cut;
  readonly asked: readonly Asking[];
}

const silence: Case = { name: 'while ESC kept silent', asked: [keyed, twin] };
const cases: readonly Case[] = [
  silence,
  { name: 'before it sent what was journaled', cut: 'before-send', asked: [twin] },
  { name: 'before it recorded ESC’s answer', cut: 'before-record', asked: [keyed] },
  { name: 'between the record and the client’s answer', cut: 'before-answer', asked: [twin] },
];

async function killed({ cut, asked }: Case, redis: RedisServer | null): Promise<void> {
  await using site = await startSite(redis);
  const first = await startGatewayProcess(site.settings, { cut });
  if (cut === undefined) site.silence(asked);
  const told = asked.map((each) => create(first, each));
  if (cut === undefined) {
    await site.effective(asked);
    await first.kill();
  }
  await first.gone;
  assert.deepEqual(new Set(await Promise.all(told)), new Set([null]), 'its clients got no answer');

  const second = await startGatewayProcess(site.settings, { isOpen: false });
  try {
    for (const each of asked) await assertMet(second, each, cut === 'before-answer');
    await site.effective(asked);
  } finally {
    await second.end();
  }
  site.assertOnce(asked);
}

for (const each of cases) {
  test(`R26 a gateway killed ${each.name}: the copy that comes to the next one meets it`, () => killed(each, null));
}

test(`R26 a gateway killed ${silence.name}, on Redis: the copy that comes to the next one meets it`, {
  skip: redisSkip,
}, async () => {
  await using redis = await startRedis();
  await killed(silence, redis);
});

test('the journal is away when a copy comes: journal-unavailable, and no second effect ever', {
  skip: redisSkip,
}, async () => {
  await using redis = await startRedis();
  await using site = await startSite(redis);
  const gateway = await startGatewayProcess(site.settings);
  const asked = [keyed, twin];
  try {
    site.silence(asked);
    const first = asked.map((each) => create(gateway, each));
    await site.effective(asked);
    redis.stop();
    for (const copy of await Promise.all([...asked, ...asked].map((each) => create(gateway, each)))) {
      assert.equal(copy?.status, 503, copy?.body);
      assert.equal(JSON.parse(copy?.body ?? '').type, 'urn:northgate:problem:journal-unavailable');
      assert.ok(Number(copy?.headers['retry-after']) > 0);
    }
    redis.cont();
    // As often as it takes until the journal is back. Without a key it would be a new one once the first was answered.
    let again: Told | null = null;
    const isMet = until(async () => {
      again = await create(gateway, keyed);
      return again?.status !== 503;
    }, 'the journal is back');
    await site.pair.switchover('application');
    const known = (await Promise.all(first)).map(transactionOf);
    assert.ok(known.every((each) => typeof each === 'string'));
    await isMet;
    assert.equal(transactionOf(again), known[0]);
  } finally {
    redis.cont();
    await gateway.end();
  }
  site.assertOnce(asked);
});
