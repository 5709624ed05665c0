// The table of contract.md section 2, copied by hand: every key with its default as it is written there, and what was
// added since (CHANGELOG.md).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyList } from '../../src/config/key-list.ts';
import { notYetEffective } from '../../src/config/not-yet-effective.ts';
import { rawOf } from '../../src/config/raw.ts';
import { readValue } from '../../src/config/values.ts';

const contract = `
northbound.host 0.0.0.0
northbound.port 8080
northbound.tls.cert -
northbound.tls.key -
northbound.tls.clientCa -
northbound.clients []
northbound.requireKey false
ops.host 127.0.0.1
ops.port 9080
ops.tls.cert -
ops.tls.key -
ops.tls.clientCa -
ops.tokens []
ops.allowPlaintext false
esc.vip -
esc.nodes []
esc.userData []
esc.rest.scheme https
esc.rest.port 8443
esc.etsi.enabled false
esc.etsi.scheme https
esc.etsi.port 8251
esc.health.scheme https
esc.health.port 8060
esc.health.path /esc/health
esc.health.interval 1s
esc.health.timeout 2s
esc.health.rise 2
esc.health.fall 3
esc.health.settle 0s
esc.username -
esc.password -
esc.tls.ca -
esc.tls.verify true
esc.timeouts.connect 3s
esc.timeouts.response 60s
journal.url sqlite:./northgate.db
journal.key -
journal.oldKeys []
journal.retention 7d
journal.durability always
journal.allowWeaker false
journal.plaintext false
journal.name default
journal.tls.ca -
journal.tls.cert -
journal.tls.key -
journal.sentinel.username -
journal.sentinel.password -
hold.timeout 6m
hold.maxRequests 10000
hold.maxBytes 256MiB
hold.onDisconnect keep
drain.timeout 20s
replay.concurrency 8
replay.rampUp 10s
replay.maxAttempts 5
replay.deadline 30m
replay.stuckAfter -
replay.cleanUp auto
completion.askAfter 30s
callbacks.host -
callbacks.port -
callbacks.publicUrl -
callbacks.deliverFor 24h
callbacks.allow []
policies []
limits.bodyBytes 1MiB
limits.requestsPerSecond -
limits.connections 10000
log.level info
log.pretty -
tracing.endpoint -
`;

const shown = (value: unknown): string => (value === undefined ? '-' : Array.isArray(value) ? '[]' : String(value));

test('every key of the contract is known, with the contract’s default, and no other', () => {
  assert.deepEqual(
    keyList.map(({ key, leaf }) => `${key} ${shown(leaf.default)}`),
    contract.trim().split('\n'),
  );
});

test('every key has a variable of its own, named after its path', () => {
  const variables = keyList.map(({ variable }) => variable);
  assert.equal(new Set(variables).size, variables.length);
  const variableOf = (key: string) => keyList.find((entry) => entry.key === key)?.variable;
  assert.equal(variableOf('esc.rest.port'), 'NORTHGATE_ESC_REST_PORT');
  assert.equal(variableOf('northbound.tls.clientCa'), 'NORTHGATE_NORTHBOUND_TLS_CLIENT_CA');
  assert.equal(variableOf('esc.userData'), 'NORTHGATE_ESC_USER_DATA');
});

test('every default is a value that the key itself accepts', () => {
  const at = { from: 'environment', name: 'default' } as const;
  const refused = keyList.filter(
    ({ key, leaf }) => leaf.default !== undefined && !readValue(key, leaf, rawOf(leaf.default, at)).ok,
  );
  assert.deepEqual(
    refused.map(({ key }) => key),
    [],
  );
});

test('every key without effect yet is a key', () => {
  const known = keyList.map(({ key }) => key);
  assert.deepEqual(
    notYetEffective.filter((key) => !known.includes(key)),
    [],
  );
});

test('every key says what it means and what it takes', () => {
  assert.deepEqual(
    keyList.filter(({ leaf }) => leaf.description === '' || leaf.expects === '').map(({ key }) => key),
    [],
  );
});
