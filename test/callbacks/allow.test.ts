// Which URLs of clients are called (SSRF): every form of an address that must not be, and names that turn out to be one.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { Allow, refuseCallbacks } from '../../src/callbacks/allow.ts';
import { Deliverer } from '../../src/callbacks/delivery.ts';
import { GatewayError } from '../../src/domain/problem.ts';

const refused: readonly string[] = [
  'http://127.0.0.1/',
  'http://127.9.9.9:8080/',
  'http://127.1/',
  'http://2130706433/',
  'http://0x7f.0.0.1/',
  'http://0177.0.0.1/',
  'http://0.0.0.0/',
  'http://localhost/',
  'http://LOCALHOST./',
  'http://a.localhost/',
  'http://[::1]/',
  'http://[::]/',
  'http://[::ffff:127.0.0.1]/',
  'http://[::ffff:7f00:1]/',
  'http://[::127.0.0.1]/',
  'http://[64:ff9b::7f00:1]/',
  'http://[64:ff9b:1:1:2:3:a9fe:a9fe]/',
  'http://[2002:7f00:1::]/',
  'http://[::ffff:0:169.254.169.254]/',
  'http://169.254.169.254/latest/meta-data',
  'http://[fe80::1]/',
  'http://[fd00:ec2::254]/',
  'http://100.100.100.200/',
  'http://metadata.google.internal/',
  'http://224.0.0.1/',
  'http://255.255.255.255/',
  'ftp://nfvo.example/',
  'file:///etc/passwd',
  'nfvo.example/callback',
  `http://nfvo.example/${'a'.repeat(5000)}`,
];

for (const url of refused) {
  test(`with nothing named, ${url.slice(0, 60)} is not called`, () => {
    assert.notEqual(new Allow([]).refusalOf(url), null);
  });
}

test('with nothing named, every other address and name may be called', () => {
  const allow = new Allow([]);
  const fine = [
    'http://10.1.2.3:9/cb',
    'https://nfvo.example/cb?a=b',
    'http://[2001:db8::1]/',
    'http://[64:ff9b::a01:203]/',
  ];
  for (const url of fine) assert.equal(allow.refusalOf(url), null, url);
});

test('where something is named, only that may be called, be it special or not', () => {
  const allow = new Allow(['10.0.0.0/8', '127.0.0.1', 'nfvo.example', 'fd00::/16']);
  const fine = [
    'http://10.200.0.1/',
    'http://127.0.0.1:9/',
    'http://NFVO.example./',
    'http://[::ffff:10.0.0.1]/',
    'http://[fd00::5]/',
  ];
  for (const url of fine) assert.equal(allow.refusalOf(url), null, url);
  for (const url of ['http://11.0.0.1/', 'http://127.0.0.2/', 'http://[::1]/', 'http://localhost/']) {
    assert.notEqual(allow.refusalOf(url), null, url);
  }
  assert.notEqual(new Allow(['nfvo.example']).refusalOf('http://other.example/'), null);
});

test('a name is judged by its address: one that is not named, or that was turned to this host', () => {
  assert.equal(new Allow([]).allowsAddress('127.0.0.1', 'turned.example'), false);
  assert.equal(new Allow([]).allowsAddress('fe80::1%eth0', 'turned.example'), false);
  assert.equal(new Allow([]).allowsAddress('10.0.0.1', 'nfvo.example'), true);
  assert.equal(new Allow(['nfvo.example']).allowsAddress('10.0.0.1', 'nfvo.example'), true);
  assert.equal(new Allow(['nfvo.example']).allowsAddress('::ffff:127.0.0.1', 'nfvo.example'), false);
  assert.equal(new Allow(['nfvo.example', '127.0.0.1']).allowsAddress('127.0.0.1', 'nfvo.example'), true);
  assert.equal(new Allow(['10.0.0.0/8']).allowsAddress('10.0.0.1', 'any.example'), true);
  assert.equal(new Allow(['10.0.0.0/8']).allowsAddress('11.0.0.1', 'any.example'), false);
  assert.equal(new Allow(['localhost']).allowsAddress('127.0.0.1', 'localhost'), true);
});

test('a request with a callback URL that may not be called is refused with 400 callback-refused', () => {
  refuseCallbacks(new Allow([]), [null, 'http://10.0.0.1/']);
  assert.throws(
    () => refuseCallbacks(new Allow([]), ['http://10.0.0.1/', 'http://[::1]/']),
    (error) => error instanceof GatewayError && error.code === 'callback-refused' && error.status === 400,
  );
});

test('no connection is made to an address that a name was turned to', async () => {
  const heard: string[] = [];
  const server = http.createServer((request, response) => {
    heard.push(request.url ?? '');
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const send = async (allowed: readonly string[], path: string) => {
    const deliverer = new Deliverer(turned(allowed));
    const signal = new AbortController().signal;
    const url = `http://localhost:${port}/${path}`;
    const tried = await deliverer.try({ url, id: '1', headers: [], body: new Uint8Array(), signal });
    await deliverer.close();
    return tried;
  };
  try {
    const kept = await send(['10.0.0.0/8'], 'turned');
    assert.equal(kept.kind, 'failed');
    assert.match('error' in kept ? kept.error : '', /ENOTALLOWED/);
    assert.equal((await send(['localhost'], 'named')).kind, 'taken');
    assert.deepEqual(heard, ['/named']);
  } finally {
    server.close();
  }
});

/** As if the name had been judged harmless when the request came: only the address is left to tell. */
function turned(allowed: readonly string[]): Allow {
  const allow = new Allow(allowed);
  allow.refusalOf = () => null;
  return allow;
}
