// The configuration's `policies`, and what a wrong one or a wrong document is told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadCatalogue, type PolicyOverride } from '../../src/esc/catalogue.ts';
import { bytes, catalogueWith, northbound } from './documents.ts';

const classifyWith = (policies: readonly PolicyOverride[], method: string, path: string, body = '') =>
  catalogueWith({ policies }).classify({ method, path, body: bytes(body), contentType: 'application/xml' });

test('an override changes what an operation may be done with, whatever it calls the parameters', () => {
  const override: PolicyOverride = {
    method: 'POST',
    path: '/ESCManager/v0/{who}/deployments/service/{what}',
    replay: 'never',
    lane: 'services/{what}',
    ack: 'answer',
    completeWithinMs: 5000,
  };
  const { place, policy } = classifyWith([override], 'POST', '/ESCManager/v0/acme/deployments/service/fw');
  assert.deepEqual(place, { lane: 'services/fw', ancestors: ['tenants/acme'], resourceType: 'deployments' });
  assert.equal(policy.operation, 'operateServiceOfTenant');
  assert.equal(policy.replay, 'never');
  assert.equal(policy.ack, 'answer');
  assert.equal(policy.completeWithinMs, 5000);
});

test('an override of replay holds for every action of the operation', () => {
  const path = '/ESCManager/v0/{tenant}/deployments/service/{deployment}';
  const body = '<o><operation>REBOOT</operation></o>';
  const target = '/ESCManager/v0/acme/deployments/service/fw';
  assert.equal(classifyWith([{ method: 'POST', path, replay: 'auto' }], 'POST', target, body).policy.replay, 'auto');
  assert.equal(classifyWith([{ method: 'POST', path, ack: 'answer' }], 'POST', target, body).policy.replay, 'operator');
});

test('an override gives an unknown operation a policy and a lane, and no other method of the path', () => {
  const override: PolicyOverride = { method: 'POST', path: '/vnflcm/v1/x/{id}', replay: 'auto', lane: 'x/{id}' };
  const changed = classifyWith([override], 'POST', '/vnflcm/v1/x/7');
  assert.equal(changed.place.lane, 'x/7');
  assert.equal(changed.policy.replay, 'auto');
  assert.equal(changed.policy.operation, null);
  assert.equal(classifyWith([override], 'PATCH', '/vnflcm/v1/x/7').place.lane, '/vnflcm/v1/x/7');
});

test('an override of one method leaves the others of its path as they were', () => {
  const override: PolicyOverride = { method: 'POST', path: '/ESCManager/v0/deployments/{d}', completeWithinMs: 5000 };
  const target = '/ESCManager/v0/deployments/fw';
  const { place, policy } = classifyWith([override], 'POST', target, '<d><tenant>acme</tenant></d>');
  assert.deepEqual(place.ancestors, ['tenants/acme']);
  assert.equal(policy.completeWithinMs, 5000);
  assert.equal(classifyWith([override], 'DELETE', target).policy.operation, 'deleteDeployment');
});

test('of two overrides of one operation the later one wins where they differ', () => {
  const path = '/ESCManager/v0/tenants/{a}';
  const policies: PolicyOverride[] = [
    { method: 'POST', path, replay: 'never', ack: 'resource' },
    { method: 'POST', path, replay: 'operator' },
  ];
  const { policy } = classifyWith(policies, 'POST', '/ESCManager/v0/tenants/acme');
  assert.equal(policy.replay, 'operator');
  assert.equal(policy.ack, 'resource');
});

const wrongOverrides: readonly [PolicyOverride, RegExp][] = [
  [{ method: 'GET', path: '/ESCManager/v0/x' }, /policies: GET .* has a method that is none of POST/],
  [{ method: 'POST', path: '/elsewhere' }, /policies: POST \/elsewhere is under none of the proxied prefixes/],
  [
    { method: 'POST', path: '/ESCManager/a{b}' },
    /a segment that is neither plain text nor one \{parameter\}: "a\{b\}"/,
  ],
  [{ method: 'POST', path: '/ESCManager/*' }, /a segment that is neither/],
  [{ method: 'POST', path: '/ESCManager/{a}/{a}' }, /names a parameter twice/],
  [{ method: 'POST', path: '/ESCManager/{a}', lane: 'x/{b}' }, /"x\/\{b\}" names \{b\}, which its path has not/],
];
for (const [override, message] of wrongOverrides) {
  test(`an override for ${override.method} ${override.path} is refused with its fault`, () => {
    assert.throws(() => catalogueWith({ policies: [override] }), message);
  });
}

const wrongDocuments: readonly [string, (item: Record<string, unknown>) => void, RegExp][] = [
  ['no policy', (item) => delete item['x-northgate'], /POST \/ESCManager\/v0\/tenants\/\{tenant\} has no x-northgate/],
  [
    'a replay policy that is none',
    (item) => Object.assign(item['x-northgate'] as object, { replay: 'maybe' }),
    /x-northgate\.replay must be equal to one of/,
  ],
  [
    'a lane of another path’s parameter',
    (item) => Object.assign(item['x-northgate'] as object, { lane: 'x/{y}' }),
    /"x\/\{y\}" names \{y\}/,
  ],
  [
    'a time that is none',
    (item) => Object.assign(item['x-northgate'] as object, { completeWithin: 'soon' }),
    /completeWithin is "soon", expected a duration/,
  ],
  [
    'an unknown key',
    (item) => Object.assign(item['x-northgate'] as object, { retries: 3 }),
    /must NOT have additional properties/,
  ],
  ['no success', (item) => Object.assign(item, { responses: { 400: {} } }), /declares no 2xx answer/],
  ['no operationId', (item) => delete item.operationId, /has no operationId/],
];
for (const [what, breakIt, message] of wrongDocuments) {
  test(`a document in which an operation has ${what} is refused with the operation’s name`, () => {
    const document = northbound();
    const create = document.paths['/ESCManager/v0/tenants/{tenant}']?.post;
    breakIt(create as Record<string, unknown>);
    assert.throws(() => loadCatalogue(document, { policies: [] }), message);
  });
}

test('all faults of document and overrides are named at once', () => {
  const document = { paths: { '/ESCManager/x': { post: {} }, '/ESCManager/y': { delete: {} } } };
  const policies: PolicyOverride[] = [{ method: 'POST', path: '/z' }];
  assert.throws(
    () => loadCatalogue(document, { policies }),
    (error: Error) => error.message.split('\n').length === 4,
  );
});

test('what is no document at all is refused', () => {
  for (const document of [null, undefined, 7, 'x', [], {}, { paths: [] }]) {
    assert.throws(() => loadCatalogue(document, { policies: [] }), /the document has no `paths`/);
  }
});
