/** 200 copies of one request at once: one transaction, one effect, 200 equal answers, wherever the first one stands. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import supertest from 'supertest';
import { request } from 'undici';
import { echo, type HeardRequest } from '../support/echo-esc.ts';
import { startEchoWorld } from '../support/echo-world.ts';
import { redisSkip } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { type Told, tenantXml } from '../support/world.ts';
import { startPlace } from './joining-place.ts';

const copiesCount = 200;
const path = '/ESCManager/v0/tenants/copied';
const body = tenantXml('copied');
const ways = [
  { name: 'with one key', headers: { 'idempotency-key': '"one"' } },
  { name: 'without a key', headers: {} },
];

/** One answer that all of them got; the transaction that they name. */
function assertEqual(told: readonly Told[], status: number): string {
  assert.equal(told.length, copiesCount);
  const [first] = told;
  assert.equal(first?.status, status, first?.body);
  for (const each of told) {
    assert.deepEqual([each.status, each.body], [first?.status, first?.body]);
    for (const name of ['northgate-transaction', 'esc-transaction-id', 'content-type'])
      assert.equal(each.headers[name], first?.headers[name], name);
  }
  return String(first?.headers['northgate-transaction']);
}

for (const { name, headers } of ways) {
  test(`R26 200 copies ${name}, the gate open and ESC at work on the first: it gets one request`, async () => {
    const waiting: (() => void)[] = [];
    const answering = (
      heard: HeardRequest,
      socket: Parameters<typeof echo>[1],
      connection: Parameters<typeof echo>[2],
    ) => void waiting.push(() => echo(heard, socket, connection));
    await using world = await startEchoWorld({ answering });
    const send = async (): Promise<Told> => {
      const answer = await request(`${world.gateway.northbound.url}${path}`, { method: 'POST', headers, body });
      return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() };
    };
    const sent = Promise.all(Array.from({ length: copiesCount }, send));
    const recognised = /^northgate_journal_call_seconds_count\{operation="create",result="[a-z]+"\} (\d+)$/m;
    await until(async () => {
      const { text } = await supertest(world.gateway.ops.url).get('/metrics');
      return Number(recognised.exec(text)?.[1] ?? 0) === copiesCount;
    }, 'the journal has been asked for each');
    for (const answer of waiting) answer();

    const id = assertEqual(await sent, 200);
    assert.deepEqual(
      (await world.transactions()).map((each) => each.id),
      [id],
    );
    assert.equal(world.esc.requests.filter(({ method }) => method === 'POST').length, 1);
  });
}

for (const journal of ['the embedded journal', 'Redis'] as const) {
  for (const { name, headers } of ways) {
    const skip = journal === 'Redis' && redisSkip;
    test(`R26 200 copies ${name}, held through a switchover, on ${journal}: one is sent`, { skip }, async () => {
      await using place = await startPlace({ journal });
      await place.shut();
      const sent = Array.from({ length: copiesCount }, () => place.send({ path, body, headers }));
      await place.recognised(path, copiesCount);
      assert.equal((await place.gateway.journal.counts()).held, 1);
      await place.pair.proceed();

      const id = assertEqual(await Promise.all(sent.map(({ told }) => told)), 200);
      assert.deepEqual(
        (await place.transactions(path)).map((each) => each.id),
        [id],
      );
      assert.equal(place.executed(path), 1);
      await place.settled();
      assert.equal(place.pair.ledger.length, 1);
    });

    test(`R26 200 copies ${name} of one that ESC executed and did not answer, on ${journal}: it stays one`, {
      skip,
    }, async () => {
      await using place = await startPlace({ journal });
      place.pair.inject({ fault: 'hang', when: 'after', match: { method: 'POST' } });
      const sent = Array.from({ length: copiesCount }, () => place.send({ path, body, headers }));
      await place.recognised(path, copiesCount);
      await until(
        () => place.pair.resources().some(({ id, state }) => id === 'copied' && state.is === 'active'),
        'done',
      );
      await place.pair.switchover('dead-vm');

      const id = assertEqual(await Promise.all(sent.map(({ told }) => told)), 201);
      assert.deepEqual(
        (await place.transactions(path)).map((each) => each.id),
        [id],
      );
      assert.equal(place.executed(path), 1);
      assert.equal(place.pair.ledger.length, 1);
    });
  }
}
