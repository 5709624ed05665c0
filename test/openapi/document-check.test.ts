/** The check that every HTTP test stands on can fail: answers as declared pass, each with one thing wrong does not. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite, test } from 'node:test';
import { request } from 'undici';
import type { Gateway } from '../../src/app.ts';
import { watched } from '../support/answer-watch.ts';
import { type CheckedAnswer, checkIfProblem, complaintsOf, type DocumentName } from '../support/document-check.ts';

const json = (value: object): Buffer => Buffer.from(JSON.stringify(value));
const problem = (code: string, status: number) => ({
  type: `urn:northgate:problem:${code}`,
  title: 'A title',
  status,
  detail: 'A sentence.',
  sent: 'no',
});
const ofProblem = ['Content-Type', 'application/problem+json'];
const ofTransaction = ['Northgate-Transaction', 'tx-1', 'Northgate-Attempts', '1'];

const created: CheckedAnswer = {
  method: 'POST',
  path: '/ESCManager/v0/tenants/alpha?verbose=1',
  status: 201,
  headers: ['Content-Type', 'text/plain', ...ofTransaction],
  body: Buffer.from('whatever ESC says'),
};
const promised: CheckedAnswer = {
  ...created,
  status: 202,
  headers: ['Content-Type', 'application/json', 'Location', '/northgate/v1/transactions/tx-1', ...ofTransaction],
  body: json({ id: 'tx-1', status: 'held', location: '/northgate/v1/transactions/tx-1' }),
};
const refused: CheckedAnswer = { ...created, status: 503, headers: ofProblem, body: json(problem('hold-full', 503)) };
const health: CheckedAnswer = {
  method: 'GET',
  path: '/livez',
  status: 200,
  headers: ['Content-Type', 'application/json; charset=utf-8'],
  body: json({ status: 'live', reason: '' }),
};
const wrongMethod: CheckedAnswer = {
  method: 'GET',
  path: '/northgate/v1/callbacks/secret',
  status: 200,
  headers: ['Content-Type', 'text/plain'],
  body: Buffer.from('ok'),
};

const asDeclared: readonly [string, DocumentName, CheckedAnswer][] = [
  ['a create that ESC accepted', 'northbound', created],
  ['a status of ESC’s that nobody foresaw', 'northbound', { ...created, status: 418 }],
  ['a promise', 'northbound', promised],
  ['a promise of what the catalogue does not know', 'northbound', { ...promised, path: '/ESCManager/v0/odd/thing/x' }],
  ['a refusal', 'northbound', refused],
  ['a refusal of a path that nobody has', 'northbound', { ...refused, path: '/nowhere' }],
  ['a page', 'ops', { ...health, path: '/docs/static/index.css', headers: ['Content-Type', 'text/css'] }],
  ['health', 'ops', health],
];

const broken: readonly [string, RegExp, DocumentName, CheckedAnswer][] = [
  ['without its transaction', /northgate-transaction is missing/, 'northbound', { ...created, headers: [] }],
  [
    'with a field of ours that nobody declared',
    /northgate-mood is not declared/,
    'northbound',
    { ...created, headers: [...created.headers, 'Northgate-Mood', 'good'] },
  ],
  ['a promise without a place', /location/, 'northbound', { ...promised, body: json({ id: 'tx-1', status: 'held' }) }],
  [
    'a promise with a field too many',
    /additional properties/,
    'northbound',
    { ...promised, body: json({ id: 'a', status: 'held', location: '/b', mood: 'good' }) },
  ],
  ['a problem under another status', /under status 502/, 'northbound', { ...refused, status: 502 }],
  [
    'a problem that nobody knows',
    /allowed values/,
    'northbound',
    { ...refused, body: json(problem('bad-mood', 503)), path: '/nowhere' },
  ],
  [
    'a problem under a status that its operation has not',
    /the status is not declared/,
    'northbound',
    { ...refused, method: 'GET', path: '/ESCManager/v0/tenants', status: 422, body: json(problem('key-reused', 422)) },
  ],
  ['a problem that is no JSON', /not JSON/, 'northbound', { ...refused, body: Buffer.from('"urn:northgate:problem:') }],
  ['an own resource that nobody declared', /neither declared/, 'northbound', wrongMethod],
  [
    'another content type',
    /"text\/html" is not declared/,
    'ops',
    { ...health, headers: ['Content-Type', 'text/html'] },
  ],
  ['another word', /allowed values/, 'ops', { ...health, body: json({ status: 'alive', reason: '' }) }],
  ['a status that nobody declared', /the status is not declared/, 'ops', { ...health, status: 299 }],
];

suite('an answer is held against its document', () => {
  for (const [says, name, answer] of asDeclared) {
    test(`as declared: ${says}`, () => assert.deepEqual(complaintsOf(name, answer), []));
  }
  for (const [says, complaint, name, answer] of broken) {
    test(`not as declared: ${says}`, () => {
      const complaints = complaintsOf(name, answer);
      assert.ok(
        complaints.some((each) => complaint.test(each)),
        complaints.join('\n'),
      );
    });
  }
  test('a problem to bytes that are no request is looked at too', () => {
    checkIfProblem(refused);
    assert.throws(() => checkIfProblem({ ...refused, status: 400 }), /under status 400/);
  });
});

test('a gateway that answered anything else than declared cannot be closed in silence', async () => {
  const server = http.createServer((_, response) => {
    response.setHeader('Content-Type', 'application/json');
    response.write('{"status":"live"');
    response.end(',"reason":"","mood":"good"}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { address: host, port } = server.address() as AddressInfo;
  const listener = { host, port };
  const close = async () => void server.close();
  const gateway = watched({ northbound: { host, port: 0 }, ops: listener, close } as unknown as Gateway);
  const { body } = await request(`http://${host}:${port}/livez`);
  await body.dump();
  await assert.rejects(() => gateway.close(), /GET \/livez answered 200: the body: .*additional properties/);
});
