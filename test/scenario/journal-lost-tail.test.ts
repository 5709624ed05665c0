/**
 * The journal's Redis fails over and the new master lacks the last words of the old one (R34). What a gateway knows to have
 * been confirmed it writes back, so that nothing is lost and nothing is done twice. Real Sentinels, real processes.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { request } from 'undici';
import { CallbackServer } from '../callbacks/relaying.ts';
import { freePort } from '../support/free-port.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { cutReplication, hasRecord, mendReplication } from '../support/lost-tail.ts';
import { redisSkip } from '../support/redis.ts';
import { startCluster } from '../support/redis-cluster.ts';
import { type Sentinels, startSentinels } from '../support/redis-sentinels.ts';
import { pairSeenBy, startReplicas } from '../support/replicas.ts';
import { until } from '../support/until.ts';
import { deploymentXml, type Told } from '../support/world.ts';

const options = { skip: redisSkip };

const addressesOf = (hosts: readonly { readonly host: string; readonly port: number }[]): string =>
  hosts.map(({ host, port }) => `${host}:${port}`).join(',');

const sentinelUrlOf = ({ url }: Sentinels): string => `redis+sentinel://${addressesOf(url.sentinels)}/${url.name}`;

/** A place that loses its last words when it fails over, which is only taken with `allowWeaker`. */
const settingsOf = (url: string): Record<string, string> => ({
  NORTHGATE_JOURNAL_URL: url,
  NORTHGATE_JOURNAL_DURABILITY: 'everysec',
  NORTHGATE_JOURNAL_ALLOW_WEAKER: 'true',
});

async function metric(gateway: GatewayProcess, name: string): Promise<string> {
  const text = await (await request(`${gateway.opsUrl}/metrics`)).body.text();
  return text.split('\n').find((line) => line.startsWith(name)) ?? '';
}

function assertRefused({ status, body }: Told): void {
  assert.equal(status, 503, body);
  assert.match(body, /problem:journal-unavailable/);
  // Where another gateway lives, a creation whose fate is unknown may be taken up by that one.
  assert.match(body, /"sent":"(?:no|maybe)"/);
}

test(
  'R34 a confirmed transaction that the new master lacks is written back with key and delivery, joined, and done once',
  options,
  async () => {
    await using client = new AsyncDisposableStack();
    const listener = new CallbackServer();
    client.defer(() => listener.close());
    await listener.listen();
    listener.answering = () => 503;
    await using group = await startSentinels({ downAfterMs: 2500, settings: { appendfsync: 'everysec' } });
    const port = await freePort();
    await using site = await startReplicas({
      settings: {
        ...settingsOf(sentinelUrlOf(group)),
        NORTHGATE_NORTHBOUND_PORT: String(port),
        NORTHGATE_CALLBACKS_PUBLIC_URL: `http://127.0.0.1:${port}`,
        NORTHGATE_CALLBACKS_ALLOW: '127.0.0.1',
        NORTHGATE_COMPLETION_ASK_AFTER: '30s',
      },
    });
    const gateway = await site.gateway();
    await site.createTenant(gateway, 'shop');
    await site.settled();
    const epoch = await site.journal.epoch();

    const master = await group.master();
    const replicas = group.servers.filter((each) => each !== master);
    await cutReplication(master, replicas);
    const headers = { 'Idempotency-Key': '"once"', Callback: `http://127.0.0.1:${listener.port}/cb` };
    const web = '/ESCManager/v0/shop/deployments/web';
    const told = await site.send(gateway, 'POST', web, { body: deploymentXml('web'), headers });
    assert.equal(told.status, 200);
    const isSettled = async (): Promise<boolean> => (await site.record('/web')).state.status === 'completed';
    await until(
      async () => (await isSettled()) && listener.heard.length > 0,
      'it is done, and its client takes nothing',
    );
    // ESC executes it and never says so: its client waits on.
    site.pair.inject({ fault: 'hang', when: 'after', match: { method: 'POST', path: '/silent' } });
    const silent = site.createTenant(gateway, 'silent', { 'Idempotency-Key': '"silent"' });
    await until(() => site.executed('POST', '/silent') === 1, 'ESC has it');
    const before = await site.record('/web');
    for (const each of [master, ...replicas])
      assert.equal(await hasRecord(each, before.id), each === master, 'only the master has it');

    await master.kill9();
    assertRefused(await site.createTenant(gateway, 'refused'));
    await mendReplication(replicas);
    await group.replaced(master);
    await until(async () => (await pairSeenBy(gateway)).epoch > epoch, 'the epoch ended', 120_000);

    const again = await site.send(gateway, 'POST', web, { body: deploymentXml('web'), headers });
    assert.deepEqual([again.status, again.headers['idempotent-replayed']], [200, 'true']);
    assert.deepEqual([again.headers['northgate-transaction'], again.body], [before.id, told.body]);
    assert.equal(Math.floor((await silent).status / 100), 2);
    const restored = await site.record('/web');
    assert.deepEqual([restored.sequence, restored.state], [before.sequence, before.state]);
    assert.equal(await site.journal.epoch(), epoch + 1);
    listener.answering = () => 200;
    const triedBefore = listener.heard.length;
    await site.settled();
    const taken = listener.heard.slice(triedBefore).map(({ delivery }) => delivery);
    assert.deepEqual([taken.length > 0, taken], [true, [...new Set(taken)]], 'its delivery is made, once');

    for (const id of ['web', 'silent']) {
      const effects = site.pair.ledger.filter((effect) => effect.id === id && effect.kind === 'created');
      assert.deepEqual([effects.length, site.executed('POST', `/${id}`)], [1, 1], id);
    }
    assert.equal(site.executed('POST', '/refused'), 0);
    assert.match(
      JSON.stringify(await pairSeenBy(gateway)),
      /2 transactions were written back, .* 0 could not be \(R34\)/,
    );
    assert.match(await metric(gateway, 'northgate_journal_restored_total'), /result="restored"\} 2/);
  },
);

test(
  'R34 a cluster’s node dies with its last words: they are written back at the node that takes over',
  options,
  async () => {
    const settings = { appendfsync: 'everysec' };
    await using cluster = await startCluster({ replicas: 1, nodeTimeoutMs: 3000, settings });
    await using site = await startReplicas({
      settings: settingsOf(`redis+cluster://${addressesOf(cluster.url.nodes)}`),
    });
    const [gateway, other] = await Promise.all([site.gateway(), site.gateway()]);
    const key = '{northgate:default}:journal';
    const node = await cluster.nodeOf(key);
    const others = cluster.nodes.filter((each) => each !== node);
    await site.createTenant(gateway, 'kept');
    await site.settled();
    const epoch = await site.journal.epoch();

    await cutReplication(node, others);
    const headers = { 'Idempotency-Key': '"lost"' };
    const told = await site.createTenant(gateway, 'lost', headers);
    assert.equal(told.status, 200);
    await site.settled();
    const before = await site.record('/lost');
    await node.kill9();
    assertRefused(await site.createTenant(gateway, 'refused'));
    await mendReplication(others);
    await until(async () => (await cluster.nodeOf(key, node)) !== node, 'the replica takes over', 120_000);
    for (const each of [gateway, other])
      await until(async () => (await pairSeenBy(each)).epoch > epoch, 'the epoch ended', 120_000);

    let again: Told | null = null;
    await until(async () => {
      again = await site.createTenant(other, 'lost', headers);
      return again.status !== 503;
    }, 'the other gateway serves');
    const { status, body, headers: fields } = again as unknown as Told;
    assert.deepEqual([status, body, fields['northgate-transaction']], [200, told.body, before.id]);
    assert.deepEqual(await site.journal.get(before.id), before);
    assert.deepEqual([site.created('lost'), site.executed('POST', '/lost')], [1, 1]);
    assert.equal(site.executed('POST', '/refused'), 0);
  },
);
