/** Who may call from the north, and how often: certificates, hashed passwords, tokens, guesses, rates, renewed certificates. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import https from 'node:https';
import { suite, test } from 'node:test';
import { pino } from 'pino';
import { request } from 'undici';
import { isSubject, subjectOf } from '../../src/http/certificate-subject.ts';
import { FailedLogIns } from '../../src/http/failed-log-ins.ts';
import { hashPassword, isPassword, isPasswordHash } from '../../src/http/password.ts';
import { makeCertificate } from '../config/certificate.ts';
import { startWorld, tenantXml, uniqueId, type World } from '../support/world.ts';

const server = makeCertificate('gateway', ['127.0.0.1']);
const known = makeCertificate('orchestrator');
const stranger = makeCertificate('stranger');
const digest = (token: string): string => createHash('sha256').update(token).digest('hex');
const basic = (name: string, password: string): string =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;

interface Given {
  readonly cert?: string;
  readonly key?: string;
  readonly authorization?: string;
  readonly path?: string;
  readonly method?: string;
}

/** A tenant by a client on a connection of its own; the status and the server's certificate, or why there was none. */
function call(world: World, { path, method = 'POST', authorization, ...own }: Given): Promise<string> {
  const { port } = world.gateway.northbound;
  const id = uniqueId('tenant');
  const headers = { 'content-type': 'application/xml', ...(authorization === undefined ? {} : { authorization }) };
  const options = { ...own, host: '127.0.0.1', port, method, agent: false, headers, ca: [server.cert, renewed.cert] };
  return new Promise((resolve) => {
    const sent = https.request({ ...options, path: path ?? `/ESCManager/v0/tenants/${id}` }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(String(answer.statusCode)));
    });
    sent.on('error', () => resolve('refused'));
    sent.end(method === 'POST' ? tenantXml(id) : undefined);
  });
}

const renewed = makeCertificate('renewed', ['127.0.0.1']);

const accounts = {
  NORTHGATE_ESC_USERNAME: 'northgate',
  NORTHGATE_ESC_PASSWORD: 'esc',
};
const withTls = {
  ...accounts,
  NORTHGATE_NORTHBOUND_TLS_CERT: server.cert,
  NORTHGATE_NORTHBOUND_TLS_KEY: server.key,
  NORTHGATE_NORTHBOUND_TLS_CLIENT_CA: `${known.cert}${stranger.cert}`,
};

suite('mutual TLS', () => {
  test('a client is known by its certificate, also through a switchover; others of the same authority are not', async () => {
    const clients = [{ name: 'nfvo', certificateSubject: 'CN=orchestrator' }];
    await using world = await startWorld({
      settings: { ...withTls, NORTHGATE_NORTHBOUND_CLIENTS: JSON.stringify(clients) },
    });
    assert.equal(await call(world, known), '200');
    assert.equal(await call(world, stranger), '401');
    const switched = world.pair.switchover('dead-vm');
    assert.equal(await call(world, known), '200');
    await switched;
  });

  test('nobody gets past the handshake without a certificate that the authority signed', async () => {
    await using world = await startWorld({ settings: withTls });
    assert.equal(await call(world, {}), 'refused');
    const { cert, key } = makeCertificate('orchestrator');
    assert.equal(await call(world, { cert, key }), 'refused');
    assert.equal(await call(world, known), '200');
  });

  test('a renewed certificate is used by new connections, and one that does not fit is refused', async () => {
    await using world = await startWorld({ settings: withTls });
    const { clientCa } = { clientCa: withTls.NORTHGATE_NORTHBOUND_TLS_CLIENT_CA };
    const ops = { tls: {} } as never;
    const renewTo = (cert: string, key: string): void =>
      world.gateway.renewCertificates({ northbound: { tls: { cert, key, clientCa } } as never, ops });
    const names: string[] = [];
    const look = (): Promise<void> =>
      new Promise((resolve, reject) => {
        const { port } = world.gateway.northbound;
        const sent = https.request(
          {
            ...known,
            host: '127.0.0.1',
            port,
            path: '/northgate/v1/openapi.json',
            agent: false,
            rejectUnauthorized: false,
          },
          (answer) => {
            names.push(String((answer.socket as import('node:tls').TLSSocket).getPeerCertificate().subject.CN));
            answer.resume();
            answer.on('end', resolve);
          },
        );
        sent.on('error', reject);
        sent.end();
      });
    await look();
    assert.throws(() => renewTo(renewed.cert, server.key));
    await look();
    renewTo(renewed.cert, renewed.key);
    await look();
    assert.deepEqual(names, ['gateway', 'gateway', 'renewed']);
  });
});

test('subjects are equal only attribute by attribute', () => {
  const certificate = (subject: object) => ({ subject }) as never;
  assert.ok(isSubject(certificate({ CN: 'a', O: 'Telco, Inc.' }), String.raw`O=Telco\, Inc., CN=a`));
  assert.ok(!isSubject(certificate({ CN: 'a', O: 'b' }), 'CN=a'));
  assert.ok(!isSubject(certificate({ CN: 'a,O=b' }), 'CN=a,O=b'));
  assert.ok(!isSubject(certificate({ CN: 'a\nO=b' }), 'CN=a,O=b'));
  assert.ok(!isSubject(certificate({}), ''));
  assert.equal(subjectOf('no subject'), null);
});

suite('passwords', () => {
  test('are checked against their scrypt hash', async () => {
    const hash = await hashPassword('correct horse');
    assert.match(hash, /^\$scrypt\$ln=15,r=8,p=1\$/);
    assert.ok(await isPassword('correct horse', hash));
    assert.ok(!(await isPassword('correct mouse', hash)));
    assert.ok(!isPasswordHash('$scrypt$ln=30,r=8,p=1$AAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAA'));
  });

  test('a client with a hashed password is let in, a guesser is stopped, and the client stays welcome', async () => {
    const clients = [{ name: 'nfvo', passwordHash: await hashPassword('right') }];
    const settings = { ...accounts, NORTHGATE_NORTHBOUND_CLIENTS: JSON.stringify(clients) };
    await using world = await startWorld({ settings });
    const path = '/ESCManager/v0/tenants';
    const status = async (authorization: string): Promise<number> =>
      (await world.send('GET', path, undefined, { authorization })).status;
    assert.equal(await status(basic('nfvo', 'right')), 200);
    const guesses: number[] = [];
    for (let guess = 0; guess < 13; guess++) guesses.push(await status(basic('nfvo', `guess ${guess}`)));
    assert.deepEqual([...new Set(guesses)], [401, 429]);
    assert.equal(guesses.indexOf(429), 10);
    assert.equal(await status(basic('nfvo', 'right')), 200);
    const refused = await world.send('GET', path, undefined, { authorization: basic('nfvo', 'again') });
    assert.ok(Number(refused.headers['retry-after']) >= 1);
  });
});

test('a guesser on the ops listener is stopped, and an operator stays welcome', async () => {
  const tokens = [{ name: 'joe', role: 'viewer', sha256: digest('right') }];
  await using world = await startWorld({ settings: { NORTHGATE_OPS_TOKENS: JSON.stringify(tokens) } });
  const status = async (token: string): Promise<number> => {
    const answer = await request(`${world.gateway.ops.url}/v1/pair`, { headers: { authorization: `Bearer ${token}` } });
    await answer.body.dump();
    return answer.statusCode;
  };
  assert.equal(await status('right'), 200);
  for (let guess = 0; guess < 10; guess++) assert.equal(await status(`guess ${guess}`), 401);
  assert.equal(await status('another'), 429);
  assert.equal(await status('right'), 200);
});

test('an address of IPv6 is counted with its whole network, and one line is logged for a burst', async () => {
  const lines: string[] = [];
  const tries = new FailedLogIns(pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) }));
  const from = (address: string) => ({ address, name: 'nfvo' });
  for (let host = 1; host <= 10; host++) await tries.failed(from(`2001:db8::${host.toString(16)}`), 'northbound');
  await assert.rejects(tries.failed(from('2001:db8::aa'), 'northbound'), { code: 'rate-limited' });
  await assert.rejects(tries.admit(from('2001:db8::ff'), 'Basic x'), { code: 'rate-limited' });
  await tries.admit(from('2001:db8:1::1'), 'Basic x');
  await tries.admit({ address: '2001:db8::ff', name: 'oss' }, 'Basic x');
  assert.equal(lines.length, 1);
});

test('a client past its rate is refused, nothing of it is journaled, and another one is not', async () => {
  await using world = await startWorld({ settings: { NORTHGATE_LIMITS_REQUESTS_PER_SECOND: '5' } });
  const tenants = Array.from({ length: 40 }, () => uniqueId('tenant'));
  const answers = await Promise.all(tenants.map((id) => world.createTenant(id)));
  const refused = answers.filter(({ status }) => status === 429);
  assert.ok(refused.length > 0);
  for (const { body, headers } of refused) {
    assert.equal((JSON.parse(body) as { sent: string }).sent, 'no');
    assert.ok(Number(headers['retry-after']) >= 1);
    assert.equal(headers['northgate-transaction'], undefined);
  }
  const sent = world.pair.requests.filter(({ method }) => method === 'POST').length;
  assert.equal(sent, answers.length - refused.length);
  const other = await world.send('GET', '/ESCManager/v0/tenants', undefined, { authorization: basic('other', 'x') });
  assert.equal(other.status, 200);
});
