// Switchovers of the simulated pair: the six causes with their symptoms, the phases, roles, replication, health codes
// (reference/esc.md 6.4; 10, items 1 to 6, 21, 22; reference/lab.md 3).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cause } from '../../src/sim/takeover.ts';
import { Line, networkXml, settle, startWorld, tenantXml, until, type World } from './support.ts';

/** Turns of the event loop without an answer that are silence: client and pair are in one process, so both had them. */
const silentRounds = 100;

/** What connecting now and asking gives: silence, refused, or the status. */
async function ask(world: World, port: number, path: string, at: string = world.pair.vip): Promise<string> {
  const line = await Line.open(at, port);
  if (line.end === 'open') {
    await line.get(path);
    for (let round = 0; round < silentRounds && line.text === '' && line.end === 'open'; round++) await settle(1);
  }
  line.socket.destroy();
  if (line.text !== '') return line.text.split(' ')[1] ?? '';
  return line.end === 'open' ? 'silence' : line.end;
}

const rest = (world: World, at?: string): Promise<string> =>
  ask(world, world.pair.ports.rest, '/ESCManager/v0/tenants', at);
const monitor = (world: World, at?: string): Promise<string> => ask(world, world.pair.ports.health, '/esc/health', at);
const codeOf = (body: string): string | undefined => /<status_code>(\d+)</.exec(body)?.[1];

type Seen = { established: Line['end']; rest: string; health: string; code?: string };

const symptomsOf: Record<Cause, Seen> = {
  network: { established: 'open', rest: 'silence', health: 'silence' },
  power: { established: 'open', rest: 'silence', health: 'silence' },
  'dead-vm': { established: 'open', rest: 'silence', health: 'silence' },
  planned: { established: 'reset', rest: 'refused', health: 'refused' },
  hardware: { established: 'open', rest: 'silence', health: '200', code: '5090' },
  application: { established: 'reset', rest: 'refused', health: '200', code: '5010' },
};

for (const [cause, seen] of Object.entries(symptomsOf) as [Cause, Seen][]) {
  test(`${cause}: a request under way sees ${seen.established}, new ones ${seen.rest}, health ${seen.health}`, async () => {
    await using world = await startWorld();
    const { pair } = world;
    const delayMs = 100;
    pair.inject({ fault: 'delay', when: 'before', delayMs, match: { method: 'POST' } });
    const line = await Line.open(pair.vip, pair.ports.rest);
    await line.post('/tenants/t', tenantXml);
    await until(() => pair.faultsWaiting === 0);
    const answerDueAt = Date.now() + delayMs;
    await pair.switchover(cause, { stopAt: 'P0' });
    assert.equal(await rest(world), seen.rest);
    assert.equal(await monitor(world), seen.health);
    if (seen.code) assert.equal(codeOf((await world.health()).body), seen.code);
    await until(() => Date.now() > answerDueAt);
    await settle(40);
    assert.equal(line.end, seen.established);
    assert.equal(line.text, '', 'no answer');
    assert.equal(pair.phase, 'P0');
    await pair.proceed();
    await pair.ready();
    assert.equal(pair.activeNode, pair.nodes[1]);
    assert.equal(world.stateOf('t'), undefined, 'what waited inside the old active is gone');
    assert.equal((await world.call('POST', '/tenants/t', { body: tenantXml })).status, 200);
    line.socket.destroy();
  });
}

test('the VIP moves before anything listens: refused, a page for people, INIT, READY', async () => {
  await using world = await startWorld();
  const { pair } = world;
  await pair.switchover('dead-vm', { stopAt: 'P1', phases: { P0: 0 } });
  assert.equal(pair.phase, 'P1');
  assert.equal(pair.activeNode, pair.nodes[1]);
  assert.equal(await rest(world), 'refused');
  assert.equal(await rest(world, pair.nodes[0]), 'silence', 'the dead node’s own address');
  await pair.proceed();

  await pair.switchover('dead-vm', { stopAt: 'P2', phases: { P0: 0, P1: 0 } });
  const pages = [await world.call('GET', '/tenants'), await world.call('POST', '/tenants/t', { body: tenantXml })];
  assert.deepEqual(pages.map(({ status }) => status).sort(), [404, 503]);
  assert.ok(pages.every(({ headers }) => String(headers['content-type']).startsWith('text/html')));
  assert.equal(codeOf((await world.health()).body)?.[0], '5');

  await pair.switchover('dead-vm', { stopAt: 'P3', phases: { P0: 0, P1: 0, P2: 0 } });
  assert.equal((await world.call('GET', '/tenants')).status, 200, 'reading works');
  assert.equal((await world.call('POST', '/tenants/t', { body: tenantXml })).status, 503);
  const report = await world.health();
  assert.equal(codeOf(report.body), '2010');
  assert.match(report.body, /<stage>INIT</);
  await pair.proceed();
  await pair.ready();
  assert.match((await world.health()).body, /<stage>READY</);
});

test('connections left over from the old active are reset by what their client sends after the VIP moved', async () => {
  await using world = await startWorld();
  const { pair } = world;
  const quiet = await Line.open(pair.vip, pair.ports.rest);
  const talking = await Line.open(pair.vip, pair.ports.rest);
  const direct = await Line.open(pair.nodes[0], pair.ports.rest);
  await pair.switchover('power', { stopAt: 'P0' });
  await talking.get('/ESCManager/v0/tenants');
  await settle();
  assert.equal(talking.end, 'open');
  await pair.proceed();
  await until(() => talking.end === 'reset');
  await pair.ready();
  assert.equal(quiet.end, 'open', 'nobody tells a client that says nothing');
  await quiet.get('/ESCManager/v0/tenants');
  await until(() => quiet.end === 'reset');
  assert.equal(direct.end, 'open');
  await pair.bringPeerBack();
  await until(() => direct.end === 'reset');
  assert.deepEqual(pair.requests, []);
});

test('connections may be reset at the move, or closed in P0, where a switchover says so', async () => {
  await using world = await startWorld();
  const { pair } = world;
  const first = await Line.open(pair.vip, pair.ports.rest);
  await pair.switchover('network', { atMove: 'reset' });
  await until(() => first.end === 'reset');
  await pair.ready();
  const second = await Line.open(pair.vip, pair.ports.rest);
  await pair.switchover('application', { established: 'close', rest: 'silent' });
  await until(() => second.end === 'closed');
});

test('both nodes see the same committed resources, and a failback sees what the other one wrote', async () => {
  await using world = await startWorld();
  const { pair } = world;
  await world.make('/tenants/t', tenantXml);
  await pair.switchover('planned');
  await pair.ready();
  assert.equal((await world.call('GET', '/tenants/t')).status, 200);
  await world.make('/t/networks/n', networkXml);
  await pair.failback();
  await pair.ready();
  assert.equal(pair.activeNode, pair.nodes[0]);
  assert.equal((await world.call('GET', '/t/networks/n')).status, 200);
  assert.deepEqual(pair.requests.map(({ node }) => node).filter((node) => node === pair.nodes[1]).length, 2);
});

test('a lagging standby has not got the last commits', async () => {
  await using world = await startWorld({ replicationLagCommits: 1 });
  await world.make('/tenants/t', tenantXml);
  await world.pair.switchover('power');
  assert.equal(world.stateOf('t'), 'in-progress', 'the commit of its end is lost');
});

test('services start in the order of depend_on, and health says 5090, 5010, then 2010 until the peer is back', async () => {
  // Slowly enough for each code to be met by a question: `escmanager` is the last to start for 600 ms.
  const phases = { P0: 0, P1: 40_000, P2: 8000, P3: 8000 };
  await using world = await startWorld({ timeScale: 0.1, phases, peerReturnMs: 10_000 });
  const { pair } = world;
  await pair.switchover('dead-vm');
  const codes: string[] = [];
  let services = 0;
  await until(async () => {
    const { body } = await world.health().catch(() => ({ body: '' }));
    const code = codeOf(body);
    if (code !== undefined && code !== codes.at(-1)) codes.push(code);
    assert.ok(pair.services().length >= services, 'none stops again');
    services = pair.services().length;
    return code === '2000';
  });
  assert.deepEqual(codes, ['5090', '5010', '2010', '2000']);
  assert.equal(pair.services().at(-1), 'escmanager');
  assert.equal(pair.activeNode, pair.nodes[1], 'nothing fails back by itself');
});

test('a standby refuses REST, and its health port refuses or says 5xxx by profile', async () => {
  for (const standbyHealth of ['refused', '5xxx'] as const) {
    for (const healthStatus of ['always-200', 'follows'] as const) {
      await using world = await startWorld({ profiles: { standbyHealth, healthStatus } });
      const standby = world.pair.nodes[1];
      assert.equal(await rest(world, standby), 'refused');
      const shown = healthStatus === 'follows' ? '503' : '200';
      assert.equal(await monitor(world, standby), standbyHealth === 'refused' ? 'refused' : shown);
      if (standbyHealth === '5xxx') assert.equal(codeOf((await world.health({ at: standby })).body), '5090');
    }
  }
});

test('health is XML or JSON as asked for, bare or wrapped by profile', async () => {
  for (const healthJson of ['flat', 'wrapped'] as const) {
    await using world = await startWorld({ profiles: { healthJson } });
    assert.match((await world.health()).body, /<esc_health_report><status_code>2000</);
    const json = JSON.parse((await world.health({ headers: { accept: 'application/json' } })).body);
    const report = healthJson === 'flat' ? json : json.esc_health_report;
    assert.deepEqual([report.status_code, report.stage], [2000, 'READY']);
  }
});

test('health may say READY before provisioning is taken', async () => {
  await using world = await startWorld({ profiles: { healthReadyEarlyMs: 20_000 } });
  await world.pair.switchover('planned', { stopAt: 'P3' });
  await until(() => world.pair.phase === 'P3');
  await until(async () => (await world.health()).body.includes('READY'));
  assert.equal((await world.call('POST', '/tenants/t', { body: tenantXml })).status, 503);
});

test('health can be told what to say', async () => {
  await using world = await startWorld();
  world.pair.overrideHealth({ statusCode: 2020, stage: 'READY' });
  assert.equal(codeOf((await world.health()).body), '2020');
  world.pair.overrideHealth('silent');
  assert.equal(await monitor(world), 'silence');
  world.pair.overrideHealth(undefined);
  assert.equal(codeOf((await world.health()).body), '2000');
});

test('a second switchover during the first goes back', async () => {
  await using world = await startWorld();
  const { pair } = world;
  await world.make('/tenants/t', tenantXml);
  await pair.switchover('power', { stopAt: 'P1', phases: { P0: 0 } });
  assert.equal(pair.activeNode, pair.nodes[1]);
  await pair.switchover('dead-vm');
  await pair.ready();
  assert.equal(pair.activeNode, pair.nodes[0]);
  assert.equal((await world.call('GET', '/tenants/t')).status, 200);
});

test('in a split brain both nodes answer the VIP in turns, and the second one’s writes are lost', async () => {
  await using world = await startWorld();
  const { pair } = world;
  await pair.splitBrain(true);
  for (const id of ['a', 'b']) {
    const line = await Line.open(pair.vip, pair.ports.rest);
    await line.post(`/tenants/${id}`, tenantXml);
    await until(() => line.text.includes('200'));
    line.socket.destroy();
  }
  assert.equal(new Set(pair.requests.map(({ node }) => node)).size, 2);
  await until(() => world.effects().length === 2);
  await pair.splitBrain(false);
  assert.equal([world.stateOf('a'), world.stateOf('b')].filter((state) => state === 'active').length, 1);
});
