// What is kept of credentials and queries, and the change of the key, on both stores, seen in what the store itself holds.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { StoredJournal } from '../../src/journal/journal.ts';
import { packRequest, unpackRequest } from '../../src/journal/message.ts';
import { openStored } from '../../src/journal/open.ts';
import type { JournalOptions } from '../../src/journal/options.ts';
import { held, state } from '../journal/samples.ts';
import { redisSkip, startRedis } from '../support/redis.ts';

const first = new Uint8Array(32).fill(1);
const second = new Uint8Array(32).fill(2);
const credentials = 'Basic aHVudGVyMjpodW50ZXIy';
const headers = ['Accept', '*/*', 'Authorization', credentials, 'COOKIE', 'id=hunter2', 'X-Order', '1'];

const optionsOf = (url: JournalOptions['url']): JournalOptions => ({
  url,
  name: 'default',
  durability: { kind: 'always' },
  allowWeaker: false,
  key: first,
  oldKeys: [],
  plaintext: false,
});

interface Place extends AsyncDisposable {
  readonly options: JournalOptions;
  /** All that the store has on disk. */
  readonly bytes: () => Promise<Buffer>;
  readonly url: string;
}

const places: Readonly<Record<string, { skip: string | false; make: () => Promise<Place> }>> = {
  SQLite: {
    skip: false,
    async make() {
      const directory = await mkdtemp(join(tmpdir(), 'northgate-kept-'));
      const path = join(directory, 'northgate.db');
      const bytes = async (): Promise<Buffer> =>
        Buffer.concat(
          await Promise.all([path, `${path}-wal`].map((file) => readFile(file).catch(() => Buffer.alloc(0)))),
        );
      return {
        options: optionsOf({ kind: 'sqlite', path }),
        url: `sqlite:${path}`,
        bytes,
        [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
      };
    },
  },
  Redis: {
    skip: redisSkip,
    async make() {
      const redis = await startRedis();
      return {
        options: optionsOf(redis.url),
        url: `redis://127.0.0.1:${redis.port}`,
        bytes: async () => Buffer.alloc(0),
        [Symbol.asyncDispose]: () => redis[Symbol.asyncDispose](),
      };
    },
  },
};

async function kept(journal: StoredJournal, path = '/ESCManager/v0/tenants/a?token=hunter2') {
  const transaction = { ...held(), path };
  const request = packRequest({ headers, body: Buffer.from('body hunter2') });
  const created = await journal.create({ transaction, request });
  if (created.word !== 'created') throw new Error(created.word);
  return created.transaction;
}

const fieldsOf = async (journal: StoredJournal, id: string): Promise<readonly string[]> =>
  unpackRequest((await journal.body(id, 'request')) ?? Buffer.alloc(0)).headers;

async function whole(journal: StoredJournal) {
  const sums = { values: 0, unopened: 0, earlierUntil: 0 };
  for (let after: number | null = 0; after !== null; ) {
    const step: Awaited<ReturnType<StoredJournal['reseal']>> = await journal.reseal(after, 2);
    sums.values += step.values;
    sums.unopened += step.unopened;
    sums.earlierUntil = step.earlierUntil;
    after = step.last;
  }
  return sums;
}

async function northgate(words: readonly string[], environment: Record<string, string>) {
  const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
  const child = spawn(process.execPath, [main, ...words], { env: { ...process.env, ...environment } });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  const [code] = (await once(child, 'close')) as [number];
  return { code, out };
}

for (const [name, { skip, make }] of Object.entries(places)) {
  suite(`${name}: what is kept`, { skip }, () => {
    test('credentials are there, in their place, while a transaction may be sent, and gone when it is settled', async () => {
      await using place = await make();
      const journal = await openStored(place.options);
      const transaction = await kept(journal);
      assert.deepEqual(await fieldsOf(journal, transaction.id), headers);
      const settled = await journal.replace({ transaction: { ...transaction, state: state.abandoned() } });
      assert.equal(settled.word, 'replaced');
      const masked = headers.map((text) => (text === credentials || text === 'id=hunter2' ? '***' : text));
      assert.deepEqual(await fieldsOf(journal, transaction.id), masked);
      await journal.close();
      const again = await openStored(place.options);
      assert.deepEqual(await fieldsOf(again, transaction.id), masked);
      await again.close();
    });

    test('a target is whole for who reads the record, and its query is sealed', async () => {
      await using place = await make();
      const journal = await openStored(place.options);
      const transaction = await kept(journal);
      assert.equal((await journal.get(transaction.id))?.path, transaction.path);
      assert.equal((await journal.list({ limit: 1 }))[0]?.path, transaction.path);
      assert.equal((await place.bytes()).includes('hunter2'), false);
      await journal.close();
    });

    test('after a change of the key everything is sealed anew, once, and what was is not needed', async () => {
      await using place = await make();
      const before = await openStored(place.options);
      const one = await kept(before);
      const two = await kept(before, '/ESCManager/v0/tenants/b');
      const three = await kept(before);
      await before.replace({ transaction: { ...three, state: state.abandoned() } });
      await before.close();

      const during = await openStored({ ...place.options, key: second, oldKeys: [first] });
      assert.deepEqual(await whole(during), { values: 3 + 2 + 2, unopened: 0, earlierUntil: 1_000_000 });
      assert.deepEqual(await whole(during), { values: 0, unopened: 0, earlierUntil: 1_000_000 });
      await during.close();

      const after = await openStored({ ...place.options, key: second });
      for (const { id, path } of [one, two]) {
        assert.deepEqual(await fieldsOf(after, id), headers);
        assert.equal((await after.get(id))?.path, path);
      }
      await after.close();
    });

    test('without the old key nothing is lost, and it is said', async () => {
      await using place = await make();
      const before = await openStored(place.options);
      await kept(before);
      await before.close();
      const between = await openStored({ ...place.options, key: second, oldKeys: [first] });
      await between.close();
      const without = await openStored({ ...place.options, key: second });
      assert.deepEqual(await whole(without), { values: 0, unopened: 3, earlierUntil: 0 });
      await without.close();
    });

    test('the command says when old keys may go', async () => {
      await using place = await make();
      const before = await openStored(place.options);
      const one = await kept(before);
      await before.close();
      const settings = {
        NORTHGATE_ESC_VIP: '127.0.0.1',
        NORTHGATE_JOURNAL_URL: place.url,
        NORTHGATE_JOURNAL_KEY: Buffer.from(second).toString('base64'),
        NORTHGATE_JOURNAL_OLD_KEYS: Buffer.from(first).toString('base64'),
      };
      const early = await northgate(['journal', 'reseal'], settings);
      assert.match(early.out, /1 transactions read; 3 values sealed anew.*\n.*must stay: ESC may still report on 1 /);
      assert.equal(early.code, 0);
      const now = await openStored({ ...place.options, key: second, oldKeys: [first] });
      await now.replace({ transaction: { ...one, state: state.abandoned() } });
      await now.close();
      const late = await northgate(['journal', 'reseal', '--json'], settings);
      assert.deepEqual(JSON.parse(late.out), {
        records: 1,
        values: 0,
        unopened: 0,
        mayStillReport: 0,
        oldKeysMayGo: true,
      });
    });
  });
}
