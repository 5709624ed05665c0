// Bodies that ESC's clients send, and bodies that are meant to hurt.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { operationOf, readDeploymentRequest, readRequestMaxBytes } from '../../src/esc/bodies.ts';
import { bytes } from './documents.ts';

const nothing = { tenant: null, bootupTimeMs: null, recoveries: null };
const readDeployment = (text: string) => readDeploymentRequest(bytes(text));

test('a deployment’s request tells its tenant, its longest boot time and its recoveries', () => {
  const body = `<?xml version="1.0"?>
    <deployment xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><tenant>acme</tenant>
      <vm_group><name>a</name><bootup_time>600</bootup_time><recovery_policy><max_retries>1</max_retries></recovery_policy></vm_group>
      <vm_group><name>b</name><bootup_time>900</bootup_time><recovery_policy><max_retries>3</max_retries></recovery_policy></vm_group>
    </deployment>`;
  assert.deepEqual(readDeployment(body), { tenant: 'acme', bootupTimeMs: 900_000, recoveries: 3 });
});

test('the same in JSON, numbers as numbers', () => {
  const body = { internal_tenant_id: 'acme', vm_group: [{ bootup_time: 600 }, { bootup_time: 900 }], max_retries: 0 };
  assert.deepEqual(readDeployment(JSON.stringify(body)), { tenant: 'acme', bootupTimeMs: 900_000, recoveries: 0 });
});

test('a tenant deep in a VM’s own configuration is not the deployment’s', () => {
  const body = '<d><a><b><c><e><tenant>other</tenant></e></c></b></a></d>';
  assert.equal(readDeployment(body).tenant, null);
});

test('a byte order mark, CDATA and comments do not matter', () => {
  assert.equal(operationOf(bytes('\uFEFF<o><!-- STOP --><operation><![CDATA[start]]></operation></o>')), 'START');
});

test('the longest boot time counts wherever it stands', () => {
  assert.equal(
    readDeployment('<d><bootup_time>900</bootup_time><bootup_time>600</bootup_time></d>').bootupTimeMs,
    900_000,
  );
});

const large = readRequestMaxBytes;
const hostile: Readonly<Record<string, string>> = {
  'a billion laughs': `<!DOCTYPE l [<!ENTITY a "ha">${'<!ENTITY b "&a;&a;&a;">'.repeat(50)}]><l><operation>&b;</operation></l>`,
  'an external entity': '<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]><l><operation>&a;</operation></l>',
  'ten thousand levels of XML': '<a>'.repeat(10_000),
  'ten thousand levels of JSON': `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
  'open brackets only': '<'.repeat(large),
  'comments that never end': '<!--'.repeat(large / 4),
  'elements without an end': `<r>${'<a/>'.repeat(large / 4 - 2)}`,
  'thousands of attributes': `<r ${'a="1" '.repeat(large / 6 - 2)}/>`,
  'a little more than is read': `<r><operation>START</operation>${' '.repeat(large)}</r>`,
  'a mebibyte': `<operation>START${' '.repeat(1_048_576)}</operation>`,
  'bytes that are no text': '\u0000\uFFFD\u0001<\u0000',
  'a name that every object has': '<r><__proto__>x</__proto__><constructor>y</constructor></r>',
};
for (const [what, text] of Object.entries(hostile)) {
  test(`${what} is not read, and costs little`, () => {
    const startedAt = performance.now();
    assert.equal(operationOf(bytes(text)), null);
    assert.deepEqual(readDeployment(text), nothing);
    assert.ok(performance.now() - startedAt < 30_000);
  });
}

test('nothing in a JSON body reaches the prototype of another object', () => {
  readDeployment('{"__proto__": {"tenant": "evil"}, "constructor": {"prototype": {"tenant": "evil"}}}');
  assert.equal(Object.hasOwn(Object.prototype, 'tenant'), false);
});
