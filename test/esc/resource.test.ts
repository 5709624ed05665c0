// R14 and R12: what an answer to a look says of the resource.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isOfApplication, type ResourceReading, readResource, resourceStates } from '../../src/esc/resource.ts';
import { bytes } from './documents.ts';

const look = (body: string, httpStatus = 200, contentType = 'application/xml') =>
  readResource({ httpStatus, contentType, body: bytes(body) });
const deployment = (state: string) =>
  `<deployment xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><name>fw</name><service_state_machine_state>${state}</service_state_machine_state></deployment>`;

for (const [state, reading] of [
  ['SERVICE_ACTIVE_STATE', 'done'],
  ['service_active_state', 'done'],
  ['ACTIVE', 'done'],
  ['SERVICE_DEPLOYING_STATE', 'under-way'],
  ['SERVICE_INACTIVE_STATE', 'under-way'],
  ['SERVICE_ERROR_STATE', 'broken'],
  ['DEPLOY_FAILED', 'broken'],
  ['ACTIVE_WITH_ERROR', 'broken'],
  ['anything else', 'under-way'],
] as const) {
  test(`R14: a deployment in the state ${state} is ${reading}`, () => {
    assert.equal(look(deployment(state)), reading);
  });
}

for (const [what, body, reading] of [
  ['a tenant without a state', '<tenant><name>acme</name></tenant>', 'done'],
  ['an empty element', '<tenant/>', 'done'],
  ['a network with its own state element', '<network><state>NETWORK_ERROR_STATE</state></network>', 'broken'],
  ['a namespace', '<e:tenant xmlns:e="urn:x"><e:State> TENANT_ACTIVE_STATE </e:State></e:tenant>', 'done'],
  [
    'a state machine of its own',
    '<deployment><state_machine><state>SERVICE_ERROR_STATE</state></state_machine></deployment>',
    'broken',
  ],
  [
    'only a VM in error',
    '<deployment><state>ACTIVE</state><vm_group><vm><state>VM_ERROR_STATE</state></vm></vm_group></deployment>',
    'done',
  ],
  ['an administrative state, which is none', '<network><admin_state>true</admin_state></network>', 'done'],
  ['JSON', '{"internal_tenant_id": "acme", "state": "TENANT_CREATING_STATE"}', 'under-way'],
  ['JSON inside its root', '{"deployment": {"service_state_machine_state": "SERVICE_ACTIVE_STATE"}}', 'done'],
  ['JSON of a state alone', '{"state": "ERROR"}', 'broken'],
] as const) {
  test(`R14: ${what} reads as ${reading}`, () => assert.equal(look(body), reading));
}

for (const [what, answer] of [
  ['a page with 200', look('<html><body>Sign in</body></html>', 200, 'text/html')],
  ['a page that says it is XML', look('<!DOCTYPE html><html/>')],
  ['nothing with 200', look('')],
  ['nothing with 204', look('', 204)],
  ['a cut document', look(deployment('SERVICE_ACTIVE_STATE').slice(0, 90))],
  ['a document cut between two elements', look('<deployment><name>fw</name>')],
  ['a page without a root', look('<p>Sign in</p>', 200, 'text/html')],
  ['a document with entities', look('<!DOCTYPE t [<!ENTITY s "x">]><tenant>&s;</tenant>')],
  ['an error report with 200', look('<errors><error>x</error></errors>')],
  ['an empty object', look('{}')],
  ['a list', look('[{"name": "acme"}]')],
  ['plain text', look('fine')],
  ['401', look('<error/>', 401)],
  ['503 in maintenance', look('temporarily unavailable', 503, 'text/plain')],
  ['500', look(deployment('SERVICE_ACTIVE_STATE'), 500)],
  ['302', look('', 302)],
] as const) {
  test(`${what} concludes nothing`, () => assert.equal(answer, 'unreadable'));
}

test('R12: a 404 with a page or nothing may be a container that starts, until its application was seen to answer', () => {
  for (const [body, contentType] of [
    ['', ''],
    ['<html><h1>Not Found</h1></html>', ''],
    ['Not Found', 'text/html;charset=utf-8'],
  ] as const) {
    const answer = { httpStatus: 404, contentType, body: bytes(body) };
    assert.equal(readResource(answer), 'unreadable');
    assert.equal(readResource(answer, true), 'absent');
  }
});

test('ESC’s application has answered with a document, be it a refusal, and not with a page or a text', () => {
  const answers = (httpStatus: number, body: string, contentType = '') =>
    isOfApplication({ httpStatus, contentType, body: bytes(body) });
  assert.ok(answers(200, '<tenants/>'));
  assert.ok(answers(200, '[]'));
  assert.ok(answers(404, '<error>no</error>'));
  assert.equal(answers(404, ''), false);
  assert.equal(answers(404, '<html><h1>Not Found</h1></html>'), false);
  assert.equal(answers(200, '<tenants/>', 'text/html'), false);
  assert.equal(answers(503, '<error/>'), false);
  assert.equal(answers(200, 'It works!'), false);
  assert.equal(answers(200, '<tenants><ten'), false);
});

test('a 404 in ESC’s own words means absent', () => {
  assert.equal(look('<error>Tenant not found</error>', 404), 'absent');
  assert.equal(look('Tenant acme not found', 404, 'text/plain'), 'absent');
  assert.equal(look('{"error": "gone"}', 410), 'absent');
});

test('a probe’s READY makes no page a resource', () => {
  const answer = { httpStatus: 200, contentType: 'text/html', body: bytes('<html/>') };
  assert.equal(readResource(answer, true), 'unreadable');
});

test('each word of the table reads as it says', () => {
  for (const { word, reading } of resourceStates) assert.equal(look(deployment(`X_${word}_Y`)), reading, word);
});

test('no answer to a look is too odd to be read', () => {
  const readings: readonly ResourceReading[] = ['absent', 'done', 'under-way', 'broken', 'unreadable'];
  const body = fc.oneof(
    fc.uint8Array(),
    fc.string().map(bytes),
    fc.json().map(bytes),
    fc.json().map((text) => bytes(`<a>${text}</a>`)),
  );
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 599 }), fc.string(), body, (httpStatus, contentType, bodyBytes) => {
      assert.ok(readings.includes(readResource({ httpStatus, contentType, body: bodyBytes })));
    }),
  );
});
