// What is read out of a report of ESC, however it is written.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readReport } from '../../src/esc/reports.ts';
import { bytes } from './documents.ts';

const tenant =
  '<tenant xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><name>t</name><event_type>CREATE_TENANT</event_type></tenant>';

for (const [code, message, id] of [
  ['esc-status-code', 'esc-status-message', 'esc-transaction-id'],
  ['ESC-Status-Code', 'ESC-Status-Message', 'ESC-Transaction-Id'],
  ['ESC_STATUS_CODE', 'ESC_STATUS_MESSAGE', 'ESC_TRANSACTION_ID'],
] as const) {
  test(`a report is read by ${code}, ${message} and ${id}`, () => {
    assert.deepEqual(readReport([code, '200', message, 'all well', id, '6f1e-1'], bytes(tenant)), {
      eventType: 'CREATE_TENANT',
      status: 'success',
      statusCode: 200,
      message: 'all well',
      escTransactionId: '6f1e-1',
      vm: null,
    });
  });
}

const typeOf = (body: string) => readReport([], bytes(body)).eventType;

for (const [what, body, expected] of [
  ['XML', tenant, 'CREATE_TENANT'],
  [
    'another prefix and case',
    '<e:image xmlns:e="urn:x"><e:Event-Type> CREATE_IMAGE </e:Event-Type></e:image>',
    'CREATE_IMAGE',
  ],
  ['bare JSON', '{"eventType": "VM_ALIVE", "name": "d"}', 'VM_ALIVE'],
  ['JSON of the type alone', '{"event_type": "VM_ALIVE"}', 'VM_ALIVE'],
  ['JSON in its root', '{"deployment": {"event_type": "VM_ALIVE"}}', 'VM_ALIVE'],
  ['NETCONF’s form', '<escEvent><event><type>VM_STOPPED</type></event></escEvent>', 'VM_STOPPED'],
  [
    'a notification around it',
    '<notification><escEvent><event_type>VM_STOPPED</event_type></escEvent><at>1</at></notification>',
    'VM_STOPPED',
  ],
  ['a type that nobody knows', '<x><event_type>VM_SANG</event_type></x>', 'VM_SANG'],
  ['a text that is no type', '<x><event_type>a\nb</event_type></x>', null],
  ['an overlong type', `<x><event_type>${'A'.repeat(129)}</event_type></x>`, null],
  ['no type', '<tenant><name>t</name></tenant>', null],
  ['nothing', '', null],
  ['a page', '<html><body>Sign in</body></html>', null],
] as const) {
  test(`the event type is found in ${what}: ${expected}`, () => assert.equal(typeOf(body), expected));
}

for (const [what, headers, body, expected] of [
  ['a 2xx code', ['ESC-Status-Code', '202'], '', 'success'],
  ['any other code', ['ESC-Status-Code', '500'], '', 'failure'],
  ['no code, but the body’s own', [], '<x><status_code>404</status_code></x>', 'failure'],
  ['no code, but the body’s word', [], '<x><status>SUCCESS</status></x>', 'success'],
  ['a failed word', [], '{"status": "FAILURE"}', 'failure'],
  ['a code and a word that agree', ['esc-status-code', '200'], '<x><status>SUCCESS</status></x>', 'success'],
  ['a code and a word that do not', ['esc-status-code', '200'], '<x><status>FAILURE</status></x>', null],
  ['a status that is no verdict', ['esc-status-code', '200'], '<x><status>enabled</status></x>', 'success'],
  ['a code that is no number', ['ESC-Status-Code', 'fine'], '', null],
  ['nothing', [], '', null],
] as const) {
  test(`how it went is ${expected} by ${what}`, () => {
    assert.equal(readReport(headers, bytes(body)).status, expected);
  });
}

test('the VM is the one that the event is about, not one of the deployment’s list', () => {
  const vmOf = (inner: string) => readReport([], bytes(`<deployment>${inner}</deployment>`)).vm;
  const list = '<deployment_details><vm_name>other</vm_name></deployment_details>';
  assert.equal(
    vmOf(`${list}<vm_group>g</vm_group><vm_source><vmid>u-1</vmid></vm_source><vm_name>d_g_0</vm_name>`),
    'd_g_0',
  );
  assert.equal(vmOf(`${list}<vm_group>g</vm_group><vm_source><vmid>u-1</vmid></vm_source>`), 'u-1');
  assert.equal(vmOf(`${list}<vm_group>g</vm_group>`), 'g');
  assert.equal(vmOf(`${list}<vm_group><name>g</name></vm_group>`), null);
});

test('a message is cut at 1024 characters', () => {
  assert.equal(readReport(['esc-status-message', 'x'.repeat(5000)], bytes('')).message?.length, 1024);
});

test('whatever bytes come, reading them does not throw', () => {
  const piece = fc.constantFrom(
    '<event_type>',
    '</event_type>',
    '<x>',
    '</x>',
    '{"event_type":',
    '"VM_ALIVE"',
    'null',
    '}',
    '[',
    ']',
    '&',
    '\u0000',
    'é',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 12 }), fc.array(fc.string()), (pieces, headers) => {
      readReport(headers, bytes(pieces.join('')));
    }),
  );
});
