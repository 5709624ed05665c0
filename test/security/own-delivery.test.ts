// A client's callback URL that names the gateway itself, or another Northgate: what comes round is refused, and orders nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { request } from 'undici';
import { type CompletionWorld, startCompletionWorld } from '../support/completion.ts';
import { operationNamed } from '../support/completion-operations.ts';

const create = operationNamed('create a tenant');

/** Orders a tenant with this callback URL; what became of the delivery. */
async function orderedWith(world: CompletionWorld, subject: string, callback: string): Promise<string> {
  const ordered = world.order(create, subject, { Callback: callback });
  assert.equal((await ordered.told).status, 200);
  const { reports } = await world.ended(ordered);
  return reports.map(({ delivery }) => (delivery.state === 'dead' ? delivery.lastError : delivery.state)).join();
}

test('a callback URL that names the gateway’s own ports makes a dead letter at once, and nothing is ordered by it', async () => {
  await using world = await startCompletionWorld({ place: 71 });
  const { northbound, ops, journal } = world.world.gateway;
  const port = String(northbound.port);
  const targets = [
    `http://127.0.0.1:${port}/ESCManager/v0/tenants/looped`,
    `http://nfvo:secret@127.0.0.1:${port}/ESCManager/v0/tenants/looped`,
    `http://127.0.0.1:${port}/northgate/v1/transactions/looped`,
    `${ops.url}/v1/observations`,
    `${ops.url}/console/acts`,
  ];
  const before = (await journal.list({ limit: 1000 })).length;
  for (const [index, target] of targets.entries()) {
    const { origin } = new URL(target);
    assert.equal(await orderedWith(world, `tenant-${index}`, target), `${origin} answered 400`, target);
  }
  const paths = (await journal.list({ limit: 1000 })).map(({ path }) => path);
  assert.equal(paths.length, before + targets.length);
  assert.deepEqual(
    [...paths, ...world.pair.requests.map(({ path }) => path)].filter((path) => path.includes('looped')),
    [],
  );
});

test('whoever sends a Northgate-Delivery to a gateway is told that it goes in a circle; ESC’s reports may bear one', async () => {
  await using world = await startCompletionWorld({ place: 72 });
  const { northbound, ops } = world.world.gateway;
  const headers = { 'northgate-delivery': 'another-gateways-1' };
  for (const [url, method] of [
    [`${northbound.url}/ESCManager/v0/tenants`, 'GET'],
    [`${northbound.url}/ESCManager/v0/tenants/a`, 'POST'],
    [`${northbound.url}/northgate/v1/openapi.json`, 'GET'],
    [`${ops.url}/v1/pair`, 'GET'],
    [`${ops.url}/livez`, 'GET'],
    [`${ops.url}/v1/gate`, 'PUT'],
  ] as const) {
    const { statusCode, body } = await request(url, { method, headers });
    const { type, detail } = (await body.json()) as { type: string; detail: string };
    assert.deepEqual([statusCode, type], [400, 'urn:northgate:problem:callback-refused'], url);
    assert.match(detail, /leads in a circle/);
  }
  // A gateway in ESC's place reports so. This token is nobody's, which is another matter.
  const { statusCode, body } = await request(`${northbound.url}/northgate/v1/callbacks/none`, {
    method: 'POST',
    headers,
  });
  await body.dump();
  assert.equal(statusCode, 404);
});
