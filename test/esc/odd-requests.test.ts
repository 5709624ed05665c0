// Properties of classification: it answers everything, and one resource has one lane.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytes, catalogueWith } from './documents.ts';

const catalogue = catalogueWith();
const classify = (method: string, path: string, body: Uint8Array = new Uint8Array()) =>
  catalogue.classify({ method, path, body, contentType: 'application/xml' });

const methods = fc.constantFrom('POST', 'PUT', 'PATCH', 'DELETE');
const piece = fc.constantFrom(
  '/',
  'ESCManager',
  'v0',
  'tenants',
  'deployments',
  'service',
  '..',
  '.',
  '%2e',
  '%2F',
  '%',
  '%zz',
  '%C3',
  ';a=b',
  '?',
  '#',
  ':',
  '*',
  'é',
  '\uD800',
  'http://',
  '{tenant}',
);
const path = fc.oneof(
  fc.string(),
  fc.webPath(),
  fc.array(fc.oneof(piece, fc.string({ maxLength: 4 })), { maxLength: 14 }).map((pieces) => pieces.join('')),
  fc
    .array(fc.oneof(piece, fc.string({ maxLength: 4 })), { maxLength: 8 })
    .map((pieces) => `/ESCManager/v0/${pieces.join('/')}`),
);
const body = fc.oneof(
  fc.uint8Array(),
  fc.json().map(bytes),
  fc.string().map((text) => bytes(`<o><tenant>${text}</tenant></o>`)),
);

test('no request is too odd to be classified, and its place and policy are whole', () => {
  fc.assert(
    fc.property(fc.oneof(methods, fc.string()), path, body, (method, target, bodyBytes) => {
      const { place, policy } = classify(method, target, bodyBytes);
      assert.equal(typeof place.lane, 'string');
      assert.ok(policy.completeWithinMs >= 600_000);
      assert.ok(policy.look === null || policy.look.startsWith('/ESCManager/v0/'));
      assert.ok(policy.successStatus >= 200 && policy.successStatus < 300);
    }),
    { numRuns: 2000 },
  );
});

const id = fc
  .string({ minLength: 1, maxLength: 72, unit: 'grapheme' })
  .filter((text) => text !== '.' && text !== '..' && text.isWellFormed());

test('both path forms of a deployment have one lane, whatever the id', () => {
  fc.assert(
    fc.property(methods, id, id, (method, tenant, deployment) => {
      const encoded = encodeURIComponent(deployment);
      const bare = classify(method, `/ESCManager/v0/deployments/${encoded}`);
      const scoped = classify(method, `/ESCManager/v0/${encodeURIComponent(`${tenant}-t`)}/deployments/${encoded}`);
      assert.equal(bare.place.lane, `deployments/${encoded}`);
      assert.equal(scoped.place.lane, bare.place.lane);
    }),
  );
});

test('two ids are never one lane', () => {
  fc.assert(
    fc.property(id, id, (one, other) => {
      fc.pre(one !== other);
      const lane = (each: string) => classify('POST', `/ESCManager/v0/tenants/${encodeURIComponent(each)}`).place.lane;
      assert.notEqual(lane(one), lane(other));
    }),
  );
});

test('a target of any length is classified at once', () => {
  const startedAt = performance.now();
  for (const unit of ['/', '../', 'a/', '%25', ';', '%2e/', '?']) {
    classify('POST', `/ESCManager/v0/${unit.repeat(1_000_000)}`);
  }
  assert.ok(performance.now() - startedAt < 30_000);
});
