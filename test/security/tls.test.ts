/**
 * A gateway as people run it, `northgate serve`, with TLS on both listeners, mutual towards orchestrators, and an authority
 * of its own: who gets in, and certificates that are renewed while it serves.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { isValidAt } from '../../src/http/certificate-subject.ts';
import { startPair } from '../../src/sim/pair.ts';
import { type Certificate, type CertificateOptions, makeCertificate } from '../config/certificate.ts';
import { type Running, start } from '../support/command.ts';
import { until } from '../support/until.ts';
import { briefly, settingsFor, tenantXml, uniqueId } from '../support/world.ts';
import { withTokens } from './owasp-place.ts';

const authorityNamed = (name: string): Certificate => makeCertificate(name, [], { isAuthority: true });
const authority = authorityNamed('telco');
const serverOf = (name: string): Certificate => makeCertificate(name, ['127.0.0.1'], { issuer: authority });
const clientOf = (issuer: Certificate, name: string, options: CertificateOptions = {}): Certificate =>
  makeCertificate(name, [], { issuer, ...options });

interface Place extends AsyncDisposable {
  readonly serve: Running;
  readonly northbound: string;
  readonly ops: string;
  /** Into the file that the configuration names. */
  write(name: 'server.pem' | 'server.key' | 'clients.pem', text: string): Promise<void>;
  readonly log: () => readonly { readonly msg: string; readonly level: string; readonly errors?: string }[];
}

async function startPlace(): Promise<Place> {
  await using parts = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'northgate-tls-'));
  parts.defer(() => rm(directory, { recursive: true, force: true }));
  const pair = parts.use(await startPair(briefly));
  const write: Place['write'] = (name, text) => writeFile(join(directory, name), text);
  const { cert, key } = serverOf('first');
  await Promise.all([write('server.pem', cert), write('server.key', key), write('clients.pem', authority.cert)]);
  const [certFile, keyFile, clientCa] = ['server.pem', 'server.key', 'clients.pem'].map((name) =>
    join(directory, name),
  );
  const serve = parts.use(
    start(['serve'], {
      ...settingsFor(pair, directory),
      ...withTokens,
      NORTHGATE_NORTHBOUND_TLS_CERT: certFile ?? '',
      NORTHGATE_NORTHBOUND_TLS_KEY_FILE: keyFile ?? '',
      NORTHGATE_NORTHBOUND_TLS_CLIENT_CA: clientCa ?? '',
      NORTHGATE_OPS_TLS_CERT_FILE: certFile ?? '',
      NORTHGATE_OPS_TLS_KEY: keyFile ?? '',
      NORTHGATE_NORTHBOUND_CLIENTS: JSON.stringify([{ name: 'nfvo', certificateSubject: 'CN=orchestrator' }]),
      NORTHGATE_ESC_USERNAME: 'gateway',
      NORTHGATE_ESC_PASSWORD: 'secret',
    }),
  );
  const log = () =>
    serve
      .stdout()
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  const urlOf = (listener: string): string =>
    String(log().find((line) => line.msg === 'listening' && line.listener === listener)?.url);
  const isGone = () => serve.process.exitCode !== null;
  await until(() => isGone() || log().some(({ msg }) => msg === 'the gate is open'), 'the gate is open');
  if (isGone()) assert.fail((await serve.ended).stderr);
  await until(() => urlOf('northbound').startsWith('https:'), 'it listens');
  const owned = parts.move();
  return {
    serve,
    northbound: urlOf('northbound'),
    ops: urlOf('ops'),
    write,
    log,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

interface Answer {
  /** Status; or why there was none. */
  readonly told: string;
  /** Common name of the server's certificate. */
  readonly server: string;
}

type Caller = Pick<Certificate, 'cert' | 'key'> | null;

/** Over a connection of its own unless an agent says otherwise; the server must prove itself. */
function ask(
  url: string,
  caller: Caller,
  said: { agent?: https.Agent; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const own = caller === null ? {} : { cert: caller.cert, key: caller.key };
  return new Promise((resolve) => {
    const options = { ...own, ca: authority.cert, agent: said.agent ?? (false as const), headers: said.headers ?? {} };
    const sent = https.get(url, options, (answer) => {
      const server = String((answer.socket as TLSSocket).getPeerCertificate().subject.CN);
      answer.resume();
      answer.on('end', () => resolve({ told: String(answer.statusCode), server }));
    });
    sent.on('error', () => resolve({ told: 'refused', server: '' }));
  });
}

const tenants = ({ northbound }: Place): string => `${northbound}/ESCManager/v0/tenants`;
const operator = { headers: { authorization: 'Bearer otto' } };

suite('mutual TLS, end to end', () => {
  test('only a certificate of the authority, in its time, gets past the handshake, and only its own name further', async () => {
    await using place = await startPlace();
    const orchestrator = clientOf(authority, 'orchestrator');
    const cases: Readonly<Record<string, readonly [Caller, string]>> = {
      'its own certificate': [orchestrator, '200'],
      'no certificate': [null, 'refused'],
      'one that has expired': [clientOf(authority, 'orchestrator', { validDays: [-30, -1] }), 'refused'],
      'one that is not valid yet': [clientOf(authority, 'orchestrator', { validDays: [1, 30] }), 'refused'],
      'one of another authority': [clientOf(authorityNamed('rival'), 'orchestrator'), 'refused'],
      'one of another authority of the same name': [clientOf(authorityNamed('telco'), 'orchestrator'), 'refused'],
      'one that it signed itself': [makeCertificate('orchestrator'), 'refused'],
      'one that another client signed': [clientOf(orchestrator, 'orchestrator'), 'refused'],
      'one of another name': [clientOf(authority, 'stranger'), '401'],
    };
    for (const [name, [caller, expected]] of Object.entries(cases)) {
      assert.equal((await ask(tenants(place), caller)).told, expected, name);
    }
    const id = uniqueId('tenant');
    const created = await new Promise<number>((resolve, reject) => {
      const { cert, key } = orchestrator;
      const headers = { 'content-type': 'application/xml' };
      const options = { method: 'POST', cert, key, ca: authority.cert, agent: false, headers } as const;
      const sent = https.request(`${tenants(place)}/${id}`, options, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      });
      sent.on('error', reject);
      sent.end(tenantXml(id));
    });
    assert.equal(created, 200);
    // No other version is spoken, and operators need no certificate, but a token.
    assert.equal((await ask(`${place.ops}/v1/pair`, null)).told, '401');
    assert.deepEqual(await ask(`${place.ops}/v1/pair`, null, operator), { told: '200', server: 'first' });
    const old = new https.Agent({ maxVersion: 'TLSv1.1', minVersion: 'TLSv1' });
    assert.equal((await ask(`${place.ops}/v1/pair`, null, { agent: old, ...operator })).told, 'refused');
    place.serve.process.kill('SIGTERM');
    assert.equal((await place.serve.ended).code, 0);
  });

  test('certificates are renewed on both listeners while connections stand, with SIGHUP and without, and what is broken is not used', async () => {
    await using place = await startPlace();
    const orchestrator = clientOf(authority, 'orchestrator');
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1, ...orchestrator });
    const standing = () => ask(tenants(place), orchestrator, { agent });
    assert.deepEqual(await standing(), { told: '200', server: 'first' });
    const serversNow = async () => [
      (await ask(tenants(place), orchestrator)).server,
      (await ask(`${place.ops}/v1/pair`, null, operator)).server,
    ];
    const errors = () => place.log().filter(({ level }) => level === 'error');
    const renewals = () => place.log().filter(({ msg }) => msg === 'certificates are renewed').length;
    const renew = async ({ cert, key }: Pick<Certificate, 'cert' | 'key'>): Promise<void> => {
      await place.write('server.pem', cert);
      await place.write('server.key', key);
    };

    await renew(serverOf('second'));
    place.serve.process.kill('SIGHUP');
    await until(() => renewals() === 1, 'they are renewed at once');
    assert.deepEqual(await serversNow(), ['second', 'second']);
    assert.deepEqual(await standing(), { told: '200', server: 'first' }, 'a connection that stands is not ended');

    await renew(serverOf('third'));
    await until(() => renewals() === 2, 'they are renewed without a word');
    assert.deepEqual(await serversNow(), ['third', 'third']);

    // A key of another certificate, a file that is no PEM, an authority that cannot be read.
    const before = errors().length;
    await renew({ cert: serverOf('fourth').cert, key: serverOf('other').key });
    await until(() => errors().length > before, 'what does not fit is told');
    await renew({ cert: 'no certificate', key: 'no key' });
    place.serve.process.kill('SIGHUP');
    await until(() => errors().some(({ errors: text }) => text?.includes('no PEM') === true), 'what is no PEM is told');
    await renew(serverOf('fifth'));
    await place.write('clients.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
    place.serve.process.kill('SIGHUP');
    await until(
      () => errors().some(({ errors: text }) => text?.includes('clientCa') === true),
      'the authority is told',
    );
    assert.ok(errors().every(({ msg }) => msg.includes('those in use stay')));
    assert.deepEqual(await serversNow(), ['third', 'third']);
    assert.deepEqual(await standing(), { told: '200', server: 'first' });
    assert.equal(renewals(), 2);

    // Another authority for clients: new connections of the old one are refused, with the session of an old one too.
    const successor = authorityNamed('successor');
    await place.write('clients.pem', successor.cert);
    await until(() => renewals() === 3, 'they are renewed when all is well again');
    assert.equal((await ask(tenants(place), clientOf(successor, 'orchestrator'))).server, 'fifth');
    assert.equal((await ask(tenants(place), orchestrator)).told, 'refused');
    assert.deepEqual(await standing(), { told: '200', server: 'first' });
    agent.destroy();
    assert.doesNotMatch(place.serve.stdout(), /BEGIN (?:PRIVATE KEY|CERTIFICATE)/);
  });
});

test('a certificate that ends while its connection stands names nobody any more', () => {
  const certificate = (until: string) => ({ valid_to: until }) as never;
  const at = Date.parse('2026-06-01T00:00:00Z');
  assert.equal(isValidAt(certificate('May 31 23:59:59 2026 GMT'), at), false);
  assert.equal(isValidAt(certificate('Jun  1 00:00:01 2026 GMT'), at), true);
});
