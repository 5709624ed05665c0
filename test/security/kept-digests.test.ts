/**
 * What is made of credentials and of requests, to be compared later: the same after a change of the journal's key, the same on
 * every gateway, and nothing that who reads the journal could try out.
 */
import assert from 'node:assert/strict';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { suite, test } from 'node:test';
import { Redis } from 'ioredis';
import { request } from 'undici';
import { packRequest } from '../../src/journal/message.ts';
import { openStored } from '../../src/journal/open.ts';
import type { JournalOptions } from '../../src/journal/options.ts';
import { startPair } from '../../src/sim/pair.ts';
import { held } from '../journal/samples.ts';
import { redisSkip, startRedis } from '../support/redis.ts';
import { briefly, settingsFor, startGatewayWith, tenantXml } from '../support/world.ts';

const base64 = (key: Uint8Array): string => Buffer.from(key).toString('base64');
const credentials = `Basic ${Buffer.from('nfvo:hunter2').toString('base64')}`;
const body = tenantXml('one');
const path = '/ESCManager/v0/tenants/one';

/** As releases before the digests' own key made them. */
const earlier = {
  client: (key: Uint8Array): string =>
    `credentials-${createHmac('sha256', key).update(credentials).digest('base64url').slice(0, 22)}`,
  fingerprint: createHash('sha256').update(`POST ${path}\n${body}`).digest('hex'),
};

interface Store extends AsyncDisposable {
  readonly url: string;
  /** All that is kept, as text. */
  dump(): Promise<string>;
  /** As if a release without that key had written it. */
  forget(): Promise<void>;
}

const stores: Readonly<Record<string, { skip: string | false; make: () => Promise<Store> }>> = {
  SQLite: {
    skip: false,
    async make() {
      const directory = await mkdtemp(join(tmpdir(), 'northgate-digests-'));
      const file = join(directory, 'northgate.db');
      const using = <Result>(work: (database: DatabaseSync) => Result): Result => {
        const database = new DatabaseSync(file);
        try {
          return work(database);
        } finally {
          database.close();
        }
      };
      return {
        url: `sqlite:${file}`,
        dump: async () => using((database) => JSON.stringify(database.prepare('SELECT * FROM transactions').all())),
        forget: async () => void using((database) => database.exec(`DELETE FROM meta WHERE name = 'digests'`)),
        [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
      };
    },
  },
  Redis: {
    skip: redisSkip,
    async make() {
      const server = await startRedis();
      const redis = new Redis(server.port);
      return {
        url: `redis://127.0.0.1:${server.port}`,
        async dump() {
          const names = await redis.keys('*:record:*');
          return JSON.stringify(await Promise.all(names.map((name) => redis.hgetall(name))));
        },
        forget: async () => void (await redis.hdel('{northgate:default}:journal', 'digests')),
        async [Symbol.asyncDispose]() {
          redis.disconnect();
          await server[Symbol.asyncDispose]();
        },
      };
    },
  },
};

async function startPlace(store: Store) {
  await using parts = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'northgate-digests-'));
  parts.defer(() => rm(directory, { recursive: true, force: true }));
  const pair = parts.use(await startPair(briefly));
  const started = new Set<Started>();
  parts.defer(async () => {
    for (const each of started) await each.close();
  });
  const gateway = async (key: Uint8Array, ...oldKeys: Uint8Array[]): Promise<Started> => {
    const one = await startGatewayWith({
      ...settingsFor(pair, directory),
      NORTHGATE_JOURNAL_URL: store.url,
      NORTHGATE_JOURNAL_KEY: base64(key),
      NORTHGATE_JOURNAL_OLD_KEYS: oldKeys.map(base64).join(),
    });
    started.add(one);
    return one;
  };
  const end = async (one: Started): Promise<void> => {
    started.delete(one);
    await one.close();
  };
  const owned = parts.move();
  return { pair, gateway, end, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

type Started = Awaited<ReturnType<typeof startGatewayWith>>;

async function order({ northbound }: Pick<Started, 'northbound'>, sent = body) {
  const answer = await request(`${northbound.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/xml', 'idempotency-key': '"k"', authorization: credentials },
    body: sent,
  });
  await answer.body.dump();
  const { 'idempotent-replayed': isReplayed, 'northgate-transaction': id } = answer.headers;
  return { status: answer.statusCode, isReplayed, id: String(id) };
}

async function seen({ northbound }: Started, id: string): Promise<number> {
  const url = `${northbound.url}/northgate/v1/transactions/${id}`;
  const answer = await request(url, { headers: { authorization: credentials } });
  await answer.body.dump();
  return answer.statusCode;
}

for (const [name, { skip, make }] of Object.entries(stores)) {
  suite(`${name}: digests`, { skip }, () => {
    test('stay what they are when the journal’s key is changed: the same order gets its recorded answer', async () => {
      await using store = await make();
      await using place = await startPlace(store);
      const [first, second] = [randomBytes(32), randomBytes(32)];
      let gateway = await place.gateway(first);
      const { id, status } = await order(gateway);
      assert.equal(status, 200);
      await place.end(gateway);

      gateway = await place.gateway(second, first);
      assert.deepEqual(await order(gateway), { status: 200, isReplayed: 'true', id });
      assert.equal((await order(gateway, tenantXml('other'))).status, 422);
      assert.equal(await seen(gateway, id), 200);
      await place.end(gateway);

      // Sealed anew at that start: the old key is not needed for it.
      gateway = await place.gateway(second);
      assert.equal(await seen(gateway, id), 200);
      await place.end(gateway);
      assert.equal(place.pair.requests.filter(({ method }) => method === 'POST').length, 1);
    });

    test('tell nothing: neither credentials nor a request that is guessed right are found in the journal', async () => {
      await using store = await make();
      await using place = await startPlace(store);
      const key = randomBytes(32);
      const gateway = await place.gateway(key);
      await order(gateway);
      await place.end(gateway);
      const dump = await store.dump();
      assert.match(dump, /"?k1\.[\w-]{43}/);
      for (const guess of [earlier.fingerprint, earlier.client(key)]) assert.ok(!dump.includes(guess));
    });

    test('of an earlier release are met: its client is known, its key joins, and nothing is sent twice', async () => {
      await using store = await make();
      await using place = await startPlace(store);
      const key = randomBytes(32);
      const url = store.url.startsWith('sqlite:')
        ? ({ kind: 'sqlite', path: store.url.slice('sqlite:'.length) } as const)
        : ({
            kind: 'redis',
            host: '127.0.0.1',
            port: Number(new URL(store.url).port),
            database: 0,
            tls: false,
          } as const);
      const options: JournalOptions = {
        url,
        name: 'default',
        durability: { kind: 'always' },
        allowWeaker: false,
        key,
        oldKeys: [],
        plaintext: false,
      };
      const headers = ['Content-Type', 'application/xml', 'Idempotency-Key', '"k"', 'Authorization', credentials];
      const journal = await openStored(options);
      const record = {
        ...held({ key: 'k', client: earlier.client(key), lane: 'tenants/one' }),
        path,
        fingerprint: earlier.fingerprint,
        receivedAt: Date.now(),
      };
      const created = await journal.create({
        transaction: record,
        request: packRequest({ headers, body: Buffer.from(body) }),
      });
      assert.equal(created.word, 'created');
      await journal.close();
      await store.forget();

      const gateway = await place.gateway(key);
      assert.equal(await seen(gateway, record.id), 200, 'its client is known');
      assert.deepEqual(await order(gateway), { status: 200, isReplayed: 'true', id: record.id });
      assert.equal((await order(gateway, tenantXml('other'))).status, 422);
      assert.equal(place.pair.requests.filter(({ method }) => method === 'POST').length, 1);
      // Such a release may still run beside this one, and must know again what is made now.
      const [kept] = await gateway.journal.list({ limit: 1 });
      const told = await request(`${gateway.northbound.url}/ESCManager/v0/tenants/two`, {
        method: 'POST',
        headers: { authorization: credentials, prefer: 'respond-async' },
        body,
      });
      await told.body.dump();
      const [newest] = await gateway.journal.list({ limit: 1 });
      assert.equal(kept?.id, record.id);
      assert.match(newest?.fingerprint ?? '', /^[0-9a-f]{64}$/);
      assert.equal(newest?.client, record.client);
      await place.end(gateway);
    });
  });
}

test('two gateways that start at once on a new journal agree', { skip: redisSkip }, async () => {
  await using server = await startRedis();
  const options: JournalOptions = {
    url: server.url,
    name: 'default',
    durability: { kind: 'always' },
    allowWeaker: false,
    key: randomBytes(32),
    oldKeys: [],
    plaintext: false,
  };
  const journals = await Promise.all(Array.from({ length: 4 }, () => openStored(options)));
  const keys = new Set(journals.map(({ digests }) => base64(digests.key)));
  for (const journal of journals) await journal.close();
  assert.equal(keys.size, 1);
});
