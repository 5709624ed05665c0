/**
 * Dockerfile, docker-compose.yml, the systemd unit and the files they mount, held against the product and each other:
 * sources, commands, configuration keys, addresses, ports, volumes, secrets, health checks and the time to drain.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { parse } from 'yaml';
import { keyList, mayComeFromFile } from '../src/config/key-list.ts';
import { readConfig } from '../src/config/reader.ts';
import { readSimConfig } from '../src/sim/config.ts';
import { root } from './tidy/tree.ts';

interface Service {
  image?: string;
  build?: string;
  command?: string[];
  user?: string;
  init?: boolean;
  read_only?: boolean;
  environment?: Record<string, string>;
  stop_grace_period?: string;
  networks?: string[] | Record<string, { ipv4_address: string }>;
  ports?: string[];
  volumes?: string[];
  secrets?: string[];
  healthcheck?: { test: string[] };
  depends_on?: Record<string, { condition: string }>;
}

interface Compose {
  services: Record<string, Service>;
  networks: Record<string, { ipam?: { config: { subnet: string }[] } }>;
  volumes: Record<string, unknown>;
  secrets: Record<string, { file: string }>;
}

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const compose = parse(read('docker-compose.yml'), { merge: true }) as Compose;
const services = Object.entries(compose.services);
const dockerfile = read('Dockerfile').replace(/\\\n\s*/g, ' ');
const unit = read('deploy/northgate.service');

const service = (name: string): Service => {
  const found = compose.services[name];
  assert.ok(found, `no service ${name}`);
  return found;
};

/** Instructions of the Dockerfile, comments gone. */
const instructions = (name: string): string[] =>
  dockerfile
    .split('\n')
    .filter((line) => line.startsWith(`${name} `))
    .map((line) => line.slice(name.length + 1).trim());

const gatewayConfig = (): ReturnType<typeof readConfig> =>
  readConfig({
    file: join(root, 'deploy/northgate.yaml'),
    environment: { NORTHGATE_JOURNAL_KEY: randomBytes(32).toString('base64') },
  });

const accepted = (): Extract<ReturnType<typeof readConfig>, { config: unknown }>['config'] => {
  const reading = gatewayConfig();
  assert.ok('config' in reading, JSON.stringify(reading));
  return reading.config;
};

const addressesOf = ({ networks = {} }: Service): Record<string, string> =>
  Array.isArray(networks) ? {} : Object.fromEntries(Object.entries(networks).map(([k, v]) => [k, v.ipv4_address]));

const networksOf = ({ networks = [] }: Service): string[] =>
  Array.isArray(networks) ? networks : Object.keys(networks);

/** Where a name in a volume list comes from: a folder or file of the repository, or a declared volume. */
const sourceOf = (volume: string): string => volume.split(':')[0] ?? '';

suite('the Dockerfile', () => {
  test('runs the Node that package.json pins', () => {
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
    assert.deepEqual(instructions('ARG'), [`NODE_VERSION=${dependencies.node}`]);
    const [packages = '', last = ''] = instructions('FROM');
    assert.match(packages, /^node:\$\{NODE_VERSION\}-bookworm-slim AS packages$/);
    // Node's binary comes from the first image, and runs on the same Debian as there.
    assert.match(last, /-debian12:nonroot$/);
    assert.ok(instructions('COPY').includes('--from=packages /usr/local/bin/node /usr/local/bin/node'));
  });

  test('copies what exists and is not ignored', () => {
    const kept = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const sources = instructions('COPY')
      .filter((copy) => !copy.startsWith('--from='))
      .flatMap((copy) => copy.split(/\s+/).slice(0, -1));
    assert.ok(sources.length > 0);
    for (const path of sources) {
      assert.ok(existsSync(join(root, path)), `${path} does not exist`);
      assert.ok(kept.includes(path), `${path} is ignored`);
    }
    assert.deepEqual([...new Set(sources)].sort(), [...kept].sort());
  });

  test('runs the bin of package.json by node, not as root, and listens where the ports are exposed', () => {
    const { bin } = JSON.parse(read('package.json')) as { bin: Record<string, string> };
    assert.deepEqual(instructions('ENTRYPOINT'), [
      JSON.stringify(['/usr/local/bin/node', `/app/${bin.northgate}`]).replace(',', ', '),
    ]);
    assert.deepEqual(instructions('USER'), ['65532:65532']);
    const { northbound, ops } = accepted();
    assert.deepEqual(instructions('EXPOSE'), [`${northbound.port} ${ops.port}`]);
  });

  test('asks the ops listener where it is', () => {
    const [check = ''] = instructions('HEALTHCHECK');
    assert.ok(check.includes(`http://127.0.0.1:${accepted().ops.port}/readyz`), check);
  });
});

suite('docker-compose.yml', () => {
  test('every service has an image with a tag, an init, a read-only root and a health check', () => {
    for (const [name, { image = '', init, read_only: readOnly, healthcheck, build }] of services) {
      assert.match(image, /^[\w./-]+:[\w.-]+$/, name);
      assert.equal(init, true, name);
      assert.equal(readOnly, true, name);
      const isCheckedByImage = build !== undefined && instructions('HEALTHCHECK').length === 1;
      assert.ok(healthcheck !== undefined || isCheckedByImage, name);
    }
    assert.equal(service('journal').user, 'redis');
  });

  test('networks, volumes and secrets that services name are declared, and each declared one is used', () => {
    const named = services.flatMap(([, each]) => (each.volumes ?? []).map(sourceOf));
    assert.deepEqual(
      [...new Set(services.flatMap(([, each]) => networksOf(each)))].sort(),
      Object.keys(compose.networks).sort(),
    );
    assert.deepEqual(
      named.filter((source) => !source.startsWith('.')),
      Object.keys(compose.volumes),
    );
    for (const path of named.filter((source) => source.startsWith('.'))) assert.ok(existsSync(join(root, path)), path);
    assert.deepEqual(
      services.flatMap(([, each]) => each.secrets ?? []),
      Object.keys(compose.secrets),
    );
    for (const [, each] of services) {
      for (const name of Object.keys(each.depends_on ?? {})) assert.ok(compose.services[name], name);
    }
  });

  test('every command is one that the command line knows, with files that are mounted', () => {
    const ours = services.filter(([, { build }]) => build !== undefined);
    assert.equal(ours.length, 2);
    for (const [name, { command = [], volumes = [] }] of ours) {
      const [verb = '', option, file] = command;
      const asked = spawnSync(process.execPath, [join(root, 'src/main.ts'), verb, '--help'], { encoding: 'utf8' });
      assert.equal(asked.status, 0, `${name}: ${asked.stderr}`);
      assert.match(asked.stdout, new RegExp(`\\b${verb}\\b`));
      assert.ok(asked.stdout.includes(option ?? '?'), `${name}: ${option} is no option of ${verb}`);
      assert.ok(
        volumes.some((volume) => volume.split(':')[1] === file),
        `${name}: ${file} is not mounted`,
      );
    }
  });

  test('every NORTHGATE_ variable is a key, and a file that it names is a secret of the service', () => {
    const variables = new Map(
      keyList.flatMap(({ variable, leaf }) => [
        [variable, false] as const,
        ...(mayComeFromFile(leaf) ? [[`${variable}_FILE`, true] as const] : []),
      ]),
    );
    const given = services.flatMap(([, each]) =>
      Object.entries(each.environment ?? {}).map((pair) => ({ each, pair })),
    );
    assert.ok(given.length > 0);
    for (const { each, pair } of given) {
      const [variable, value] = pair;
      const isFile = variables.get(variable);
      assert.notEqual(isFile, undefined, `${variable} is no key`);
      if (isFile)
        assert.ok(
          each.secrets?.some((secret) => value === `/run/secrets/${secret}`),
          `${variable}=${value}`,
        );
    }
  });

  test('the gateway reads its configuration, and finds pair and journal where they are', () => {
    const { esc, journal, northbound } = accepted();
    const sim = readSimConfig(join(root, 'deploy/sim.yaml'));
    assert.deepEqual(addressesOf(service('pair')), { vip: esc.vip, 'node-1': esc.nodes[0], 'node-2': esc.nodes[1] });
    assert.deepEqual([sim.vip, ...(sim.nodes ?? [])], [esc.vip, ...esc.nodes]);
    assert.deepEqual([sim.restPort, sim.healthPort], [esc.rest.port, esc.health.port]);
    assert.deepEqual([esc.rest.scheme, esc.health.scheme], ['http', 'http']);
    for (const [network, address] of Object.entries(addressesOf(service('pair')))) {
      const subnet = compose.networks[network]?.ipam?.config[0]?.subnet ?? '';
      assert.equal(subnet, address.replace(/\.\d+$/, '.0/24'));
      assert.ok(networksOf(service('gateway')).includes(network), `the gateway is not on ${network}`);
    }
    assert.ok(journal.url.kind === 'redis' && journal.url.host === 'journal' && journal.url.port === 6379);
    assert.ok(networksOf(service('gateway')).includes('journal') && networksOf(service('journal')).includes('journal'));
    assert.deepEqual(
      service('gateway').ports?.map((port) => port.split(':').at(-1)),
      [String(northbound.port)],
    );
    const check = service('pair').healthcheck?.test.at(-1) ?? '';
    assert.ok(check.includes(`http://127.0.0.1:${sim.controlPort}/state`), check);
  });

  test('Redis keeps what journal.durability asks', () => {
    const { command = [] } = service('journal');
    const settings = new Map(command.slice(1).map((word, at, words) => [word, words[at + 1]]));
    assert.equal(settings.get('--appendonly'), 'yes');
    assert.equal(settings.get('--appendfsync'), 'always');
    assert.equal(settings.get('--maxmemory-policy'), 'noeviction');
    assert.deepEqual(accepted().journal.durability, { kind: 'always' });
  });
});

test('a drain has more time than it may take', () => {
  const { timeoutMs } = accepted().drain;
  const grace = Number(/^(\d+)s$/.exec(service('gateway').stop_grace_period ?? '')?.[1]);
  const stop = Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]);
  assert.ok(grace * 1000 > timeoutMs && stop * 1000 > timeoutMs, `${grace} s and ${stop} s for ${timeoutMs} ms`);
});

test('the systemd unit runs node on the bin and never npm or npx', () => {
  const [, start = ''] = /^ExecStart=(.*)$/m.exec(unit) ?? [];
  assert.match(start, /^\S+\/node \S+\/src\/main\.ts serve --config \S+$/);
  assert.doesNotMatch(unit.replace(/^#.*$/gm, ''), /\bnpx?\b/);
});
