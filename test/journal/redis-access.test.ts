// How a journal proves itself to Redis: encrypted, with certificates, passwords, and an account that may do no more than
// docs/redis.md says.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import { Redis } from 'ioredis';
import { type RedisServer, redisSkip, startRedis } from '../support/redis.ts';
import { startCluster } from '../support/redis-cluster.ts';
import { startNode } from '../support/redis-node.ts';
import { startSentinels } from '../support/redis-sentinels.ts';
import { makeRedisTls } from '../support/redis-tls.ts';
import { until } from '../support/until.ts';
import { contract } from './contract.ts';
import { redisPlace } from './redis-place.ts';
import { held, kept } from './samples.ts';

const document = readFileSync(new URL('../../docs/redis.md', import.meta.url), 'utf8');
const documented = /^```acl\n([\s\S]*?)^```/m.exec(document)?.[1] ?? '';
const ruleFor = (name: string): string[] => documented.replaceAll('default', name).trim().split(/\s+/);
const account = { username: 'gateway', password: 'p@ss/word' };
const replicated = { kind: 'replicated', replicas: 1 } as const;

suite('a journal over TLS', { skip: redisSkip }, () => {
  test('Redis is believed with the authority that is given, and believes the gateway by its certificate', async () => {
    await using tls = await makeRedisTls();
    await using server = await startNode({
      isTls: true,
      lines: [...tls.lines, 'appendonly yes', 'appendfsync always'],
    });
    const url = { kind: 'redis', tls: true, host: '127.0.0.1', port: server.port, database: 1 } as const;
    await using here = await redisPlace({ url });
    await assert.rejects(here.open(), /rediss:\/\/127\.0\.0\.1:\d+\/1 cannot be reached: self-signed certificate/);
    const { client } = tls;
    await assert.rejects(here.open({ tls: { ca: client.ca } }), /cannot be reached/);
    await assert.rejects(here.open({ tls: client, url: { ...url, host: 'localhost' } }), /does not match certificate/);
    await assert.rejects(here.open({ url: { ...url, tls: false } }), /cannot be reached/);
    const journal = await here.open({ tls: client });
    const made = await kept(journal, held());
    await server.restart();
    await until(() => journal.get(made.id).then(Boolean, () => false), 'it is connected again');
  });

  test('Sentinels and servers are asked over TLS, each with its own password', async () => {
    await using tls = await makeRedisTls();
    const passwords = { server: 'of-servers', sentinel: 'of-sentinels' };
    await using group = await startSentinels({ downAfterMs: 60_000, passwords, tls });
    const url = { ...group.url, password: passwords.server };
    const sentinel = { password: passwords.sentinel };
    await using here = await redisPlace({ url }, { durability: replicated, tls: tls.client });
    await assert.rejects(here.open(), (error: Error) => {
      assert.match(error.message, /rediss\+sentinel:.*nobody says where the master is .*NOAUTH/);
      assert.ok(!error.message.includes(passwords.server));
      return true;
    });
    await assert.rejects(here.open({ url: group.url, sentinel }), /NOAUTH|WRONGPASS/);
    await kept(await here.open({ sentinel }), held());
  });
});

suite('a cluster over TLS', { skip: redisSkip }, () => {
  test('is asked and written to by the same certificates', async () => {
    await using tls = await makeRedisTls();
    await using cluster = await startCluster({ replicas: 0, nodeTimeoutMs: 60_000, tls });
    await using here = await redisPlace(cluster, { allowWeaker: true });
    await assert.rejects(here.open(), /rediss\+cluster:.*nobody says where the master is .*self-signed certificate/);
    await kept(await here.open({ tls: tls.client }), held());
  });
});

suite('the account of docs/redis.md', { skip: redisSkip }, () => {
  test('is enough in a cluster with what it adds for that, and not without', async () => {
    await using cluster = await startCluster({ replicas: 0, nodeTimeoutMs: 60_000 });
    await using here = await redisPlace({ url: { ...cluster.url, ...account } }, { allowWeaker: true });
    const name = here.options.name;
    const set = (...more: string[]) =>
      Promise.all(
        cluster.nodes.map((node) =>
          cluster.ask(
            node,
            'ACL',
            'SETUSER',
            account.username,
            'reset',
            'on',
            `>${account.password}`,
            ...ruleFor(name),
            ...more,
          ),
        ),
      );
    await set();
    await assert.rejects(here.open(), /NOPERM/);
    assert.match(document, /in a cluster `\+cluster\|slots \+cluster\|keyslot`/);
    await set('+cluster|slots', '+cluster|keyslot');
    await kept(await here.open(), held());
  });

  test('is enough at Sentinels, and for a write that replicas confirm', async () => {
    await using group = await startSentinels({ downAfterMs: 60_000 });
    const sentinel = { username: 'watcher', password: 'w' };
    const url = { ...group.url, ...account };
    await using here = await redisPlace({ url }, { durability: replicated, sentinel });
    const at = async (port: number, user: typeof sentinel, rule: readonly string[]): Promise<void> => {
      const redis = new Redis(port, '127.0.0.1');
      await redis.call('ACL', 'SETUSER', user.username, 'reset', 'on', `>${user.password}`, ...rule);
      redis.disconnect();
    };
    assert.match(document, /at the Sentinels `\+sentinel\|get-master-addr-by-name`/);
    for (const { port } of group.sentinels) await at(port, sentinel, ['+sentinel|get-master-addr-by-name']);
    for (const { port } of group.servers) await at(port, account, ruleFor(here.options.name));
    await kept(await here.open(), held());
  });

  let server: RedisServer;
  let direct: Redis;
  before(async () => {
    server = await startRedis();
    direct = new Redis(server.port, '127.0.0.1');
  });
  after(async () => {
    direct.disconnect();
    await server[Symbol.asyncDispose]();
  });

  test('touches no key and hears no channel of another journal', async () => {
    await direct.call('ACL', 'SETUSER', 'narrow', 'on', '>n', ...ruleFor('default'));
    await using here = await redisPlace({ url: { ...server.url, username: 'narrow', password: 'n' } });
    await kept(await here.open({ name: 'default' }), held());
    await assert.rejects(here.open({ name: 'other' }), /NOPERM/);
  });

  contract({
    skip: redisSkip,
    place: async () => {
      const name = randomUUID();
      await direct.call('ACL', 'SETUSER', name, 'on', '>pw', ...ruleFor(name));
      return redisPlace({ url: { ...server.url, username: name, password: 'pw' } }, { name });
    },
  });
  test('denied the contract of the journal nothing, and gives nothing that it did not use', async () => {
    const log = (await direct.call('ACL', 'LOG', '128')) as unknown[][];
    const denied = log.filter((entry) => entry[entry.indexOf('reason') + 1] === 'command');
    assert.deepEqual(denied, []);
    const used = await direct.info('commandstats');
    const given = ruleFor('default').flatMap((word) => (word.startsWith('+') ? [word.slice(1)] : []));
    assert.deepEqual(
      given.filter((command) => !used.includes(`cmdstat_${command}:`)),
      ['wait'],
    );
  });
});
