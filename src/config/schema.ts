// The table of all configuration keys: contract.md section 2, key for key, with default, meaning and format in one place.
// Reader, print, documentation and the type `Config` all come from here. Sections are nested as the keys are.

import Type from 'typebox';
import {
  boolean,
  choice,
  durability,
  duration,
  host,
  hosts,
  integer,
  journalUrl,
  key,
  keys,
  listenPort,
  networks,
  passwordHash,
  path,
  paths,
  pem,
  port,
  secret,
  sha256,
  size,
  table,
  text,
  url,
} from './kinds.ts';
import type { Resolved } from './leaf.ts';

const none = {};
const scheme = (meaning: string) => choice(meaning, { default: 'https' }, ['http', 'https']);

const listenerTls = () =>
  Type.Object({
    cert: pem('the listener’s certificate chain; with `key`: HTTPS', { absent: 'plain HTTP' }),
    key: pem('the private key of `cert`', none, true),
    clientCa: pem('who signs client certificates; set: mutual TLS', none),
  });

const client = Type.Object({
  name: text('the client’s name in the journal and in logs', { required: true }),
  password: secret('with `name` as user: Basic credentials', none),
  passwordHash: passwordHash('in place of `password`: its scrypt hash, as `northgate password` makes it', none),
  tokenSha256: sha256('the SHA-256 of a bearer token', none),
  certificateSubject: text('the subject of a client certificate, as CN=…', none),
});

const opsToken = Type.Object({
  name: text('who this is in the audit log', { required: true }),
  role: choice('viewers read, operators act', { required: true }, ['viewer', 'operator']),
  sha256: sha256('the SHA-256 of the bearer token', { required: true }),
});

const policy = Type.Object({
  method: choice('the request’s method', { required: true }, ['POST', 'PUT', 'PATCH', 'DELETE']),
  path: path('the path as in OpenAPI, such as /ESCManager/v0/{tenant}/…', { required: true }),
  replay: choice('what a replay may do where nothing can be looked up', none, ['auto', 'operator', 'never']),
  lane: text('a template of the path’s parameters', none),
  ack: choice('how completion is known', none, ['answer', 'report', 'resource', 'occurrence']),
  completeWithin: duration('when an accepted transaction is looked at, at the latest', none),
});

export const schema = Type.Object({
  northbound: Type.Object({
    host: host('where orchestrators call', { default: '0.0.0.0' }),
    port: listenPort('where orchestrators call; 0: a free port', { default: 8080 }),
    tls: listenerTls(),
    clients: table('who may call; none: requests pass with their own ESC credentials', client),
    requireKey: boolean('transactions without Idempotency-Key are refused', { default: false }),
  }),
  ops: Type.Object({
    host: host('where operators, the console and monitoring call', { default: '127.0.0.1' }),
    port: listenPort('where operators, the console and monitoring call; 0: a free port', { default: 9080 }),
    tls: listenerTls(),
    tokens: table('who may ask and act; none: loopback only', opsToken),
    allowPlaintext: boolean('tokens cross the network in the clear: beyond loopback without `ops.tls`', {
      default: false,
    }),
  }),
  esc: Type.Object({
    vip: host('the keepalived VIP', { required: true, absent: 'read from esc.userData' }),
    nodes: hosts('both nodes’ own addresses; only probed', 2),
    userData: paths('the user-data files, or esc-config.yaml, that the pair was deployed from', 2),
    rest: Type.Object({
      scheme: scheme('the REST northbound'),
      port: port('the REST northbound', { default: 8443 }),
    }),
    etsi: Type.Object({
      enabled: boolean('whether the ETSI northbound is served', { default: false }),
      scheme: scheme('the ETSI northbound'),
      port: port('the ETSI northbound', { default: 8251 }),
    }),
    health: Type.Object({
      scheme: scheme('the health monitor'),
      port: port('the health monitor', { default: 8060 }),
      path: path('the health monitor', { default: '/esc/health' }),
      interval: duration('between two probes', { default: '1s' }, 10),
      timeout: duration('how long one probe may take', { default: '2s' }, 10),
      rise: integer('good probes in a row that open the gate', { default: 2 }, 1, 1000),
      fall: integer('bad probes in a row that shut the gate', { default: 3 }, 1, 1000),
      settle: duration('waited after READY before the gate opens', { default: '0s' }, 0),
    }),
    username: text('the gateway’s own ESC account', none),
    password: secret('the gateway’s own ESC account', none),
    tls: Type.Object({
      ca: pem('trust for VIP and nodes', { absent: 'the system’s' }),
      verify: boolean('whether certificates of VIP and nodes are checked', { default: true }),
    }),
    timeouts: Type.Object({
      connect: duration('to reach ESC, per attempt', { default: '3s' }),
      response: duration('for ESC’s answer, per attempt', { default: '60s' }),
    }),
  }),
  journal: Type.Object({
    url: journalUrl('where the journal is', { default: 'sqlite:./northgate.db' }),
    key: key('bodies and credentials are encrypted with it at rest (AES-256-GCM)', none),
    oldKeys: keys('earlier keys, to read what they encrypted'),
    retention: duration('how long settled transactions are kept', { default: '7d' }, 1000, 3650),
    durability: durability('what the journal must promise before a request leaves', { default: 'always' }),
    allowWeaker: boolean('start with a journal that does not keep `durability`', { default: false }),
    plaintext: boolean('start with a Redis journal and no key', { default: false }),
    name: text('tells several journals on one Redis apart', { default: 'default' }),
    tls: Type.Object({
      ca: pem('who signs the certificates of Redis, with a rediss: URL', { absent: 'the system’s' }),
      cert: pem('the gateway’s certificate for Redis (mutual TLS)', none),
      key: pem('the private key of `cert`', none, true),
    }),
    sentinel: Type.Object({
      username: text('the account at the Sentinels; that in the URL is for the servers', none),
      password: secret('the account at the Sentinels', none),
    }),
  }),
  hold: Type.Object({
    timeout: duration('how long a client is kept waiting', { default: '6m' }),
    maxRequests: integer('held requests at once', { default: 10_000 }, 0, 10_000_000),
    maxBytes: size('bytes of held requests at once', { default: '256MiB' }, 1024),
    onDisconnect: choice('a never-sent request whose client leaves', { default: 'keep' }, ['keep', 'cancel']),
  }),
  drain: Type.Object({
    timeout: duration('how long SIGTERM waits for what is in flight', { default: '20s' }, 0),
  }),
  replay: Type.Object({
    concurrency: integer('lanes replayed at once', { default: 8 }, 1, 1000),
    rampUp: duration('time from one lane to `concurrency`', { default: '10s' }, 0),
    maxAttempts: integer('attempts of one transaction', { default: 5 }, 1, 1000),
    deadline: duration('counted from the first READY', { default: '30m' }),
    stuckAfter: duration('in progress for so long after a switchover: broken', { absent: 'by rule R14' }),
    cleanUp: choice('who removes what a dropped create left broken', { default: 'auto' }, ['auto', 'operator']),
  }),
  completion: Type.Object({
    askAfter: duration('silence after which an accepted transaction is looked at', { default: '30s' }),
  }),
  callbacks: Type.Object({
    host: host('an own listener for ESC’s reports', { absent: 'the northbound listener' }),
    port: listenPort('an own listener for ESC’s reports', { absent: 'the northbound listener' }),
    publicUrl: url('how ESC reaches the gateway; set: callbacks go through it', none),
    deliverFor: duration('how long a callback is tried', { default: '24h' }),
    allow: networks('hosts and networks that clients’ callback URLs may name'),
  }),
  policies: table('overrides of the catalogue', policy),
  limits: Type.Object({
    bodyBytes: size('a request’s body', { default: '1MiB' }, 1),
    requestsPerSecond: integer('per client', { absent: 'no limit' }, 1, 1_000_000),
    connections: integer('northbound connections at once', { default: 10_000 }, 1, 1_000_000),
  }),
  log: Type.Object({
    level: choice('the least severe line that is written', { default: 'info' }, [
      'trace',
      'debug',
      'info',
      'warn',
      'error',
      'fatal',
      'silent',
    ]),
    pretty: boolean('lines for people instead of JSON', { absent: 'on a terminal' }),
  }),
  tracing: Type.Object({
    endpoint: url('OTLP over HTTP; set: spans are sent', none),
  }),
});

/** The resolved configuration: nested as the keys, absent values absent, durations `…Ms`, sizes `…Bytes`. */
export type Config = Resolved<typeof schema>;
