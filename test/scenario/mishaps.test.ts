/**
 * One thing that goes wrong stays one thing: a record that cannot be read, a slow disk at the start, a journal that is away
 * at the end, a resource that never stays. Each of these once harmed all the others.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { request } from 'undici';
import type { Journal } from '../../src/journal/journal.ts';
import { openJournal } from '../../src/journal/open.ts';
import { startEchoWorld } from '../support/echo-world.ts';
import { until } from '../support/until.ts';
import { networkXml, settingsFor, startGatewayWith, startWorld } from '../support/world.ts';

const opening = (changed: (journal: Journal) => Partial<Journal>): typeof openJournal => {
  return async (options) => {
    const journal = await openJournal(options);
    return { ...journal, ...changed(journal) };
  };
};

test('a held request whose bytes cannot be opened waits; the gateway lives and sends the others', async () => {
  let unreadable = '';
  const open = opening((journal) => ({
    body: (id, which) => (id === unreadable ? Promise.reject(new Error('no key opens it')) : journal.body(id, which)),
  }));
  await using world = await startWorld({ internals: { open }, settings: { NORTHGATE_COMPLETION_ASK_AFTER: '1h' } });
  world.gateway.coordinator.byHand('holding');
  const prefer = { prefer: 'respond-async' };
  const damaged = await world.send('POST', '/ESCManager/v0/tenants/damaged', '<tenant/>', prefer);
  unreadable = String(damaged.headers['northgate-transaction']);
  const well = world.createTenant('well');
  await until(async () => (await world.gateway.journal.counts()).held === 2, 'both are held');
  world.gateway.coordinator.byHand('open');
  assert.equal((await well).status, 200);
  assert.equal((await world.gateway.journal.get(unreadable))?.state.status, 'held');
});

test('a disk that stands still while an earlier process is taken over from: all that it left is taken up', async () => {
  const leaseTtlMs = 600;
  await using world = await startWorld();
  await world.pair.switchover('application', { stopAt: 'P1' });
  await until(() => !world.gateway.coordinator.isOpen, 'the gate is shut');
  const prefer = { prefer: 'respond-async' };
  for (const id of ['first', 'second', 'third'])
    await world.send('POST', `/ESCManager/v0/tenants/${id}`, `<tenant><name>${id}</name></tenant>`, prefer);
  await world.gateway.close();

  let isFirst = true;
  const open = opening((journal) => ({
    replace: (replacement) => {
      const standsUntil = isFirst ? Date.now() + 3 * leaseTtlMs : 0;
      isFirst = false;
      while (Date.now() < standsUntil);
      return journal.replace(replacement);
    },
  }));
  world.gateway = await startGatewayWith(settingsFor(world.pair, world.directory), { open, leaseTtlMs });
  await world.pair.proceed();
  await until(async () => (await world.gateway.journal.counts()).completed === 3, 'all three are done');
});

test('a gateway ends though its journal is away, and what it could not record is found at the next start', async () => {
  let isAway = false;
  let refused = 0;
  const open = opening((journal) => ({
    replace: async (replacement) => {
      if (!isAway) return journal.replace(replacement);
      refused += 1;
      return { word: 'unavailable', cause: new Error('away') };
    },
  }));
  await using world = await startWorld({ internals: { open }, pair: { workMs: { tenant: 60_000 } } });
  await world.createTenant('unrecorded');
  isAway = true;
  await until(() => refused > 0, 'a look has settled it, and the journal is away');
  const closing = world.gateway.close();
  let isClosed = false;
  void closing.then(() => {
    isClosed = true;
  });
  await until(() => isClosed, 'the gateway has ended');
  world.gateway = await startGatewayWith(settingsFor(world.pair, world.directory));
  await until(async () => (await world.gateway.journal.counts()).completed === 1, 'it is found done');
});

test('R18 the time that a request was held does not count against its replay', async () => {
  await using world = await startWorld({
    settings: { NORTHGATE_REPLAY_DEADLINE: '2s', NORTHGATE_COMPLETION_ASK_AFTER: '1h' },
  });
  const { pair, gateway } = world;
  const tenant = '/ESCManager/v0/tenants/one';
  const network = '/ESCManager/v0/one/networks/inside';
  pair.inject({ fault: 'hang', when: 'before', match: { method: 'POST', path: tenant } });
  const first = world.createTenant('one');
  await until(() => pair.faultsWaiting === 0, 'ESC has the first');
  await pair.switchover('application', { stopAt: 'P1' });
  await until(() => !gateway.coordinator.isOpen, 'the gate is shut');
  // The first is answered when more than that time is over; what waited for it is sent then, and its answer gets lost.
  pair.inject({ fault: 'delay', when: 'before', delayMs: 3_000, match: { method: 'POST', path: tenant } });
  const second = world.send('POST', network, networkXml('inside'));
  await until(async () => (await gateway.journal.counts()).held === 1, 'the second is held');
  pair.inject({ fault: 'reset', when: 'before', match: { method: 'POST', path: network } });
  await pair.proceed();
  await Promise.all([first, second]);
  const [last] = await gateway.journal.list({ limit: 1 });
  assert.deepEqual(
    last?.attempts.map(({ outcome }) => outcome),
    ['unknown', 'answered'],
  );
});

test('R5 a resource that ESC accepts and never keeps ends the epoch once, not at each of its tries', async () => {
  let posts = 0;
  await using world = await startEchoWorld({
    settings: { NORTHGATE_COMPLETION_ASK_AFTER: '150ms' },
    answering: ({ method, target }, socket) => {
      const isList = target.endsWith('/tenants');
      const [status, body] = method === 'POST' ? [200, '<ok/>'] : isList ? [200, '<tenants/>'] : [404, '<error/>'];
      if (method === 'POST') posts += 1;
      socket.write(
        `HTTP/1.1 ${status} X\r\nContent-Type: application/xml\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
    },
  });
  const { coordinator } = world.gateway;
  const before = coordinator.epoch;
  const told = await request(`http://${world.host}/ESCManager/v0/tenants/gone`, { method: 'POST', body: '<tenant/>' });
  await told.body.dump();
  const awaits = async (): Promise<boolean> => (await world.transactions())[0]?.state.status === 'awaiting-operator';
  await until(awaits, 'it is left to the operator', 60_000);
  assert.ok(posts > 2, `it was sent ${posts} times`);
  assert.equal(coordinator.epoch, before + 1);
});
