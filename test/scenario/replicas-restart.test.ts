/**
 * A rolling restart: SIGTERM hands transactions over at once, and clients behind a plain TCP balancer see nothing that they
 * would not see of one gateway that drains.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from 'undici';
import { Balancer } from '../chaos/balancer.ts';
import { freePort } from '../support/free-port.ts';
import { redisSkip } from '../support/redis.ts';
import { nameOf, type Replicas, startReplicas } from '../support/replicas.ts';
import { until } from '../support/until.ts';

const options = { skip: redisSkip };
const clients = 12;

test(
  'what a gateway holds or has sent when it is told to end is taken up at once, and its clients get 202',
  options,
  async () => {
    await using site = await startReplicas({ settings: { NORTHGATE_DRAIN_TIMEOUT: '1s' } });
    // Nobody takes up anything because a lease ran out.
    const slow = { leaseTtlMs: 120_000 };
    const [first, second] = await Promise.all([site.gateway(slow), site.gateway(slow)]);
    const heir = await nameOf(second);
    site.pair.inject({ fault: 'hang', when: 'before', match: { method: 'POST', path: '/sent' } });
    const sent = site.createTenant(first, 'sent');
    await until(() => site.pair.faultsWaiting === 0, 'ESC has it');
    await site.shut(first, second);
    const held = site.createTenant(first, 'held');
    await site.counted('held', 1);

    assert.equal(await first.end(), 0);

    for (const told of [await sent, await held]) assert.equal(told.status, 202, told.body);
    await until(async () => (await site.record('/held')).owner === heir, 'what was held was taken up');
    await until(async () => (await site.record('/sent')).owner === heir, 'what was sent was taken up');
    await site.pair.proceed();
    await site.settled();
    for (const id of ['sent', 'held']) {
      assert.equal((await site.record(`/${id}`)).state.status, 'completed');
      assert.deepEqual([site.created(id), site.executed('POST', `/${id}`)], [1, 1], id);
    }
  },
);

test(
  'a client on a connection of its own is told to go elsewhere, and its connection does not break',
  options,
  async () => {
    await using site = await startReplicas();
    // As long as `drain.timeout`, for the sake of slow machines.
    const gateway = await site.gateway({ lingerMs: 60_000 });
    const client = new Client(gateway.url, { pipelining: 1 });
    await using parts = new AsyncDisposableStack();
    parts.defer(() => client.destroy());
    const ask = async () => {
      const answer = await client.request({ method: 'GET', path: '/ESCManager/v0/tenants' });
      await answer.body.dump();
      return answer;
    };
    assert.equal((await ask()).statusCode, 200);
    const ended = gateway.end();
    let last = await ask();
    // One request after the other on one connection; it would throw if that broke before it was told.
    while (last.statusCode === 200) last = await ask();
    assert.deepEqual([last.statusCode, last.headers.connection], [503, 'close']);
    assert.equal((await site.createTenant(gateway, 'late')).status, 503, 'who comes now is told too');
    assert.equal(await ended, 0);
  },
);

test(
  'three gateways are restarted one after the other under load: no connection breaks, and every request is done once',
  options,
  async () => {
    await using site = await startReplicas({ pair: { answerDelayMs: 20 } });
    const ports = [await freePort(), await freePort(), await freePort()];
    const start = (index: number) =>
      site.gateway({ lingerMs: 3_000, settings: { NORTHGATE_NORTHBOUND_PORT: String(ports[index]) } });
    const gateways = await Promise.all([start(0), start(1), start(2)]);
    await using parts = new AsyncDisposableStack();
    const balancer = new Balancer(ports);
    parts.defer(() => balancer.close());
    const port = await freePort();
    await balancer.listen(port);
    const load = new Load(site, `http://127.0.0.1:${port}`);
    const loading = load.run(clients);
    await until(() => load.done > 20, 'requests go through');

    for (const index of [0, 1, 2] as const) {
      assert.equal(await gateways[index].end(), 0);
      gateways[index] = await start(index);
      const { done } = load;
      await until(() => load.done > done + 20, 'requests go through all again');
    }
    load.isEnding = true;
    await loading;

    assert.deepEqual(load.surprises, []);
    assert.equal(load.broken, 0, 'connections broke');
    await site.settled();
    for (const id of load.ids) assert.deepEqual([id, site.executed('POST', `/${id}`)], [id, 1]);
  },
);

/**
 * Clients that send one tenant after the other on new connections, and again what was refused by a draining gateway, or
 * whose connection broke: the kernel had taken it and the gateway had not, when it stopped to listen.
 */
class Load {
  readonly ids: string[] = [];
  readonly surprises: string[] = [];
  broken = 0;
  done = 0;
  isEnding = false;
  readonly #site: Replicas;
  readonly #url: string;

  constructor(site: Replicas, url: string) {
    this.#site = site;
    this.#url = url;
  }

  async run(clients: number): Promise<void> {
    await Promise.all(Array.from({ length: clients }, (_, client) => this.#client(client)));
  }

  async #client(client: number): Promise<void> {
    for (let count = 0; !this.isEnding; count += 1) {
      const id = `load-${client}-${count}`;
      this.ids.push(id);
      await this.#create(id);
      this.done += 1;
    }
  }

  async #create(id: string): Promise<void> {
    for (;;) {
      const headers = { Connection: 'close', 'Idempotency-Key': `"${id}"` };
      const { status, body } = await this.#site.createTenant({ url: this.#url }, id, headers);
      if (status === 200 || status === 202) return;
      const isDraining = status === 503 && body.includes('urn:northgate:problem:draining');
      const isUntaken = status === 0 && !(await this.#isTaken(id));
      if (isUntaken) this.broken += 1;
      else if (!isDraining) this.surprises.push(`${id}: ${status} ${body}`);
      if (this.surprises.length > 20) return;
    }
  }

  /** Whether any gateway has journaled it: its connection must not break then. */
  async #isTaken(id: string): Promise<boolean> {
    return (await this.#site.journal.list({ limit: 1000 })).some(({ path }) => path.endsWith(`/${id}`));
  }
}
