/** Who calls, and over what: `northbound.clients` and the gateway's own account (R27), TLS on both sides. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeCertificate } from '../config/certificate.ts';
import { fieldOf } from '../support/echo-esc.ts';
import { type EchoWorld, startEchoWorld } from '../support/echo-world.ts';
import { assertProblem } from '../support/problem.ts';
import { connectRaw, requestText } from '../support/raw-client.ts';

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
const clients = [
  { name: 'nfvo', password: 'p:ä' },
  { name: 'oss', tokenSha256: createHash('sha256').update('token-1').digest('hex') },
];
const settings = {
  NORTHGATE_NORTHBOUND_CLIENTS: JSON.stringify(clients),
  NORTHGATE_ESC_USERNAME: 'own',
  NORTHGATE_ESC_PASSWORD: 'account',
};

async function ask(world: EchoWorld, method: string, ...fields: string[]) {
  const client = await world.connect();
  client.write(requestText([`${method} /ESCManager/v0/x HTTP/1.1`, 'Host: a', ...fields]));
  return await client.answer();
}

test('H-35 only configured clients are taken; ESC sees the gateway’s own account, the journal neither in clear', async () => {
  await using world = await startEchoWorld({ settings });
  const refused = [
    [],
    [`Authorization: ${basic('nfvo:wrong')}`],
    [`Authorization: ${basic('other:p:ä')}`],
    ['Authorization: Bearer token-2'],
    ['Authorization: Bearer'],
    [`Authorization: ${basic('oss:')}`],
    ['Authorization: nonsense'],
    ['Connection: Authorization', `Authorization: ${basic('nfvo:p:ä')}`],
  ];
  for (const fields of refused) {
    for (const method of ['GET', 'POST']) {
      const answer = await ask(world, method, ...fields);
      const { connection } = assertProblem(answer, { status: 401, code: 'unauthorized' });
      assert.match(fieldOf(answer.headers, 'www-authenticate'), /^Basic realm=/);
      assert.equal(connection, 'keep-alive');
    }
  }
  assert.equal(world.esc.requests.length, 0);
  for (const given of [basic('nfvo:p:ä'), 'bEARER token-1']) {
    assert.equal((await ask(world, 'POST', `authorization: ${given}`)).status, 200);
    assert.equal((await ask(world, 'GET', `authorization: ${given}`)).status, 200);
  }
  assert.equal(world.esc.requests.length, 4);
  for (const { head } of world.esc.requests) {
    assert.deepEqual(head.match(/^authorization: .*$/gim), [`Authorization: ${basic('own:account')}`]);
  }
  assert.deepEqual(
    (await world.transactions()).map(({ client }) => client),
    ['oss', 'nfvo'],
  );
  const stored = await Promise.all(
    ['northgate.db', 'northgate.db-wal'].map((name) => readFile(join(world.directory, name))),
  );
  for (const secret of [basic('nfvo:p:ä'), basic('own:account'), 'token-1', 'p:ä']) {
    for (const bytes of stored) assert.ok(!bytes.includes(secret), `${secret} is in the journal in clear`);
  }
});

test('without configured clients credentials go through as they came, and name the client without telling them', async () => {
  await using world = await startEchoWorld();
  for (const given of [basic('a:b'), basic('a:c')]) await ask(world, 'POST', `AUTHORIZATION: ${given}`);
  assert.deepEqual(
    world.esc.requests.map(({ head }) => head.match(/^AUTHORIZATION: .*$/m)?.[0]),
    [basic('a:b'), basic('a:c')].map((given) => `AUTHORIZATION: ${given}`),
  );
  const names = (await world.transactions()).map(({ client }) => client);
  assert.equal(new Set(names).size, 2);
  for (const name of names) assert.match(name, /^credentials-[\w-]{22}$/);
});

const escCertificate = makeCertificate('127.0.0.1');

test('an ESC with a certificate of its own is served when verification is off', async () => {
  await using world = await startEchoWorld({ tls: escCertificate, settings: { NORTHGATE_ESC_TLS_VERIFY: 'false' } });
  assert.equal((await ask(world, 'POST')).status, 200);
  assert.equal((await ask(world, 'GET')).status, 200);
});

test('an ESC whose certificate is not trusted gets nothing, and the gateway lives on', async () => {
  await using world = await startEchoWorld({ tls: escCertificate, settings: { NORTHGATE_HOLD_TIMEOUT: '1s' } });
  assertProblem(await ask(world, 'GET'), { status: 502, code: 'upstream-unreachable', sent: 'maybe' });
  assert.deepEqual(world.esc.requests, []);
});

test('the northbound speaks TLS, and plain HTTP to it is ended without harm', async () => {
  const { cert, key } = makeCertificate('gateway');
  await using world = await startEchoWorld({
    settings: { NORTHGATE_NORTHBOUND_TLS_CERT: cert, NORTHGATE_NORTHBOUND_TLS_KEY: key },
  });
  using plain = await connectRaw(world.gateway.northbound.port);
  plain.write(requestText(['GET /ESCManager/v0/x HTTP/1.1', 'Host: a']));
  await plain.ended();
  assert.equal((await ask(world, 'POST')).status, 200);
  const client = await world.connect();
  client.write('nonsense\r\n\r\n');
  assertProblem(await client.answer(), { status: 400, code: 'invalid-request' });
});
