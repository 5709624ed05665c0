// Completion reports that the gateway makes up in ESC's form.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type MadeUpFacts, madeUpReport } from '../../src/esc/made-up.ts';
import { readReport } from '../../src/esc/reports.ts';
import { bytes } from './documents.ts';

const facts: MadeUpFacts = {
  place: { lane: 'subnets/s', ancestors: ['tenants/t', 'networks/n'], resourceType: 'subnets' },
  kind: 'create',
  action: null,
  escTransactionId: 'known',
  status: { code: 200, message: 'found active' },
  look: null,
};
const bodyOf = (changes: Partial<MadeUpFacts>) => Buffer.from(madeUpReport({ ...facts, ...changes }).body).toString();
const shown = (body: string, contentType = 'application/xml') => bodyOf({ look: { contentType, body: bytes(body) } });
const minimal =
  '<?xml version="1.0" encoding="UTF-8"?>\n<subnet xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><internal_subnet_id>s</internal_subnet_id>' +
  '<internal_tenant_id>t</internal_tenant_id><internal_network_id>n</internal_network_id><event_type>CREATE_SUBNET</event_type></subnet>';

test('a made-up success has ESC’s header fields and the ids that the request named', () => {
  const report = madeUpReport(facts);
  assert.deepEqual(report.headers, [
    ...['Content-Type', 'application/xml', 'esc-transaction-id', 'known'],
    ...['ESC-Status-Code', '200', 'ESC-Status-Message', 'found active'],
  ]);
  assert.equal(report.eventType, 'CREATE_SUBNET');
  assert.equal(Buffer.from(report.body).toString(), minimal);
});

test('a made-up failure bears the status of the refusal', () => {
  const report = madeUpReport({ ...facts, status: { code: 404, message: 'network n not found' } });
  const { status, statusCode, message } = readReport(report.headers, report.body);
  assert.deepEqual(
    { status, statusCode, message },
    { status: 'failure', statusCode: 404, message: 'network n not found' },
  );
});

test('the transaction id is spelled as ESC spelled it to the client', () => {
  const { headers } = madeUpReport({ ...facts, transactionIdField: 'ESC_TRANSACTION_ID' });
  assert.equal(headers[headers.indexOf('ESC_TRANSACTION_ID') + 1], 'known');
});

for (const [what, body, expected] of [
  [
    'a resource',
    '<subnet>\n <name>s é</name>\n</subnet>\n',
    '<subnet>\n <name>s é</name>\n<event_type>CREATE_SUBNET</event_type></subnet>',
  ],
  [
    'a prefixed one',
    '<e:subnet xmlns:e="u"><e:a/></e:subnet>',
    '<e:subnet xmlns:e="u"><e:a/><e:event_type>CREATE_SUBNET</e:event_type></e:subnet>',
  ],
  [
    'an empty one',
    '<?xml version="1.0"?><subnet a="1"/>',
    '<?xml version="1.0"?><subnet a="1"><event_type>CREATE_SUBNET</event_type></subnet>',
  ],
  ['one with an event of its own', '<subnet><event_type>X</event_type></subnet>', minimal],
  ['a cut document', '<subnet><name>s</name>', minimal],
  ['JSON', '{"name": "s"}', minimal],
  ['nothing', '', minimal],
  ['a document with a comment behind it', '<subnet></subnet><!-- end -->', minimal],
] as const) {
  test(`a look that shows ${what} is ${expected === minimal ? 'not used' : 'shown with the event in it'}`, () => {
    assert.equal(shown(body), expected);
  });
}

test('a page is not shown', () => assert.equal(shown('<p>Sign in</p>', 'text/html'), minimal));

test('bytes that are no UTF-8 come through a look as they are', () => {
  const body = Buffer.concat([
    Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?><t><n>'),
    Buffer.of(0xe9),
    Buffer.from('</n></t>'),
  ]);
  const report = madeUpReport({ ...facts, look: { contentType: 'application/xml', body } });
  assert.ok(Buffer.from(report.body).includes(Buffer.from([0x3e, 0xe9, 0x3c])));
});

test('a VM operation names its VM under its deployment’s root', () => {
  const place = { lane: 'vms/d_b_0', ancestors: [], resourceType: 'vms' };
  assert.match(
    bodyOf({ place, kind: 'action', action: 'REBOOT' }),
    /<deployment [^>]*><vm_name>d_b_0<\/vm_name><event_type>VM_ALIVE</,
  );
});

test('what is not known to end has no event, and is a document all the same', () => {
  const place = { lane: '/ESCManager/v0/odd', ancestors: [], resourceType: 'other' };
  const report = madeUpReport({ ...facts, place, kind: 'other' });
  assert.equal(report.eventType, null);
  assert.match(Buffer.from(report.body).toString(), /<resource xmlns="[^"]*"\/>$/);
});

test('whatever an id or message holds, the report can be sent and read', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1 }), fc.string({ unit: 'binary' }), (id, message) => {
      const place = { ...facts.place, lane: `subnets/${encodeURIComponent(id.toWellFormed())}` };
      const { headers, body } = madeUpReport({ ...facts, place, status: { code: 200, message } });
      assert.ok(headers.every((text) => /^[\x20-\x7e]*$/.test(text)));
      const read = readReport(headers, body);
      assert.deepEqual([read.eventType, read.status, read.escTransactionId], ['CREATE_SUBNET', 'success', 'known']);
    }),
  );
});
