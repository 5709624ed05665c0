// What the catalogue says of each kind of request: place, policy, look and the time for completion.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, catalogueWith, northbound, operationsOf } from './documents.ts';

const catalogue = catalogueWith();
const base = '/ESCManager/v0';

const classify = (method: string, path: string, body = '') =>
  catalogue.classify({ method, path, body: bytes(body), contentType: 'application/xml' });

const filled = (template: string) => template.replace(/\{([a-z]+)\}/g, (_, name) => `my-${name}`);

for (const { method, path, operation } of operationsOf(northbound())) {
  const extension = operation['x-northgate'];
  if (extension === undefined) continue;
  test(`${operation.operationId}: the gateway acts as the document says`, () => {
    const { place, policy, northbound: to } = classify(method, filled(path), '<x><tenant>acme</tenant></x>');
    const ancestors = (extension.ancestors ?? []).map((one) => filled(one.replace('{body.tenant}', 'acme')));
    assert.equal(to, 'rest');
    assert.deepEqual(place, { lane: filled(extension.lane), ancestors, resourceType: extension.resource });
    assert.equal(policy.operation, operation.operationId);
    assert.equal(policy.kind, extension.kind);
    assert.equal(policy.ack, extension.ack);
    assert.equal(policy.replay, extension.replay);
    assert.equal(policy.look, extension.look === undefined ? null : filled(extension.look));
    const firstSuccess = Object.keys(operation.responses).find((status) => status.startsWith('2'));
    assert.equal(policy.successStatus, Number(firstSuccess));
    assert.equal(policy.completeWithinMs, extension.completeWithin === 'deployment' ? 6_000_000 : 600_000);
  });
}

const known: readonly [string, string, string, string, readonly string[], string | null][] = [
  ['POST', '/tenants/acme', 'create', 'tenants/acme', [], '/tenants/acme'],
  ['DELETE', '/acme/networks/lan', 'delete', 'networks/lan', ['tenants/acme'], '/acme/networks/lan'],
  [
    'POST',
    '/acme/networks/lan/subnets/s',
    'create',
    'subnets/s',
    ['tenants/acme', 'networks/lan'],
    '/acme/networks/lan/subnets/s',
  ],
  ['POST', '/images/ubuntu', 'create', 'images/ubuntu', [], '/images/ubuntu'],
  ['DELETE', '/flavors/small', 'delete', 'flavors/small', [], '/flavors/small'],
  ['POST', '/acme/volumes/v', 'create', 'volumes/v', ['tenants/acme'], '/acme/volumes/v'],
  ['POST', '/deployments/fw', 'create', 'deployments/fw', [], '/deployments/fw'],
  ['PUT', '/acme/deployments/fw', 'update', 'deployments/fw', ['tenants/acme'], '/acme/deployments/fw'],
  ['POST', '/acme/deployments/service/fw', 'action', 'deployments/fw', ['tenants/acme'], null],
  ['POST', '/deployments/service/fw', 'action', 'deployments/fw', [], null],
  ['POST', '/acme/deployments/vm/fw_0', 'action', 'vms/fw_0', ['tenants/acme'], null],
];
for (const [method, path, kind, lane, ancestors, look] of known) {
  test(`${method} ${path} is a ${kind} in the lane ${lane}`, () => {
    const { place, policy } = classify(method, base + path);
    assert.deepEqual({ kind: policy.kind, lane: place.lane, ancestors: place.ancestors }, { kind, lane, ancestors });
    assert.equal(policy.look, look === null ? null : base + look);
  });
}

test('an id that spells the path of another resource stays in a lane of its own', () => {
  const { place, policy } = classify('POST', `${base}/tenants/a%2Fb`);
  assert.equal(place.lane, 'tenants/a%2Fb');
  assert.equal(policy.look, `${base}/tenants/a%2Fb`);
  assert.equal(classify('POST', `${base}/acme/networks/x%2Fsubnets%2Fy`).place.lane, 'networks/x%2Fsubnets%2Fy');
});

test('two spellings of one id, percent-encoded or not, share a lane', () => {
  assert.equal(classify('POST', `${base}/tenants/%61cme`).place.lane, 'tenants/acme');
  assert.equal(classify('POST', `${base}/%74enants/acme`).place.lane, 'tenants/acme');
});

test('upper and lower case are two ids, and another case of a path is another path', () => {
  assert.equal(classify('POST', `${base}/tenants/Acme`).place.lane, 'tenants/Acme');
  assert.equal(classify('POST', `${base}/Tenants/acme`).place.lane, `${base}/Tenants/acme`);
  assert.equal(classify('POST', '/escmanager/v0/tenants/acme').northbound, null);
});

for (const spelling of [
  `${base}/tenants/acme/`,
  `${base}//tenants///acme`,
  `${base}/./tenants/acme`,
  `${base}/images/../tenants/acme`,
  `${base}/images/%2e%2E/tenants/acme`,
  `${base}/tenants/acme;jsessionid=1`,
  `${base}/tenants/acme?a=/b`,
  `${base}/tenants/acme#x`,
  `http://gateway:8080${base}/tenants/acme?x`,
]) {
  test(`${spelling} shares the lane of the resource that ESC most likely reads in it`, () => {
    const { place, policy } = classify('POST', spelling);
    assert.equal(place.lane, 'tenants/acme');
    assert.equal(policy.look, `${base}/tenants/acme`);
  });
}

test('a path that leaves the proxied prefix is nobody’s, whichever way it leaves', () => {
  for (const path of [
    '/',
    '',
    '/northgate/v1/x',
    '/ESCManagerX/v0',
    '/ESCManager/../x',
    '/x/../ESCManager/v0/tenants/a',
    '*',
  ]) {
    assert.equal(classify('POST', path).northbound, null, path);
  }
  assert.equal(classify('POST', '/ESCManager').northbound, 'rest');
  assert.equal(classify('POST', '/vnflcm/v1/vnf_instances').northbound, 'etsi');
});

test('R17: what the catalogue does not know is sent again by its method, and its lane is its path', () => {
  for (const [method, replay] of [
    ['PUT', 'auto'],
    ['DELETE', 'auto'],
    ['POST', 'operator'],
    ['PATCH', 'operator'],
  ] as const) {
    const { place, policy } = classify(method, `${base}/acme/routers/r?force=true`, '<operation>START</operation>');
    assert.deepEqual(place, { lane: `${base}/acme/routers/r`, ancestors: [], resourceType: 'other' });
    assert.equal(policy.replay, replay, method);
    assert.equal(policy.kind, 'other');
    assert.equal(policy.ack, 'answer');
    assert.equal(policy.look, null);
    assert.equal(policy.operation, null);
  }
});

test('R8: an undeclared method on a resource’s path keeps its order with the resource’s other transactions', () => {
  const { place, policy } = classify('PUT', `${base}/acme/networks/lan`);
  assert.deepEqual(place, { lane: 'networks/lan', ancestors: ['tenants/acme'], resourceType: 'networks' });
  assert.equal(policy.operation, null);
  assert.equal(policy.replay, 'auto');
});

for (const [body, replay] of [
  ['<service_operation><operation>START</operation></service_operation>', 'auto'],
  ['<n:o xmlns:n="x"><n:Operation> stop </n:Operation></n:o>', 'auto'],
  ['<o><operation>enable-monitor</operation></o>', 'auto'],
  ['{"operation": "DISABLE_MONITOR"}', 'auto'],
  ['<o><operation>REBOOT</operation></o>', 'operator'],
  ['<o><operation>SELF_DESTRUCT</operation></o>', 'operator'],
  ['<o><operation>toString</operation></o>', 'operator'],
  ['<o><note>START</note></o>', 'operator'],
  ['not a document', 'operator'],
  ['', 'operator'],
] as const) {
  test(`R17: a service operation with ${body === '' ? 'no body' : body} has the replay policy ${replay}`, () => {
    assert.equal(classify('POST', `${base}/acme/deployments/service/fw`, body).policy.replay, replay);
  });
}

test('R17: a recovery of a VM is not sent again by itself', () => {
  const body = '<o><action>DO</action></o>';
  assert.equal(classify('POST', `${base}/acme/deployments/vm/fw_0`, body).policy.replay, 'operator');
});

test('a bare deployment waits for the tenant that its body names', () => {
  for (const body of [
    '<deployment><internal_tenant_id>acme</internal_tenant_id></deployment>',
    '<esc_datamodel><tenants><tenant><name>acme</name><deployments/></tenant></tenants></esc_datamodel>',
    '{"tenant": "acme"}',
    '{"tenant": {"Name": "acme"}}',
  ]) {
    assert.deepEqual(classify('POST', `${base}/deployments/fw`, body).place.ancestors, ['tenants/acme'], body);
  }
  assert.deepEqual(classify('POST', `${base}/deployments/fw`, '<deployment/>').place.ancestors, []);
});

test('a tenant that is half a character is a lane like any other', () => {
  const { ancestors } = classify('POST', `${base}/deployments/fw`, '{"tenant": "\\ud800"}').place;
  assert.deepEqual(ancestors, ['tenants/%EF%BF%BD']);
});

test('R3: a deployment may take its longest boot time for every boot, and ten minutes', () => {
  const within = (body: string) => classify('POST', `${base}/acme/deployments/fw`, body).policy.completeWithinMs;
  const groups =
    '<vm_group><bootup_time>60</bootup_time></vm_group><vm_group><bootup_time>600</bootup_time></vm_group>';
  assert.equal(within(`<d>${groups}<recovery_policy><max_retries>1</max_retries></recovery_policy></d>`), 1_800_000);
  assert.equal(within(`<d>${groups}</d>`), 2_400_000);
  assert.equal(within('<d/>'), 6_000_000);
  assert.equal(within('<d><bootup_time>1e300</bootup_time></d>'), 7 * 86_400_000);
  assert.equal(within('<d><bootup_time>-0.5</bootup_time><max_retries>many</max_retries></d>'), 6_000_000);
});

test('as long as completion is not followed, every operation is acknowledged by its answer', () => {
  const early = catalogueWith({
    acknowledgeBy: 'answer',
    policies: [{ method: 'POST', path: `${base}/x`, ack: 'report' }],
  });
  for (const path of [`${base}/tenants/a`, `${base}/x`, `${base}/deployments/d`]) {
    const { policy } = early.classify({ method: 'POST', path, body: bytes(''), contentType: '' });
    assert.equal(policy.ack, 'answer');
  }
});
