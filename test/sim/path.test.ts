// The path between a client and the VIP dies and comes back: what a client has given up is executed late or not,
// depending on how it gave up (reference/lab.md 3.3). Rule R7 of the gateway is tested against this behaviour.
import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { test } from 'node:test';
import { Agent, request } from 'undici';
import { Line, settle, startWorld, tenantXml, until } from './support.ts';

const executed = (world: { pair: { requests: readonly { path: string }[] } }, id: string): boolean =>
  world.pair.requests.some(({ path }) => path.endsWith(`/${id}`));

for (const when of ['before', 'while'] as const) {
  test(`a request given up with a close is executed when the path is back, connected ${when} it was dead`, async () => {
    await using world = await startWorld();
    const { pair } = world;
    if (when === 'while') pair.cutPath();
    const line = await Line.open(pair.vip, pair.ports.rest);
    pair.cutPath();
    await line.post('/tenants/late', tenantXml);
    await settle();
    assert.equal(executed(world, 'late'), false, 'nothing is delivered while the path is dead');
    line.socket.destroy();
    await settle();
    pair.healPath();
    await until(() => executed(world, 'late'));
    await until(() => world.stateOf('late') === 'active');
  });

  test(`a request given up with a reset is never executed, connected ${when} the path was dead`, async () => {
    await using world = await startWorld();
    const { pair } = world;
    if (when === 'while') pair.cutPath();
    const line = await Line.open(pair.vip, pair.ports.rest);
    pair.cutPath();
    await line.post('/tenants/never', tenantXml);
    await settle();
    line.socket.resetAndDestroy();
    await settle();
    pair.healPath();
    await world.call('POST', '/tenants/later', { body: tenantXml });
    await settle();
    assert.equal(executed(world, 'never'), false);
    assert.equal(world.stateOf('never'), undefined);
  });
}

/** Resolves when undici has handed the body of a request to its socket. */
function bodySent(path: string): Promise<void> {
  const channel = 'undici:request:bodySent';
  return new Promise((resolve) => {
    const heard = (message: unknown): void => {
      if (!(message as { request: { path: string } }).request.path.endsWith(path)) return;
      unsubscribe(channel, heard);
      resolve();
    };
    subscribe(channel, heard);
  });
}

test('an undici request that was aborted is executed when the path is back, since abort only closes', async () => {
  await using world = await startWorld();
  const { pair } = world;
  const agent = new Agent();
  const url = `http://${pair.vip}:${pair.ports.rest}/ESCManager/v0/tenants`;
  await (await request(url, { dispatcher: agent })).body.dump();
  pair.cutPath();
  const abort = new AbortController();
  const sent = request(`${url}/aborted`, { method: 'POST', body: tenantXml, dispatcher: agent, signal: abort.signal });
  await bodySent('/aborted');
  abort.abort();
  await assert.rejects(sent);
  await agent.destroy();
  pair.healPath();
  await until(() => executed(world, 'aborted'));
});

test('a client that waits gets its answer when the path is back', async () => {
  await using world = await startWorld();
  const { pair } = world;
  const line = await Line.open(pair.vip, pair.ports.rest);
  pair.cutPath();
  await line.post('/tenants/patient', tenantXml);
  await settle();
  assert.equal(line.text, '');
  pair.healPath();
  await until(() => line.text.includes('200 OK'));
});

test('an answer that was on its way when the path died arrives when it is back', async () => {
  await using world = await startWorld({ answerDelayMs: 200, answerDelayAt: 'after-commit' });
  const { pair } = world;
  const line = await Line.open(pair.vip, pair.ports.rest);
  await line.post('/tenants/slow', tenantXml);
  await until(() => world.stateOf('slow') !== undefined);
  pair.cutPath();
  await until(() => pair.requests.length === 1);
  await settle();
  assert.equal(line.text, '');
  pair.healPath();
  await until(() => line.text.includes('200 OK'));
});

test('the path to the nodes themselves is another one and stays', async () => {
  await using world = await startWorld();
  world.pair.cutPath();
  const answer = await world.health({ at: world.pair.activeNode });
  assert.equal(answer.status, 200);
});

test('a frozen node executes what had arrived when it thaws, even if the client has reset', async () => {
  await using world = await startWorld();
  const { pair } = world;
  const old = pair.activeNode;
  pair.freeze(old);
  const line = await Line.open(pair.vip, pair.ports.rest);
  await line.post('/tenants/stale', tenantXml);
  await settle();
  line.socket.resetAndDestroy();
  await settle();
  assert.equal(executed(world, 'stale'), false);
  pair.thaw(old);
  await until(() => executed(world, 'stale'));
});

test('a frozen node that lost the VIP still executes late, on the VIM but not in the replicated store', async () => {
  await using world = await startWorld();
  const { pair } = world;
  const old = pair.activeNode;
  pair.freeze(old);
  const line = await Line.open(pair.vip, pair.ports.rest);
  await line.post('/tenants/zombie', tenantXml);
  await settle();
  await pair.switchover('dead-vm');
  await pair.ready();
  assert.equal(executed(world, 'zombie'), false);
  pair.thaw(old);
  await until(() => world.effects().includes('created zombie'));
  assert.equal(pair.requests.find(({ path }) => path.endsWith('/zombie'))?.node, old);
  assert.equal(world.stateOf('zombie'), undefined);
  assert.equal(line.text, '', 'its answer is not the VIP’s any more');
});

test('what was on a dead path when its client reset never reaches a frozen node either', async () => {
  await using world = await startWorld();
  const { pair } = world;
  const line = await Line.open(pair.vip, pair.ports.rest);
  pair.freeze(pair.activeNode);
  pair.cutPath();
  await line.post('/tenants/never', tenantXml);
  await settle();
  line.socket.resetAndDestroy();
  await settle();
  pair.healPath();
  pair.thaw(pair.activeNode);
  await world.make('/tenants/later', tenantXml);
  assert.equal(executed(world, 'never'), false);
});

test('a client that closes its own side only still gets its answer', async () => {
  await using world = await startWorld({ answerDelayMs: 20 });
  const { pair } = world;
  const line = await Line.open(pair.vip, pair.ports.rest);
  line.socket.allowHalfOpen = true;
  await line.post('/tenants/half', tenantXml);
  line.socket.end();
  await until(() => line.text.includes('200 OK'));
});
