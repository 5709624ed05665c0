import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLoopback, parseHost, parseNetwork } from '../../src/config/hosts.ts';
import { parseJournalUrl } from '../../src/config/journal-url.ts';
import { parseDuration, parseSize } from '../../src/config/units.ts';

test('a duration is a whole number and one unit', () => {
  const written = ['0s', '500ms', '10s', '5m', '6h', '7d'];
  assert.deepEqual(written.map(parseDuration), [0, 500, 10_000, 300_000, 21_600_000, 604_800_000]);
});

test('a size is a whole number and one binary unit', () => {
  assert.deepEqual(['1B', '1KiB', '256MiB', '2GiB'].map(parseSize), [1, 1024, 268_435_456, 2_147_483_648]);
});

test('combinations, fractions, signs, spaces, bare numbers and decimal units are refused', () => {
  for (const written of [
    '',
    '10',
    '1h30m',
    '1.5s',
    '-1s',
    '+1s',
    '1 s',
    ' 1s',
    '1S',
    '1w',
    's',
    '1e3s',
    '99999999999999d',
  ]) {
    assert.equal(parseDuration(written), undefined, written);
  }
  for (const written of ['', '10', '1kB', '1MB', '1M', '1mib', '1.5MiB', '-1B', '1 MiB', '9999999999999GiB']) {
    assert.equal(parseSize(written), undefined, written);
  }
});

test('whatever is written, a unit is read as a safe number or refused', () => {
  fc.assert(
    fc.property(fc.string(), (written) => {
      for (const read of [parseDuration(written), parseSize(written)])
        assert.ok(read === undefined || Number.isSafeInteger(read));
    }),
  );
});

test('a host is an address or a name, never with a port, a scheme or a mistyped address', () => {
  for (const host of ['10.0.0.1', '::1', 'esc-vip.example', 'esc_vip', 'a']) assert.equal(parseHost(host), host);
  assert.equal(parseHost('[2001:db8::1]'), '2001:db8::1');
  for (const wrong of [
    '',
    '10.0.0.256',
    '10.0.0',
    '10.0.0.1:8443',
    'https://esc',
    'a b',
    '-a',
    'a..b',
    '[10.0.0.1]',
    'x'.repeat(300),
  ]) {
    assert.equal(parseHost(wrong), undefined, wrong);
  }
});

test('a network is a host or an address with a prefix length that it can have', () => {
  for (const network of ['10.0.0.0/8', '2001:db8::/32', 'nfvo.example', '10.0.0.1'])
    assert.equal(parseNetwork(network), network);
  for (const wrong of ['10.0.0.0/33', '::/129', 'nfvo/8', '10.0.0.0/', '10.0.0.0/x'])
    assert.equal(parseNetwork(wrong), undefined, wrong);
});

test('only this machine’s own addresses are loopback', () => {
  for (const host of ['localhost', '127.0.0.1', '127.3.2.1', '::1', '0:0:0:0:0:0:0:1'])
    assert.ok(isLoopback(host), host);
  for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example.com', 'localhost.example'])
    assert.ok(!isLoopback(host), host);
});

test('a journal URL is taken apart by the kind of store', () => {
  assert.deepEqual(parseJournalUrl('sqlite:/var/lib/northgate.db'), { kind: 'sqlite', path: '/var/lib/northgate.db' });
  assert.deepEqual(parseJournalUrl('redis://r'), { kind: 'redis', tls: false, host: 'r', port: 6379, database: 0 });
  assert.deepEqual(parseJournalUrl('rediss://u:p%40ss@[::1]:7000/3'), {
    kind: 'redis',
    tls: true,
    host: '::1',
    port: 7000,
    database: 3,
    username: 'u',
    password: 'p@ss',
  });
  assert.deepEqual(parseJournalUrl('redis+sentinel://:pw@s1,s2:5000/main'), {
    kind: 'redis-sentinel',
    tls: false,
    sentinels: [
      { host: 's1', port: 26379 },
      { host: 's2', port: 5000 },
    ],
    name: 'main',
    database: 0,
    password: 'pw',
  });
  assert.deepEqual(parseJournalUrl('redis+cluster://c1,c2:1'), {
    kind: 'redis-cluster',
    tls: false,
    nodes: [
      { host: 'c1', port: 6379 },
      { host: 'c2', port: 1 },
    ],
  });
  const encrypted = parseJournalUrl('rediss+sentinel://u:p@s1/main/2');
  assert.ok(encrypted?.kind === 'redis-sentinel' && encrypted.tls && encrypted.database === 2);
  const cluster = parseJournalUrl('rediss+cluster://c1');
  assert.ok(cluster?.kind === 'redis-cluster' && cluster.tls);
});

test('a journal URL of no known form is refused', () => {
  const wrong = [
    '',
    'sqlite:',
    'sqlite://x',
    'file.db',
    'redis:r',
    'redis://',
    'redis://a,b',
    'redis://r/x',
    'redis://r:0',
    'redis://r:70000',
  ];
  wrong.push(
    'redis+sentinel://s1,s2',
    'redis+sentinel:///main',
    'redis+cluster://c1/0',
    'redis://r?x=1',
    'redis://%zz@r',
    'http://r',
  );
  for (const written of wrong) assert.equal(parseJournalUrl(written), undefined, written);
});
