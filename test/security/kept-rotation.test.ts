/**
 * The change of the journal's key as SECURITY.md has it, with real processes: beside two gateways that are exchanged one after the
 * other while orders come, and of an embedded journal between two starts. Nothing is lost, nothing is left under the old key.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { request } from 'undici';
import { startPair } from '../../src/sim/pair.ts';
import { run } from '../support/command.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';
import { redisSkip } from '../support/redis.ts';
import { type Replicas, startReplicas } from '../support/replicas.ts';
import { until } from '../support/until.ts';
import { briefly, settingsFor, tenantXml } from '../support/world.ts';

const base64 = (key: Uint8Array): string => Buffer.from(key).toString('base64');
const keys = (key: Uint8Array, ...oldKeys: Uint8Array[]): Record<string, string> => ({
  NORTHGATE_JOURNAL_KEY: base64(key),
  NORTHGATE_JOURNAL_OLD_KEYS: oldKeys.map(base64).join(),
});
/** How what is sealed with a key begins (`journal/cipher.ts`). */
const markOf = (key: Uint8Array): Buffer =>
  Buffer.concat([Buffer.of(1), createHash('sha256').update('northgate key id').update(key).digest().subarray(0, 4)]);

/** Values that are sealed with this key, of names and bytes of all that a store holds. */
function sealedWith(key: Uint8Array, values: readonly (readonly [string, Uint8Array])[]): string[] {
  const mark = markOf(key);
  const isSealed = (bytes: Uint8Array): boolean => Buffer.from(bytes).subarray(0, mark.length).equals(mark);
  return values
    .filter(([, bytes]) => {
      const text = Buffer.from(bytes).toString('latin1');
      const [, query = ''] = /"sealedQuery":"([^"]*)"/.exec(text) ?? [];
      return [bytes, Buffer.from(query, 'base64'), Buffer.from(text, 'base64')].some(isSealed);
    })
    .map(([name]) => name);
}

async function valuesIn(redis: Redis): Promise<[string, Buffer][]> {
  const found: [string, Buffer][] = [];
  for (const key of await redis.keys('*')) {
    if ((await redis.type(key)) !== 'hash') continue;
    for (const [field, bytes] of Object.entries(await redis.hgetallBuffer(key))) found.push([`${key} ${field}`, bytes]);
  }
  return found;
}

interface Resealed {
  readonly records: number;
  readonly values: number;
  readonly unopened: number;
  readonly oldKeysMayGo: boolean;
}

async function reseal(settings: Readonly<Record<string, string>>): Promise<Resealed> {
  const { code, stdout, stderr } = await run(['journal', 'reseal', '--json'], settings);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Resealed;
}

/** Orders one tenant after another, at each gateway in turn, until it is ended; each with a key and a query to be sealed. */
class Orders {
  readonly #site: Replicas;
  gateways: readonly GatewayProcess[];
  readonly ids: string[] = [];
  #isOver = false;
  readonly #sending: Promise<void>[];

  constructor(site: Replicas, gateways: readonly GatewayProcess[]) {
    this.#site = site;
    this.gateways = gateways;
    this.#sending = [0, 1].map((lane) => this.#send(lane));
  }

  /** Where a gateway ends under it an order has no answer, and is sent again with its key. */
  async #send(lane: number): Promise<void> {
    for (let count = 0; !this.#isOver; count += 1) {
      const id = `t-${lane}-${count}`;
      for (let tries = 0; (await this.again(id, tries)).status !== 200; tries += 1) {
        assert.ok(tries < 200, `${id} is not done`);
      }
      this.ids.push(id);
    }
  }

  again(id: string, turn = 0) {
    const gateway = this.gateways[turn % this.gateways.length] ?? assert.fail();
    return this.#site.send(gateway, 'POST', `/ESCManager/v0/tenants/${id}?order=${id}`, {
      body: tenantXml(id),
      headers: { 'idempotency-key': `"${id}"`, authorization: 'Basic bmZ2bzpodW50ZXIy' },
    });
  }

  /** So many more have been answered. */
  async more(count: number): Promise<void> {
    const { length } = this.ids;
    await until(() => this.ids.length >= length + count, `${count} more are answered`);
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#sending);
  }
}

test('two gateways get a new key one after the other while orders come, all is sealed anew beside them, and the old key goes', {
  skip: redisSkip,
}, async (context) => {
  const [first, second] = [randomBytes(32), randomBytes(32)];
  await using site = await startReplicas({ settings: keys(first) });
  await using direct = {
    redis: new Redis(site.redis.port),
    [Symbol.asyncDispose]: async () => direct.redis.disconnect(),
  };
  let pair: [GatewayProcess, GatewayProcess] = [await site.gateway(), await site.gateway()];
  const orders = new Orders(site, pair);
  await orders.more(20);
  const exchange = async (settings: Record<string, string>): Promise<void> => {
    for (const place of [0, 1] as const) {
      const fresh = await site.gateway({ settings });
      const [old] = [pair[place]];
      pair = place === 0 ? [fresh, pair[1]] : [pair[0], fresh];
      orders.gateways = pair;
      assert.equal(await old.end(), 0);
      await orders.more(5);
    }
  };
  // Known to both before either seals with it; then it seals.
  await exchange(keys(first, second));
  await exchange(keys(second, first));

  const settings = { ...site.settings, ...keys(second, first) };
  const early = reseal(settings);
  await orders.more(20);
  const sums = [await early, await reseal(settings)];
  await orders.more(5);
  await orders.end();
  await site.settled();
  sums.push(await reseal(settings));
  context.diagnostic(`${orders.ids.length} orders; ${JSON.stringify(sums)}`);
  assert.ok((sums[0]?.values ?? 0) > 0);
  assert.deepEqual(sums.at(-1), {
    records: orders.ids.length,
    values: 0,
    unopened: 0,
    mayStillReport: 0,
    oldKeysMayGo: true,
  });
  const values = await valuesIn(direct.redis);
  assert.deepEqual(sealedWith(first, values), []);
  assert.ok(sealedWith(second, values).length >= 2 * orders.ids.length);

  for (const gateway of pair) assert.equal(await gateway.end(), 0);
  const last = await site.gateway({ settings: keys(second) });
  orders.gateways = [last];
  for (const id of orders.ids) assert.equal(site.created(id), 1, id);
  // From all times of it, but not all: there are as many as the machine is quick.
  for (const id of orders.ids.filter((_, index) => index % 20 === 0)) {
    const told = await orders.again(id);
    assert.deepEqual([told.status, told.headers['idempotent-replayed']], [200, 'true'], id);
  }
  const { body } = await request(`${last.opsUrl}/v1/transactions?limit=50`);
  const { items } = (await body.json()) as { items: { id: string; path: string }[] };
  for (const { id, path } of items) {
    const text = await (await request(`${last.opsUrl}/v1/transactions/${id}/request`)).body.text();
    assert.ok(text.includes('</tenant>') && path.includes('?order='), id);
  }
});

test('an embedded journal is sealed anew between two starts, and the key file of its first days may go', async () => {
  await using parts = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'northgate-rotation-'));
  parts.defer(() => rm(directory, { recursive: true, force: true }));
  const pair = parts.use(await startPair(briefly));
  const own = settingsFor(pair, directory);
  const key = randomBytes(32);
  const file = join(directory, 'northgate.db');
  const order = async ({ url }: GatewayProcess, id: string): Promise<unknown> => {
    const headers = { 'idempotency-key': `"${id}"`, authorization: 'Basic bmZ2bzpodW50ZXIy' };
    const target = `${url}/ESCManager/v0/tenants/${id}?order=${id}`;
    const answer = await request(target, { method: 'POST', headers, body: tenantXml(id) });
    await answer.body.dump();
    return [answer.statusCode, answer.headers['idempotent-replayed']];
  };
  const ids = Array.from({ length: 10 }, (_, number) => `t-${number}`);
  const before = parts.use(await startGatewayProcess(own));
  for (const id of ids) assert.deepEqual(await order(before, id), [200, undefined]);
  const beside = await run(['journal', 'reseal'], { ...own, ...keys(key) });
  assert.equal(beside.code, 1);
  assert.match(beside.stderr, /in use by another process/);
  assert.equal(await before.end(), 0);

  const { records, unopened, oldKeysMayGo } = await reseal({ ...own, ...keys(key) });
  assert.deepEqual({ records, unopened, oldKeysMayGo }, { records: 10, unopened: 0, oldKeysMayGo: true });
  await rm(`${file}.key`);
  const after = parts.use(await startGatewayProcess({ ...own, ...keys(key) }));
  for (const id of ids) assert.deepEqual(await order(after, id), [200, 'true']);
  assert.equal(await after.end(), 0);
  const database = new DatabaseSync(file);
  const bodies = database.prepare('SELECT which, sealed FROM bodies').all();
  const heads = database.prepare('SELECT head FROM transactions').all();
  const kept = database.prepare('SELECT name, value FROM meta').all();
  database.close();
  const values = [
    ...bodies.map(({ which, sealed }) => [String(which), sealed as Uint8Array] as const),
    ...heads.map(({ head }) => ['head', Buffer.from(String(head))] as const),
    ...kept.map(({ name, value }) => [String(name), Buffer.from(String(value))] as const),
  ];
  const full = values.filter(([, bytes]) => bytes.byteLength > 0 && bytes[0] === 1);
  assert.equal(sealedWith(key, full).length, full.length);
  assert.ok(sealedWith(key, values).includes('digests'));
});
