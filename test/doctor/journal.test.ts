/** Journals that are broken, and what the doctor calls it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '../support/free-port.ts';
import { redisSkip, startRedis } from '../support/redis.ts';
import { startGatewayWith } from '../support/world.ts';
import { type Clinic, type Diagnosis, openClinic, type Settings } from './consultation.ts';

const key = randomBytes(32).toString('base64');

const onRedis = (port: number, further: Settings = {}): Settings => ({
  NORTHGATE_JOURNAL_URL: `redis://127.0.0.1:${port}`,
  NORTHGATE_JOURNAL_KEY: key,
  ...further,
});

/** The checks of the journal alone that failed. */
const failed = (diagnosis: Diagnosis): string[] => diagnosis.ids('fail').filter((id) => id.startsWith('journal.'));

const clinicOf = (): Promise<Clinic> => openClinic({ tls: undefined });

test('a Redis that keeps what is asked: all of it is well', { skip: redisSkip }, async () => {
  await using clinic = await clinicOf();
  await using redis = await startRedis();
  const diagnosis = await clinic.consult(onRedis(redis.port));
  const passed = diagnosis.ids('pass');
  for (const id of ['reach', 'version', 'durability', 'memory-policy', 'memory', 'persistence', 'key', 'clock']) {
    assert.ok(passed.includes(`journal.${id}`), id);
  }
  assert.equal(diagnosis.code, 0);
});

test('a Redis without an append-only file does not keep what is asked', { skip: redisSkip }, async () => {
  await using clinic = await clinicOf();
  await using redis = await startRedis({ appendonly: 'no' });
  const diagnosis = await clinic.consult(onRedis(redis.port));
  assert.deepEqual(failed(diagnosis), ['journal.durability']);
  assert.match(diagnosis.of('journal.durability')[0]?.found ?? '', /appendonly is no/);
  assert.equal(diagnosis.of('journal.persistence')[0]?.status, 'warn');
  assert.equal(diagnosis.code, 1);
  const weaker = await clinic.consult(onRedis(redis.port, { NORTHGATE_JOURNAL_ALLOW_WEAKER: 'true' }));
  assert.equal(weaker.of('journal.durability')[0]?.status, 'warn');
  assert.equal(weaker.code, 0);
});

test('a Redis that syncs each second is not one that always does', { skip: redisSkip }, async () => {
  await using clinic = await clinicOf();
  await using redis = await startRedis({ appendfsync: 'everysec' });
  const diagnosis = await clinic.consult(onRedis(redis.port));
  assert.deepEqual(failed(diagnosis), ['journal.durability']);
  const content = await clinic.consult(onRedis(redis.port, { NORTHGATE_JOURNAL_DURABILITY: 'everysec' }));
  assert.deepEqual(failed(content), []);
});

test('a Redis that may evict drops records', { skip: redisSkip }, async () => {
  await using clinic = await clinicOf();
  await using redis = await startRedis({ maxmemory: '100mb', 'maxmemory-policy': 'allkeys-lru' });
  const diagnosis = await clinic.consult(onRedis(redis.port));
  assert.deepEqual(failed(diagnosis), ['journal.memory-policy']);
  assert.match(diagnosis.of('journal.memory-policy')[0]?.found ?? '', /allkeys-lru/);
  assert.equal(diagnosis.code, 1);
});

test('a Redis whose memory is nearly used up', { skip: redisSkip }, async () => {
  await using clinic = await clinicOf();
  // An empty server takes less than a megabyte of it.
  await using redis = await startRedis({ maxmemory: '512kb' });
  assert.deepEqual(failed(await clinic.consult(onRedis(redis.port))), ['journal.memory']);
});

test('fewer replicas follow than a write shall be confirmed by', { skip: redisSkip }, async () => {
  await using clinic = await clinicOf();
  await using redis = await startRedis();
  const diagnosis = await clinic.consult(onRedis(redis.port, { NORTHGATE_JOURNAL_DURABILITY: 'replicated:1' }));
  assert.deepEqual(failed(diagnosis), ['journal.durability']);
  assert.match(diagnosis.of('journal.durability')[0]?.found ?? '', /0 replicas follow/);
});

test('a Redis that cannot be reached, or that refuses the account, is named without its password', {
  skip: redisSkip,
}, async () => {
  await using clinic = await clinicOf();
  const away = await clinic.consult(onRedis(await freePort()));
  assert.deepEqual(failed(away), ['journal.reach']);
  assert.match(away.of('journal.reach')[0]?.found ?? '', /ECONNREFUSED/);
  assert.equal(away.code, 1);
  await using redis = await startRedis({ requirepass: 'right' });
  const url = { NORTHGATE_JOURNAL_URL: `redis://:wr0ng@127.0.0.1:${redis.port}` };
  const refused = await clinic.consult(onRedis(redis.port, url));
  assert.deepEqual(failed(refused), ['journal.reach']);
  assert.ok(!refused.stdout.includes('wr0ng'));
});

test('a journal that is sealed with another key', { skip: redisSkip }, async () => {
  await using clinic = await clinicOf();
  await using redis = await startRedis();
  const settings = { ...clinic.settings, ...onRedis(redis.port) };
  await (await startGatewayWith(settings)).close();
  assert.deepEqual(failed(await clinic.consult(onRedis(redis.port))), []);
  const other = { NORTHGATE_JOURNAL_KEY: randomBytes(32).toString('base64') };
  assert.deepEqual(failed(await clinic.consult(onRedis(redis.port, other))), ['journal.key']);
});

test('an embedded journal: another program’s file, a key that others may read, no directory', async () => {
  await using clinic = await clinicOf();
  const path = join(clinic.directory, 'northgate.db');
  await writeFile(path, 'some letter or other, which is no database');
  const foreign = await clinic.consult();
  assert.deepEqual(failed(foreign), ['journal.file']);
  await writeFile(path, '');
  await writeFile(`${path}.key`, randomBytes(32));
  await chmod(`${path}.key`, 0o644);
  const open = await clinic.consult();
  assert.deepEqual(failed(open), ['journal.key-file']);
  assert.match(open.of('journal.key-file')[0]?.found ?? '', /0644/);
  const nowhere = await clinic.consult({ NORTHGATE_JOURNAL_URL: `sqlite:${clinic.directory}/none/northgate.db` });
  assert.ok(failed(nowhere).includes('journal.file'));
  assert.equal(nowhere.code, 1);
});
