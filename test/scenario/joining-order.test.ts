/**
 * What a client gets leaves the others alone: reports come after the answer of each (R23), and a 202 to one of them is
 * no answer to who still waits (R26).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Journal } from '../../src/journal/journal.ts';
import { CallbackServer } from '../callbacks/relaying.ts';
import { freePort } from '../support/free-port.ts';
import { until } from '../support/until.ts';
import { tenantXml } from '../support/world.ts';
import { type Asked, startPlace } from './joining-place.ts';

const path = '/ESCManager/v0/tenants/first';

test('R23 a completion for one who joins what wanted none comes after its answer, also where that is slow to read', async () => {
  await using client = Object.assign(new CallbackServer(), {
    [Symbol.asyncDispose]: async (): Promise<void> => client.close(),
  });
  await client.listen();
  let readable = (): void => undefined;
  const isReadable = new Promise<void>((resolve) => {
    readable = resolve;
  });
  const answersAreSlow = (journal: Journal): Journal => ({
    ...journal,
    body: async (id, which) => {
      const { path: asked } = (await journal.get(id)) ?? {};
      if (which === 'response' && asked === path) await isReadable;
      return journal.body(id, which);
    },
  });
  const port = await freePort();
  await using place = await startPlace({
    settings: {
      NORTHGATE_NORTHBOUND_PORT: String(port),
      NORTHGATE_CALLBACKS_PUBLIC_URL: `http://127.0.0.1:${port}`,
      NORTHGATE_CALLBACKS_ALLOW: '127.0.0.1',
    },
    between: answersAreSlow,
  });
  const ordered = (id: string, callback: string): Asked => ({
    path: `/ESCManager/v0/tenants/${id}`,
    body: tenantXml(id),
    headers: { 'idempotency-key': `"${id}"`, ...(callback === '' ? {} : { callback }) },
  });
  const urlOf = (mark: string): string => `http://127.0.0.1:${client.port}/cb/${mark}`;
  const heard = (mark: string): boolean => client.heard.some(({ url }) => url === `/cb/${mark}`);

  assert.equal((await place.send(ordered('first', '')).told).status, 200);
  await place.isIn(path, 'completed');
  const joined = place.send(ordered('first', urlOf('joined')));
  await until(async () => (await place.transactions(path))[0]?.joined === 1, 'its URL is recorded');
  // What comes after it and is delivered shows that the one before it is held back.
  assert.equal((await place.send(ordered('second', urlOf('second'))).told).status, 200);
  await until(() => heard('second'), 'a later completion is delivered');
  assert.ok(!heard('joined'));

  readable();
  assert.equal((await joined.told).headers['idempotent-replayed'], 'true');
  await until(() => heard('joined'), 'its completion follows its answer');
});

test('R26 a 202 to one client of a request without a key does not make the repetition of another one anew', async () => {
  await using place = await startPlace();
  await place.shut();
  const asked: Asked = { path, body: tenantXml('first') };
  const waits = place.send(asked);
  await place.isIn(path, 'held');
  assert.equal((await place.send({ ...asked, headers: { prefer: 'respond-async' } }).told).status, 202);
  waits.leave();
  await assert.rejects(waits.told);
  const again = place.send(asked);
  await place.recognised(path, 3);
  await place.pair.proceed();
  assert.equal((await again.told).status, 200);
  await place.settled();
  assert.equal(place.executed(path), 1);
  assert.equal((await place.transactions(path)).length, 1);
});
