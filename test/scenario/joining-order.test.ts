/** Who joins gets its HTTP answer first and reports after it (R23), whatever the client that it joins asked for. */
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
