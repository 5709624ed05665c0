/**
 * What a generated client does with a real gateway and the simulated pair, told once for all generators: through a
 * switchover, with a request that ESC dropped, not waiting, sending again, and with errors. Whoever calls it brings the generator.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import { XMLBuilder, XMLParser } from 'fast-xml-parser';
import { shut } from '../support/ops.ts';
import { until } from '../support/until.ts';
import { startWorld, type World } from '../support/world.ts';
import type { Orchestrator, Reply, Surroundings } from './orchestrator.ts';
import { type Generator, openWorkplace, type Workplace } from './workplace.ts';

const waitMaxMs = 120_000;
const escNamespace = 'urn:ietf:params:xml:ns:netconf:base:1.0';

const settings = {
  NORTHGATE_NORTHBOUND_CLIENTS: JSON.stringify([{ name: 'nfvo', password: 'secret' }]),
  NORTHGATE_ESC_USERNAME: 'admin',
  NORTHGATE_ESC_PASSWORD: 'admin',
  NORTHGATE_OPS_TOKENS: JSON.stringify([
    { name: 'otto', role: 'operator', sha256: createHash('sha256').update('otto-token').digest('hex') },
  ]),
};

const builder = new XMLBuilder({ ignoreAttributes: false });
const parser = new XMLParser({ parseTagValue: false });

const surroundings = (world: World): Surroundings => ({
  northboundUrl: world.gateway.northbound.url,
  opsUrl: world.gateway.ops.url,
  username: 'nfvo',
  password: 'secret',
  opsToken: 'otto-token',
  toXml: (root, value) => builder.build({ [root]: { '@_xmlns': escNamespace, ...(value as object) } }),
  fromXml: (text) => Object.values(parser.parse(text, true) as Record<string, object>).at(-1) ?? {},
});

const created = (world: World, id: string): number =>
  world.pair.ledger.filter((effect) => effect.id === id && effect.kind === 'created').length;

const idOf = ({ headers }: Reply<unknown>): string => headers.get('northgate-transaction') ?? '';

/** Asks the transaction's own resource, as a client does that was told 202, until it is settled. */
async function settled(client: Orchestrator, id: string): Promise<string> {
  let status = '';
  await until(
    async () => {
      const { value, headers } = await client.transaction(id);
      status = value?.status ?? '';
      return value !== null && headers.get('retry-after') === null;
    },
    `${id} is settled`,
    waitMaxMs,
  );
  return status;
}

const areHeld = (client: Orchestrator, count: number): Promise<void> =>
  until(async () => (await client.transactions('held')).value?.length === count, `${count} are held`, waitMaxMs);

export function storyOf(generator: Generator, skip: string | false): void {
  suite(`a client made by ${generator.name}`, { skip }, () => {
    let workplace: Workplace;

    before(async () => {
      workplace = await openWorkplace(generator);
      await workplace.generate();
      await workplace.compile();
    });
    after(() => workplace?.[Symbol.asyncDispose]());

    const clientOf = async (world: World, other: Partial<Surroundings> = {}): Promise<Orchestrator> =>
      (await workplace.load()).orchestrator({ ...surroundings(world), ...other });

    test('asks during a switchover, and has its answers when it is over', async () => {
      await using world = await startWorld({ settings });
      const client = await clientOf(world);
      const tenant = await client.createTenant('acme', 'Acme');
      assert.equal(Math.floor(tenant.status / 100), 2);
      assert.equal(await settled(client, idOf(tenant)), 'completed');

      await shut(world);
      assert.equal((await client.pair()).value?.gate, 'holding');
      const network = client.createNetwork('acme', 'lan');
      await areHeld(client, 1);
      const deployment = client.createDeployment('acme', 'web', 'lan');
      await areHeld(client, 2);
      const read = client.readTenant('acme');
      await world.pair.proceed();

      for (const [id, reply] of [
        ['lan', await network],
        ['web', await deployment],
      ] as const) {
        assert.equal(Math.floor(reply.status / 100), 2);
        assert.equal(reply.headers.get('northgate-attempts'), '1');
        assert.equal(await settled(client, idOf(reply)), 'completed');
        assert.equal((await client.recordedAnswer(idOf(reply))).value, reply.value);
        assert.equal(created(world, id), 1);
      }
      assert.equal((await read).value?.name, 'Acme');
      const pair = await client.pair();
      assert.equal(pair.value?.gate, 'open');
      assert.equal((await client.switchovers()).value?.[0]?.epoch, pair.value?.epoch);
    });

    test('has one answer to a request that ESC dropped, and one effect', async () => {
      await using world = await startWorld({ settings });
      const client = await clientOf(world);
      world.pair.crashAt('before-commit', { method: 'POST' });

      const reply = await client.createTenant('acme', 'Acme');

      assert.equal(Math.floor(reply.status / 100), 2);
      assert.equal(reply.headers.get('northgate-attempts'), '2');
      assert.equal(await settled(client, idOf(reply)), 'completed');
      assert.equal(created(world, 'acme'), 1);
      const { value } = await client.transaction(idOf(reply));
      assert.equal(value?.path, '/ESCManager/v0/tenants/acme');
      assert.equal(value?.attempts, 2);
      assert.equal(value?.responseStatus, reply.status);
      assert.ok(Date.parse(value?.settledAt ?? '') >= Date.parse(value?.receivedAt ?? ''));
    });

    test('is told 202 at once if it prefers that, and asks until it is settled', async () => {
      await using world = await startWorld({ settings });
      const client = await clientOf(world);
      await shut(world);

      const promised = await client.createTenant('acme', 'Acme', { prefer: 'respond-async' });

      const id = idOf(promised);
      assert.equal(promised.status, 202);
      assert.equal(promised.headers.get('location'), `/northgate/v1/transactions/${id}`);
      assert.equal(promised.headers.get('preference-applied'), 'respond-async');
      assert.ok(Number(promised.headers.get('retry-after')) > 0);
      assert.equal((await client.transaction(id)).value?.status, 'held');
      assert.equal((await client.recordedAnswer(id)).problem?.type, 'urn:northgate:problem:not-found');
      await world.pair.proceed();
      assert.equal(await settled(client, id), 'completed');
      assert.equal(Math.floor((await client.recordedAnswer(id)).status / 100), 2);
      assert.equal(created(world, 'acme'), 1);
    });

    test('sends a request again with its key, and makes one transaction', async () => {
      await using world = await startWorld({ settings });
      const client = await clientOf(world);
      const wishes = { idempotencyKey: '"8e03978e-40d5-43dd-bc93-6894a57f9324"' };
      await shut(world);
      const first = client.createTenant('acme', 'Acme', wishes);
      await areHeld(client, 1);
      const second = client.createTenant('acme', 'Acme', wishes);
      await world.pair.proceed();
      const joined = [await first, await second];
      await settled(client, idOf(await first));

      const again = await client.createTenant('acme', 'Acme', wishes);

      assert.equal(again.headers.get('idempotent-replayed'), 'true');
      for (const reply of joined) {
        assert.deepEqual([reply.status, reply.value, idOf(reply)], [again.status, again.value, idOf(again)]);
      }
      assert.equal((await client.transactions('completed')).value?.length, 1);
      assert.equal(created(world, 'acme'), 1);
      const other = await client.createTenant('acme', 'Another', wishes);
      assert.deepEqual([other.status, other.problem?.type], [422, 'urn:northgate:problem:key-reused']);
      const malformed = await client.createTenant('acme', 'Acme', { idempotencyKey: 'two words' });
      assert.deepEqual([malformed.status, malformed.problem?.type], [400, 'urn:northgate:problem:key-malformed']);
      assert.equal(malformed.problem?.sent, 'no');
    });

    test('reads the errors of the gateway as problems, and those of ESC as what they are', async () => {
      await using world = await startWorld({ settings });
      const client = await clientOf(world);
      const stranger = await clientOf(world, { password: 'wrong', opsToken: 'wrong' });
      const tenant = await client.createTenant('acme', 'Acme');
      await settled(client, idOf(tenant));

      const twice = await client.createTenant('acme', 'Acme');
      assert.deepEqual([twice.status, twice.problem], [409, null]);
      for (const [reply, status, code] of [
        [await stranger.createTenant('other', 'Other'), 401, 'unauthorized'],
        [await stranger.pair(), 401, 'unauthorized'],
        [await client.transaction('unknown'), 404, 'not-found'],
        [await client.recordedAnswer('unknown'), 404, 'not-found'],
        [await client.replay('unknown'), 404, 'not-found'],
        [await client.replay(idOf(tenant)), 409, 'conflict'],
      ] as const) {
        assert.equal(reply.value, null);
        assert.equal(reply.problem?.type, `urn:northgate:problem:${code}`);
        assert.deepEqual([reply.status, reply.problem.status], [status, status]);
      }
    });
  });
}
