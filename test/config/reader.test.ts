import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { keyList } from '../../src/config/key-list.ts';
import { refusalText } from '../../src/config/reader.ts';
import { makeCertificate } from './certificate.ts';
import { ConfigFolder } from './reading.ts';

const folder = new ConfigFolder();
after(() => folder[Symbol.dispose]());
const { cert, key } = makeCertificate('northgate');
const certFile = folder.write('cert.pem', cert);
const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const userData = [fixture('user-data-1.yaml'), fixture('user-data-2.yaml')];
const digest = 'ab'.repeat(32);
const journalKey = Buffer.alloc(32, 7);

/** Another value than the default for every key: as in the file, and what it resolves to. */
const everyKey: Record<string, [written: unknown, resolved: unknown]> = {
  'northbound.host': ['10.0.0.3', '10.0.0.3'],
  'northbound.port': [1, 1],
  'northbound.tls.cert': [certFile, cert.trimEnd()],
  'northbound.tls.key': [key, key],
  'northbound.tls.clientCa': [certFile, cert.trimEnd()],
  'northbound.clients': [[{ name: 'nfvo', password: 'p' }], [{ name: 'nfvo', password: 'p' }]],
  'northbound.requireKey': [true, true],
  'ops.host': ['10.0.0.4', '10.0.0.4'],
  'ops.port': [2, 2],
  'ops.tls.cert': [certFile, cert.trimEnd()],
  'ops.tls.key': [key, key],
  'ops.tls.clientCa': [certFile, cert.trimEnd()],
  'ops.allowPlaintext': [true, true],
  'ops.tokens': [[{ name: 'joe', role: 'viewer', sha256: digest }], [{ name: 'joe', role: 'viewer', sha256: digest }]],
  'esc.vip': ['172.16.2.0', '172.16.2.0'],
  'esc.nodes': [
    ['172.16.0.0', '172.16.1.0'],
    ['172.16.0.0', '172.16.1.0'],
  ],
  'esc.userData': [userData, userData],
  'esc.rest.scheme': ['http', 'http'],
  'esc.rest.port': [8080, 8080],
  'esc.etsi.enabled': [false, false],
  'esc.etsi.scheme': ['http', 'http'],
  'esc.etsi.port': [8250, 8250],
  'esc.health.scheme': ['http', 'http'],
  'esc.health.port': [60000, 60000],
  'esc.health.path': ['/health', '/health'],
  'esc.health.interval': ['500ms', 500],
  'esc.health.timeout': ['3s', 3000],
  'esc.health.rise': [1, 1],
  'esc.health.fall': [5, 5],
  'esc.health.settle': ['1s', 1000],
  'esc.username': ['admin', 'admin'],
  'esc.password': ['s, e: "c"', 's, e: "c"'],
  'esc.tls.ca': [certFile, cert.trimEnd()],
  'esc.tls.verify': [false, false],
  'esc.timeouts.connect': ['5s', 5000],
  'esc.timeouts.response': ['2m', 120_000],
  'journal.url': [
    'rediss+sentinel://u:p@s:1/main/2',
    {
      kind: 'redis-sentinel',
      tls: true,
      sentinels: [{ host: 's', port: 1 }],
      name: 'main',
      database: 2,
      username: 'u',
      password: 'p',
    },
  ],
  'journal.key': [journalKey.toString('base64'), journalKey],
  'journal.oldKeys': [[journalKey.toString('base64')], [journalKey]],
  'journal.retention': ['30d', 2_592_000_000],
  'journal.durability': ['replicated:2', { kind: 'replicated', replicas: 2 }],
  'journal.allowWeaker': [true, true],
  'journal.plaintext': [true, true],
  'journal.name': ['west', 'west'],
  'journal.tls.ca': [certFile, cert.trimEnd()],
  'journal.tls.cert': [certFile, cert.trimEnd()],
  'journal.tls.key': [key, key],
  'journal.sentinel.username': ['watcher', 'watcher'],
  'journal.sentinel.password': ['pw', 'pw'],
  'hold.timeout': ['5m', 300_000],
  'hold.maxRequests': [5, 5],
  'hold.maxBytes': ['1GiB', 1_073_741_824],
  'hold.onDisconnect': ['cancel', 'cancel'],
  'drain.timeout': ['0s', 0],
  'replay.concurrency': [4, 4],
  'replay.rampUp': ['0s', 0],
  'replay.maxAttempts': [2, 2],
  'replay.deadline': ['1h', 3_600_000],
  'replay.stuckAfter': ['90s', 90_000],
  'replay.cleanUp': ['operator', 'operator'],
  'completion.askAfter': ['1m', 60_000],
  'callbacks.host': ['10.0.0.5', '10.0.0.5'],
  'callbacks.port': [3, 3],
  'callbacks.publicUrl': ['https://gateway.example', 'https://gateway.example'],
  'callbacks.deliverFor': ['2d', 172_800_000],
  'callbacks.allow': [
    ['nfvo.example', '10.0.0.0/8'],
    ['nfvo.example', '10.0.0.0/8'],
  ],
  policies: [
    [
      {
        method: 'POST',
        path: '/ESCManager/v0/{tenant}/x',
        replay: 'never',
        lane: 't/{tenant}',
        ack: 'report',
        completeWithin: '1m',
      },
    ],
    [
      {
        method: 'POST',
        path: '/ESCManager/v0/{tenant}/x',
        replay: 'never',
        lane: 't/{tenant}',
        ack: 'report',
        completeWithinMs: 60_000,
      },
    ],
  ],
  'limits.bodyBytes': ['2MiB', 2_097_152],
  'limits.requestsPerSecond': [100, 100],
  'limits.connections': [200, 200],
  'log.level': ['debug', 'debug'],
  'log.pretty': [true, true],
  'tracing.endpoint': ['http://otel:4318', 'http://otel:4318'],
};

/** What stands at a dotted path of an object; the last step may have gained a unit. */
function at(object: unknown, dotted: string): unknown {
  const steps = dotted.split('.');
  const last = steps.pop() ?? '';
  const section = steps.reduce<unknown>((inner, step) => new Map(Object.entries(inner ?? {})).get(step), object);
  const entries = new Map(Object.entries(section ?? {}));
  return entries.get(last) ?? entries.get(`${last}Ms`) ?? entries.get(`${last}Bytes`);
}

function nested(flat: Record<string, unknown>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [dotted, value] of Object.entries(flat)) {
    const steps = dotted.split('.');
    const last = steps.pop() ?? '';
    const section = steps.reduce((inner, step) => {
      inner[step] ??= {};
      return inner[step] as Record<string, unknown>;
    }, root);
    section[last] = value;
  }
  return root;
}

const inFile = (): string =>
  stringify(nested(Object.fromEntries(Object.entries(everyKey).map(([name, [written]]) => [name, written]))));

function inEnvironment(): Record<string, string> {
  const text = (value: unknown, kind: string): string => {
    if (kind === 'table') return JSON.stringify(value);
    return Array.isArray(value) ? value.join(', ') : String(value);
  };
  return Object.fromEntries(keyList.map(({ key, variable, leaf }) => [variable, text(everyKey[key]?.[0], leaf.kind)]));
}

test('every key of the file reaches the configuration, in the unit that its name says', () => {
  const { config } = folder.accepted(inFile());
  for (const { key } of keyList) assert.deepEqual(at(config, key), everyKey[key]?.[1], key);
});

test('every key of the environment reaches the configuration just as from the file', () => {
  assert.deepEqual(folder.accepted(undefined, inEnvironment()).config, folder.accepted(inFile()).config);
});

test('the VIP alone is a whole configuration', () => {
  const { config, warnings } = folder.accepted('esc: {vip: 10.0.0.1}');
  assert.deepEqual(warnings, []);
  assert.equal(config.esc.health.intervalMs, 1000);
  assert.equal(config.hold.maxBytes, 268_435_456);
  assert.deepEqual(config.northbound.clients, []);
  assert.ok(!('username' in config.esc) && !('stuckAfterMs' in config.replay) && !('pretty' in config.log));
});

test('the environment wins over the file, an empty variable counts as not set', () => {
  const environment = {
    NORTHGATE_ESC_REST_PORT: '9443',
    NORTHGATE_ESC_REST_SCHEME: '',
    NORTHGATE_OPS_URL: 'x',
    NORTHGATE_OPS_TOKEN: 'y',
  };
  const { config } = folder.accepted('esc: {vip: a, rest: {port: 1, scheme: http}}', environment);
  assert.deepEqual(config.esc.rest, { scheme: 'http', port: 9443 });
});

test('NORTHGATE_CONFIG names the file unless the command line does', () => {
  const file = folder.write('named.yaml', 'esc: {vip: named}');
  assert.equal(folder.accepted(undefined, { NORTHGATE_CONFIG: file }).config.esc.vip, 'named');
  assert.equal(folder.accepted('esc: {vip: given}', { NORTHGATE_CONFIG: file }).config.esc.vip, 'given');
});

test('a secret comes from a file beside its key, without the trailing newline', () => {
  const password = folder.write('password', 'pass word\n');
  const keys = folder.write('keys', `${journalKey.toString('base64')}\n${journalKey.toString('base64')}\n`);
  const { config } = folder.accepted(
    `esc: {vip: a, username: u, passwordFile: ${password}}\nnorthbound: {clients: [{name: n, passwordFile: ${password}}]}`,
    { NORTHGATE_JOURNAL_OLD_KEYS_FILE: keys },
  );
  assert.equal(config.esc.password, 'pass word');
  assert.equal(config.northbound.clients[0]?.password, 'pass word');
  assert.deepEqual(config.journal.oldKeys, [journalKey, journalKey]);
});

test('a secret of the environment puts the file’s other form of it aside', () => {
  const yaml = 'esc: {vip: a, username: u, passwordFile: /no/such/file}';
  assert.equal(folder.accepted(yaml, { NORTHGATE_ESC_PASSWORD: 'p' }).config.esc.password, 'p');
});

test('VIP and nodes come from the user data of the HA chapter', () => {
  const { config, warnings } = folder.accepted(undefined, { NORTHGATE_ESC_USER_DATA: userData.join(',') });
  assert.deepEqual([config.esc.vip, config.esc.nodes, warnings], ['172.16.2.0', ['172.16.0.0', '172.16.1.0'], []]);
});

test('a VIP that is set wins over the user data, with a warning', () => {
  const { config, warnings } = folder.accepted(`esc: {vip: 10.0.0.1, userData: [${userData.join(', ')}]}`);
  assert.equal(config.esc.vip, '10.0.0.1');
  assert.deepEqual(warnings, [
    `esc.vip: set to another value than in ${userData.join(' and ')} (172.16.2.0); the one that is set is used`,
  ]);
});

test('user data without a VIP is the reason that the VIP is missing', () => {
  const file = folder.write('no-vip.yaml', 'resources: {drbd: {nodes: [10.0.0.1, 10.0.0.2]}}');
  assert.deepEqual(folder.problems(`esc: {userData: [${file}]}`), [
    'esc.vip: found nothing: no keepalived.vip in no-vip.yaml (northgate.yaml line 1), expected an IP address or a host name, without a port',
  ]);
});

test('user data that is missing or of two pairs is told once', () => {
  const other = folder.write(
    'other.yaml',
    'resources: {keepalived: {vip: 10.0.0.9}, drbd: {nodes: [172.16.1.0, 172.16.0.0]}}',
  );
  const line = `esc.userData: found keepalived.vip is 172.16.2.0 in ${userData[0]} but 10.0.0.9 in other.yaml (northgate.yaml line 1), expected two files of one pair`;
  assert.deepEqual(folder.problems(`esc: {userData: [${userData[0]}, ${other}]}`), [line]);
  assert.deepEqual(folder.problems('esc: {userData: [/no/such/file]}'), [
    'esc.userData: found no file at /no/such/file (northgate.yaml line 1), expected a user-data file or esc-config.yaml',
  ]);
});

test('anchors and aliases of values are read', () => {
  const { config } = folder.accepted('esc:\n  vip: a\n  timeouts: {connect: &t 7s, response: *t}');
  assert.deepEqual(config.esc.timeouts, { connectMs: 7000, responseMs: 7000 });
});

test('variables that Kubernetes makes for a service are passed over, with a warning', () => {
  const environment = {
    NORTHGATE_SERVICE_HOST: '10.0.0.1',
    NORTHGATE_SERVICE_PORT_HTTP: '8080',
    NORTHGATE_PORT_8080_TCP_ADDR: '10.0.0.1',
    NORTHGATE_OPS_PORT: 'tcp://10.0.0.1:9080',
  };
  const { config, warnings } = folder.accepted('esc: {vip: a}', environment);
  assert.equal(config.ops.port, 9080);
  assert.deepEqual(
    warnings,
    Object.keys(environment).map(
      (name) => `${name} is passed over: it looks like a variable that Kubernetes makes for a service`,
    ),
  );
});

test('all errors are told at once, one line each', () => {
  const reading = folder.read('esc: {rest: {port: 0}, tls: {verify: maybe}}\nlog: {levle: info}', {
    NORTHGATE_HOLD_TIMEOUT: '5',
  });
  assert.ok('errors' in reading);
  assert.deepEqual(
    reading.errors.map(({ key }) => key),
    ['esc.vip', 'esc.rest.port', 'esc.tls.verify', 'hold.timeout', 'log.levle'],
  );
  assert.equal(refusalText(reading).trimEnd().split('\n').length, 5);
});

test('what weakens a promise is a warning', () => {
  const { warnings } = folder.accepted(
    'esc: {vip: a, nodes: [b], tls: {verify: false}}\njournal: {url: "redis+cluster://a,b", plaintext: true, allowWeaker: true}\nhold: {maxBytes: 1KiB}',
  );
  assert.deepEqual(
    warnings.map((line) => line.split(':')[0]),
    ['esc.tls.verify', 'esc.nodes', 'journal.durability', 'journal.allowWeaker', 'hold.maxBytes'],
  );
});
