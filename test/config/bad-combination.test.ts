// A table of wrong configurations, part two: unknown keys, secrets from files, and what is wrong only together.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { makeCertificate } from './certificate.ts';
import { ConfigFolder } from './reading.ts';

const folder = new ConfigFolder();
after(() => folder[Symbol.dispose]());

type Wrong = { yaml?: string; environment?: Record<string, string>; says: string[] };
const vip = 'esc: {vip: esc-vip}\n';
const digest = 'ab'.repeat(32);
const own = makeCertificate('own');

const keys: Record<string, Wrong> = {
  'a misspelt key': {
    yaml: 'esc:\n  vip: a\n  timouts: {connect: 3s}',
    says: [
      'esc.timouts: found an unknown key (northgate.yaml line 3), expected a key of esc; did you mean esc.timeouts?',
    ],
  },
  'a key in the wrong place': {
    yaml: `vip: a\n${vip}`,
    says: [
      'vip: found an unknown key (northgate.yaml line 1), expected a key of the configuration; did you mean esc.vip?',
    ],
  },
  'a key like no other': {
    yaml: `${vip}zzzzzz: 1`,
    says: ['zzzzzz: found an unknown key (northgate.yaml line 2), expected a key of the configuration'],
  },
  'a key of every object': {
    yaml: `${vip}__proto__: {a: b}\nconstructor: 1`,
    says: [
      '__proto__: found an unknown key (northgate.yaml line 2), expected a key of the configuration',
      'constructor: found an unknown key (northgate.yaml line 3), expected a key of the configuration',
    ],
  },
  'a misspelt variable': {
    yaml: vip,
    environment: { NORTHGATE_ESC_REST_PROT: '1' },
    says: [
      'NORTHGATE_ESC_REST_PROT: found a variable that is no key, expected NORTHGATE_ and a key; did you mean NORTHGATE_ESC_REST_PORT?',
    ],
  },
  'a list of objects that is no JSON': {
    yaml: vip,
    environment: { NORTHGATE_OPS_TOKENS: 'hunter2' },
    says: [
      'ops.tokens: found text that is not JSON (environment NORTHGATE_OPS_TOKENS), expected a list of objects as JSON',
    ],
  },
  'no file': {
    environment: { NORTHGATE_CONFIG: '/no/such/file.yaml' },
    says: [
      'NORTHGATE_CONFIG: found no file at /no/such/file.yaml, expected a readable YAML file',
      'esc.vip: found nothing, expected an IP address or a host name, without a port',
    ],
  },
  'a directory for a file': {
    environment: { NORTHGATE_CONFIG: '/', NORTHGATE_ESC_VIP: 'a' },
    says: ['NORTHGATE_CONFIG: found a directory at /, expected a readable YAML file'],
  },
};

const secretFiles: Record<string, Wrong> = {
  'a secret file that is not there': {
    yaml: 'esc: {vip: a, username: u, passwordFile: /no/such/file}',
    says: [
      'esc.passwordFile: found no file at /no/such/file (northgate.yaml line 1), expected a readable file that holds text',
    ],
  },
  'a secret and its file': {
    yaml: 'esc: {vip: a, username: u, password: p, passwordFile: /etc/p}',
    says: ['esc.password: found both password and passwordFile (northgate.yaml line 1), expected one of them'],
  },
  'a certificate that is not there': {
    yaml: 'esc: {vip: a, tls: {ca: /no/such/ca.pem}}',
    says: [
      'esc.tls.ca: found no file at /no/such/ca.pem (northgate.yaml line 1), expected PEM text or the path of a PEM file',
    ],
  },
  'a file that is no certificate': {
    yaml: `esc: {vip: a, tls: {ca: ${folder.write('not.pem', 'hello')}}}`,
    says: ['esc.tls.ca: found no PEM in not.pem (northgate.yaml line 1), expected PEM text or the path of a PEM file'],
  },
};

const together: Record<string, Wrong> = {
  'ops without tokens off loopback': {
    yaml: `${vip}ops: {host: 0.0.0.0}`,
    says: [
      'ops.tokens: found nothing beside ops.host 0.0.0.0, expected at least one token, or a loopback ops.host (127.0.0.1, ::1 or localhost)',
      'ops.tls.cert: found nothing beside ops.host 0.0.0.0, expected a certificate, a loopback ops.host, or ops.allowPlaintext: true (tokens cross the network in the clear)',
    ],
  },
  'ETSI switched on': {
    yaml: 'esc: {vip: a, etsi: {enabled: true}}',
    says: [
      'esc.etsi.enabled: found true (northgate.yaml line 1), expected false: the ETSI northbound is not built yet',
    ],
  },
  'clients without an own account': {
    yaml: `${vip}northbound: {clients: [{name: nfvo, password: p}]}`,
    says: [
      'esc.username: found nothing beside northbound.clients, expected the ESC account that replaces the clients’ credentials',
    ],
  },
  'a user name without password': {
    yaml: 'esc: {vip: a, username: u}',
    says: ['esc.password: found nothing beside esc.username, expected its password, here or as esc.passwordFile'],
  },
  'a password without user name': {
    yaml: 'esc: {vip: a, password: p}',
    says: ['esc.username: found nothing beside esc.password, expected its user name'],
  },
  'a client with two proofs': {
    yaml: `esc: {vip: a, username: u, password: p}\nnorthbound: {clients: [{name: n, password: p, tokenSha256: ${digest}}]}`,
    says: [
      'northbound.clients[0]: found 2 ways to prove who it is (northgate.yaml line 2), expected one of password, passwordHash, tokenSha256 and certificateSubject',
    ],
  },
  'a client twice': {
    yaml: `esc: {vip: a, username: u, password: p}\nnorthbound: {clients: [{name: n, password: p}, {name: n, password: q}]}`,
    says: ['northbound.clients[1].name: found "n" again (northgate.yaml line 2), expected each name once'],
  },
  'a token of an unknown role': {
    yaml: `${vip}ops:\n  tokens:\n  - name: joe\n    role: boss`,
    says: [
      'ops.tokens[0].role: found "boss" (northgate.yaml line 5), expected viewer or operator',
      'ops.tokens[0].sha256: found nothing (northgate.yaml line 4), expected a SHA-256 digest of 64 hexadecimal digits',
    ],
  },
  'Redis without a key': {
    yaml: `${vip}journal: {url: "redis://r"}`,
    says: [
      'journal.key: found nothing beside a Redis journal, expected 32 bytes in base64, or journal.plaintext: true',
    ],
  },
  'replicas of an embedded journal': {
    yaml: `${vip}journal: {durability: "replicated:2"}`,
    says: [
      'journal.durability: found replicated:N beside an embedded journal (northgate.yaml line 2), expected always or everysec; only Redis replicates',
    ],
  },
  'a journal that fails over and asks for one server’s word': {
    yaml: `${vip}journal: {plaintext: true, url: "redis+sentinel://s/main"}`,
    says: [
      'journal.durability: found always beside a Sentinel, expected replicated:N, since a fail-over may lose what only one server has; or journal.allowWeaker: true',
    ],
  },
  'authorities that cannot be read, in the second place too': {
    yaml: `esc: {vip: esc-vip,\n  tls: {ca: ${folder.write('keys.pem', makeCertificate('a').key)}}}
northbound: {tls: {clientCa: ${folder.write('two.pem', `${makeCertificate('a').cert}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`)}, cert: ${folder.write('own.pem', own.cert)}, key: ${folder.write('own.key', own.key)}}}`,
    says: [
      'northbound.tls.clientCa: found a part 2 that is no certificate (northgate.yaml line 3), expected one or more X.509 certificates in PEM',
      'esc.tls.ca: found a part 1 that is no certificate (northgate.yaml line 2), expected one or more X.509 certificates in PEM',
    ],
  },
  'certificates for a journal without TLS': {
    yaml: `${vip}journal:\n  plaintext: true\n  url: redis://r\n  tls: {ca: ${folder.write('ca.pem', makeCertificate('a').cert)}}`,
    says: [
      'journal.url: found a URL without TLS beside journal.tls (northgate.yaml line 4), expected rediss:, rediss+sentinel: or rediss+cluster:',
    ],
  },
  'an account of Sentinels without Sentinels': {
    yaml: `${vip}journal: {plaintext: true, url: "redis://r", sentinel: {username: u}}`,
    says: [
      'journal.url: found a URL without Sentinels beside journal.sentinel (northgate.yaml line 2), expected redis+sentinel:// or rediss+sentinel://',
      'journal.sentinel.password: found nothing beside journal.sentinel.username, expected its password',
    ],
  },
  'a certificate for Redis without its key': {
    yaml: `${vip}journal: {plaintext: true, url: "rediss://r", tls: {cert: "-----BEGIN CERTIFICATE-----"}}`,
    says: ['journal.tls.key: found nothing beside journal.tls.cert, expected its private key'],
  },
  'a journal name that breaks its hash tag': {
    yaml: `${vip}journal: {name: "a}b"}`,
    says: [
      'journal.name: found "a}b" (northgate.yaml line 2), expected 1 to 64 letters, digits, dots, dashes or underscores',
    ],
  },
  'the VIP among the nodes': {
    yaml: 'esc: {vip: a, nodes: [a, b]}',
    says: ['esc.nodes: found the VIP a (northgate.yaml line 1), expected the nodes’ own addresses'],
  },
  'one node twice': {
    yaml: 'esc: {vip: a, nodes: [b, b]}',
    says: ['esc.nodes: found b twice (northgate.yaml line 1), expected two different addresses'],
  },
  'a shared port': {
    yaml: `${vip}northbound: {port: 9080}`,
    says: ['ops.port: found 9080, which is northbound.port too, expected a port of its own'],
  },
  'a certificate without key': {
    yaml: `${vip}ops: {tls: {cert: ${folder.write('c.pem', makeCertificate('a').cert)}}}`,
    says: ['ops.tls.key: found nothing beside ops.tls.cert, expected its private key'],
  },
  'a key of another certificate': {
    yaml: `${vip}northbound: {tls: {cert: ${folder.write('a.pem', makeCertificate('a').cert)}, keyFile: ${folder.write('b.pem', makeCertificate('b').key)}}}`,
    says: [
      'northbound.tls.key: found a key of another certificate than northbound.tls.cert (northgate.yaml line 2), expected the key that belongs to it',
    ],
  },
  'a public URL with a query': {
    yaml: `${vip}callbacks: {publicUrl: "http://g/?a=b"}`,
    says: [
      'callbacks.publicUrl: found a user name, a query or a fragment (northgate.yaml line 2), expected a plain URL; the gateway adds its own path',
    ],
  },
  'a callback host without port': {
    yaml: `${vip}callbacks: {host: 10.0.0.5}`,
    says: ['callbacks.port: found nothing beside callbacks.host, expected the port of the callbacks’ own listener'],
  },
  'a policy with a strange path and nothing to override (northgate.yaml line 2)': {
    yaml: `${vip}policies: [{method: POST, path: "v0/{t"}]`,
    says: [
      'policies[0].path: found "v0/{t" (northgate.yaml line 2), expected a path as in OpenAPI, such as /ESCManager/v0/{tenant}/deployments/{id}',
      'policies[0]: found nothing to override (northgate.yaml line 2), expected at least one of replay, lane, ack and completeWithin',
    ],
  },
  'a lane of a parameter that the path has not': {
    yaml: `${vip}policies: [{method: POST, path: "/a/{t}", lane: "x/{u}"}]`,
    says: ['policies[0].lane: found {u} (northgate.yaml line 2), expected parameters of the path: t'],
  },
  'a policy twice': {
    yaml: `${vip}policies: [{method: POST, path: "/a/{t}", ack: answer}, {method: POST, path: "/a/{u}", ack: report}]`,
    says: [
      'policies[1]: found the operation of policies[0] again (northgate.yaml line 2), expected each operation once',
    ],
  },
  'a policy for a safe method': {
    yaml: `${vip}policies: [{method: GET, path: /a, ack: answer}]`,
    says: ['policies[0].method: found "GET" (northgate.yaml line 2), expected POST, PUT, PATCH or DELETE'],
  },
};

for (const [name, { yaml, environment, says }] of Object.entries({ ...keys, ...secretFiles, ...together })) {
  test(`a configuration with ${name} is refused in plain words`, () => {
    assert.deepEqual(folder.problems(yaml, environment), says);
  });
}
