/** `northgate serve` as a process: what it logs, how it ends, and that no secret is in its log. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { request } from 'undici';
import { type SimulatedPair, startPair } from '../../src/sim/pair.ts';
import { type Running, start } from '../support/command.ts';
import { until } from '../support/until.ts';
import { briefly, settingsFor, tenantXml } from '../support/world.ts';

interface Place {
  readonly pair: SimulatedPair;
  readonly settings: Record<string, string>;
  [Symbol.asyncDispose](): Promise<void>;
}

async function makePlace(): Promise<Place> {
  const pair = await startPair(briefly);
  const directory = await mkdtemp(join(tmpdir(), 'northgate-'));
  return {
    pair,
    settings: settingsFor(pair, directory),
    async [Symbol.asyncDispose]() {
      await pair.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const linesOf = (serve: Running): Record<string, unknown>[] =>
  serve
    .stdout()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

async function urlOf(serve: Running, listener: string): Promise<string> {
  const find = () => linesOf(serve).find((line) => line.msg === 'listening' && line.listener === listener);
  await until(() => find() !== undefined, `${listener} listens`);
  return String(find()?.url);
}

async function ready(serve: Running): Promise<void> {
  await urlOf(serve, 'northbound');
  await until(() => linesOf(serve).some((line) => line.msg === 'the gate is open'), 'the gate is open');
}

test('it logs one line listening per listener, one line a transaction end without credentials, and SIGTERM ends it with 0', async () => {
  await using place = await makePlace();
  await using serve = start(['serve'], place.settings);
  await ready(serve);
  const northbound = await urlOf(serve, 'northbound');
  const answer = await request(`${northbound}/ESCManager/v0/tenants/alpha?secret=s3cret`, {
    method: 'POST',
    headers: { 'content-type': 'application/xml', authorization: 'Basic c2VjcmV0OnNlY3JldA==' },
    body: tenantXml('alpha'),
  });
  await answer.body.dump();
  assert.equal(answer.statusCode, 200);
  await until(() => serve.stdout().includes('transaction completed'), 'its completion is seen');
  serve.process.kill('SIGTERM');
  const { code, stdout } = await serve.ended;

  assert.equal(code, 0);
  assert.equal(linesOf(serve).filter((line) => line.msg === 'listening').length, 2);
  const [end, ...others] = linesOf(serve).filter((line) => line.msg === 'transaction completed');
  assert.deepEqual(others, []);
  assert.equal(end?.transaction, answer.headers['northgate-transaction']);
  assert.equal(end?.path, '/ESCManager/v0/tenants/alpha');
  assert.equal(end?.lane, 'tenants/alpha');
  assert.equal(end?.attempts, 1);
  assert.equal(typeof end?.durationMs, 'number');
  assert.ok(!stdout.includes('s3cret') && !stdout.includes('c2VjcmV0'));
});

test('a second signal does not wait for the drain and ends it with 1', async () => {
  await using place = await makePlace();
  await using serve = start(['serve'], { ...place.settings, NORTHGATE_DRAIN_TIMEOUT: '60s' });
  await ready(serve);
  const northbound = await urlOf(serve, 'northbound');
  place.pair.cutPath();
  const waiting = request(`${northbound}/ESCManager/v0/tenants/slow`, { method: 'POST', body: tenantXml('slow') });
  const left = waiting.then(
    () => 'answered',
    () => 'cut',
  );
  const ops = await urlOf(serve, 'ops');
  await until(async () => {
    const { body } = await request(`${ops}/v1/pair`);
    const { transactions } = (await body.json()) as { transactions: Record<string, number> };
    return (transactions['in-flight'] ?? 0) > 0;
  }, 'a request is in flight');
  serve.process.kill('SIGINT');
  await until(() => serve.stdout().includes('draining'), 'it drains');
  serve.process.kill('SIGINT');
  assert.equal((await serve.ended).code, 1);
  assert.equal(await left, 'cut');
});

test('an address that is taken ends it with 1, a fatal line and a sentence', async () => {
  await using place = await makePlace();
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  const { code, stderr, stdout } = await start(['serve'], {
    ...place.settings,
    NORTHGATE_NORTHBOUND_PORT: String(port),
  }).ended;
  taken.close();
  assert.equal(code, 1);
  assert.match(stderr, /the gateway cannot start: .*EADDRINUSE/);
  assert.match(stdout, /"level":"fatal"/);
});

test('log.pretty gives lines for people', async () => {
  await using place = await makePlace();
  await using serve = start(['serve'], { ...place.settings, NORTHGATE_LOG_PRETTY: 'true' });
  await until(() => /INFO.*: listening/.test(serve.stdout()), 'it listens');
  serve.process.kill('SIGTERM');
  assert.equal((await serve.ended).code, 0);
});
