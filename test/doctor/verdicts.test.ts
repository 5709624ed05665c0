/** Verdicts that take a certificate of a certain day, a resolver or a clock to come about: judged from made-up findings. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { judgeNodeSide } from '../../src/cli/doctor/callbacks.ts';
import { judgeGreeting, judgeOwnCertificate, judgeStandbyTrust } from '../../src/cli/doctor/certificate.ts';
import { judgeNodeConnection, judgeVipConnection } from '../../src/cli/doctor/connection.ts';
import { holderOf, judgeFile, judgeFree } from '../../src/cli/doctor/journal-file.ts';
import { judgeMemory, judgePersistence, judgeVersion } from '../../src/cli/doctor/journal-verdicts.ts';
import { judgeHolder } from '../../src/cli/doctor/listeners.ts';
import { judgeName, judgeRoute } from '../../src/cli/doctor/names.ts';
import { judgeActive, judgeClock, judgeVip } from '../../src/cli/doctor/pair.ts';
import type { Seen } from '../../src/cli/doctor/place.ts';
import { makeCertificate } from '../config/certificate.ts';

const day = 86_400_000;
const now = Date.parse('2026-06-01T00:00:00Z');
const certificate = {
  subject: 'CN=esc',
  issuer: 'CN=authority',
  validFromAt: now - day,
  validToAt: now + 365 * day,
  fingerprint: 'AA:BB',
};
const context = { key: 'esc.rest', peer: '192.0.2.1:8443', now };
const greeted = (changed: Partial<typeof certificate>, distrust: string | null = null) =>
  judgeGreeting({ kind: 'greeted', certificate: { ...certificate, ...changed }, distrust }, { verify: true }, context);

test('a certificate is told by its end, its beginning, its names, its issuer', () => {
  assert.equal(greeted({}).status, 'pass');
  assert.match(greeted({ validToAt: now + 10 * day }).advice ?? '', /within 10 days/);
  assert.match(greeted({ validToAt: now + day / 2 }).advice ?? '', /renew it today/);
  assert.equal(greeted({ validToAt: now - day }, 'CERT_HAS_EXPIRED').status, 'fail');
  assert.match(greeted({ validFromAt: now + day }, 'CERT_NOT_YET_VALID').found, /not valid yet/);
  assert.match(greeted({}, 'ERR_TLS_CERT_ALTNAME_INVALID').found, /not for this address/);
  assert.match(greeted({}, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE').found, /issued by CN=authority/);
  assert.match(
    greeted({ issuer: 'CN=esc' }, 'DEPTH_ZERO_SELF_SIGNED_CERT').advice ?? '',
    /openssl s_client -connect 192/,
  );
  const unverified = { verify: false };
  assert.equal(judgeGreeting({ kind: 'greeted', certificate, distrust: 'X' }, unverified, context).status, 'warn');
});

test('a listener’s own certificate is told by its end', () => {
  const { cert } = makeCertificate('gateway');
  assert.equal(judgeOwnCertificate(undefined, 'ops.tls', now).status, 'skip');
  assert.equal(judgeOwnCertificate(cert, 'ops.tls', now).status, 'pass');
  assert.equal(judgeOwnCertificate(cert, 'ops.tls', Date.parse('2049-12-20T00:00:00Z')).status, 'warn');
  assert.equal(judgeOwnCertificate(cert, 'ops.tls', Date.parse('2050-01-02T00:00:00Z')).status, 'fail');
});

test('one self-signed certificate in esc.tls.ca says nothing of the other node’s', () => {
  const one = makeCertificate('esc-1');
  const other = makeCertificate('esc-2');
  const seen = [new X509Certificate(one.cert).fingerprint256];
  assert.equal(judgeStandbyTrust({ verify: true, ca: one.cert }, seen).status, 'warn');
  assert.equal(judgeStandbyTrust({ verify: true, ca: `${one.cert}${other.cert}` }, seen).status, 'pass');
  assert.equal(judgeStandbyTrust({ verify: true }, seen).status, 'pass');
});

test('refused, silent and unreachable want different remedies, and are milder at a node', () => {
  const silent = { kind: 'silent', waitedMs: 3000 } as const;
  assert.match(judgeVipConnection(silent, 'REST').advice ?? '', /allowed address pairs/);
  assert.match(judgeVipConnection({ kind: 'refused' }, 'REST').advice ?? '', /whether REST runs/);
  assert.match(judgeVipConnection({ kind: 'unreachable', code: 'EHOSTUNREACH' }, 'REST').found, /EHOSTUNREACH/);
  assert.equal(judgeNodeConnection({ kind: 'refused' }).status, 'pass');
  assert.equal(judgeNodeConnection(silent).status, 'warn');
});

test('a name with several addresses, one without any, and an address without a way there', () => {
  assert.equal(judgeName({ kind: 'resolved', addresses: ['192.0.2.1'] }, 'esc.vip').status, 'pass');
  assert.equal(judgeName({ kind: 'resolved', addresses: ['192.0.2.1', '192.0.2.2'] }, 'esc.vip').status, 'warn');
  assert.match(judgeName({ kind: 'unknown', code: 'late' }, 'esc.vip').found, /within 5 s/);
  assert.equal(judgeRoute({ kind: 'none', code: 'ENETUNREACH' }).status, 'fail');
});

const seen = (host: string, health: Seen['health'], fingerprint: string | null = null): Seen => ({
  host,
  addresses: [host],
  health,
  fingerprint,
  skewMs: null,
});

test('the VIP is told from the active node by its certificate, and from nodes that nobody can ask', () => {
  const vip = seen('192.0.2.1', 'ready', 'AA');
  assert.equal(judgeVip(vip, [seen('192.0.2.2', 'ready', 'AA'), seen('192.0.2.3', 'refused')]).status, 'pass');
  assert.match(judgeVip(vip, [seen('192.0.2.2', 'ready', 'BB')]).found, /another certificate/);
  assert.equal(judgeVip(vip, [seen('192.0.2.2', 'silent'), seen('192.0.2.3', 'silent')]).status, 'warn');
  assert.match(judgeVip(seen('192.0.2.1', 'refused'), [seen('192.0.2.2', 'ready')]).advice ?? '', /address pairs/);
});

test('that a node could not be asked does not make it inactive', () => {
  const vip = seen('192.0.2.1', 'unknown');
  assert.equal(judgeActive(vip, [seen('192.0.2.2', 'unknown'), seen('192.0.2.3', 'refused')]).status, 'skip');
  assert.equal(judgeActive(vip, [seen('192.0.2.2', 'silent'), seen('192.0.2.3', 'refused')]).status, 'fail');
});

test('clocks within five seconds agree', () => {
  assert.equal(judgeClock(4_000, 'ESC’s').status, 'pass');
  assert.match(judgeClock(-90_000, 'ESC’s').found, /90 s behind ours/);
  assert.equal(judgeClock(null, 'ESC’s').status, 'skip');
});

test('a callbacks URL with a loopback address leads a node to itself', () => {
  assert.equal(judgeNodeSide(['127.0.0.1'], ['192.0.2.1'], false).status, 'fail');
  assert.equal(judgeNodeSide(['192.0.2.9'], ['192.0.2.1'], false).status, 'skip');
  assert.equal(judgeNodeSide(['127.0.0.1'], ['127.0.0.10'], false).status, 'skip');
});

test('a port that cannot be listened on says why', () => {
  assert.match(judgeHolder({ kind: 'refused', code: 'EACCES' }).advice ?? '', /CAP_NET_BIND_SERVICE/);
  assert.match(judgeHolder({ kind: 'refused', code: 'EADDRNOTAVAIL' }).advice ?? '', /this machine/);
  assert.equal(judgeHolder({ kind: 'northgate', says: 'unready: draining' }).status, 'warn');
});

test('room on the disk, private files, and who holds one', () => {
  assert.equal(judgeFree(10 * 1024 ** 3).status, 'pass');
  assert.equal(judgeFree(500 * 1024 ** 2).status, 'warn');
  assert.equal(judgeFree(10 * 1024 ** 2).status, 'fail');
  const file = { exists: true, isWritable: true, isDatabase: true, mode: 0o600, holder: null };
  assert.equal(judgeFile(file, false).status, 'pass');
  assert.equal(judgeFile({ ...file, mode: 0o640 }, false).status, 'warn');
  assert.equal(judgeFile({ ...file, isWritable: false }, false).status, 'fail');
  assert.match(judgeFile({ ...file, holder: 4711 }, true).found, /held by process 4711/);
  const locks = '1: POSIX  ADVISORY  READ 11 08:01:77 0 EOF\n2: POSIX  ADVISORY  WRITE 4711 08:01:77 1073741826 EOF\n';
  assert.equal(holderOf(locks, 77), 4711);
  assert.equal(holderOf(locks, 78), null);
});

test('a Redis that is too old, nearly full or cannot write its files', () => {
  const fields = (pairs: Record<string, string>) => new Map(Object.entries(pairs));
  assert.equal(judgeVersion(fields({ redis_version: '6.2.1' })).status, 'fail');
  assert.equal(judgeVersion(null).status, 'skip');
  assert.equal(judgeMemory(fields({ used_memory: '80', maxmemory: '100' })).status, 'warn');
  assert.equal(judgeMemory(fields({ used_memory: '10', total_system_memory: '100' })).status, 'pass');
  const failing = fields({ aof_enabled: '1', aof_last_write_status: 'err' });
  assert.match(judgePersistence(failing).found, /aof_last_write_status/);
});

test('every check is explained in docs/doctor.md', async () => {
  const text = await readFile(new URL('../../docs/doctor.md', import.meta.url), 'utf8');
  const folder = new URL('../../src/cli/doctor/', import.meta.url);
  const sources = await Promise.all((await readdir(folder)).map((name) => readFile(new URL(name, folder), 'utf8')));
  const written = sources.flatMap((source) => [
    ...source.matchAll(/'((?:config|pair|user-data|callbacks|journal)\.[a-z.-]+|vip\.rest\.[a-z]+)',/g),
  ]);
  const steps = ['name', 'route', 'health.tcp', 'health.tls', 'health.report'];
  const made = [
    ...steps.flatMap((step) => [`vip.${step}`, `node.${step}`]),
    ...['vip.rest.tcp', 'vip.rest.tls', 'journal.version', 'journal.memory', 'journal.memory-policy', 'journal.key'],
    ...['northbound', 'ops', 'callbacks'].flatMap((listener) => [`${listener}.port`, `${listener}.certificate`]),
  ];
  const ids = new Set([...written.map(([, id = '']) => id), ...made]);
  assert.ok(ids.size > 30);
  const unexplained = [...ids].filter((id) => !text.includes(`\`${id}\``));
  assert.deepEqual(unexplained, []);
});
