// openapi/northbound.yaml as generators and linters need it, and as contract.md sections 3 and 5 promise it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problems } from '../../src/domain/problem.ts';
import { northbound, operationsOf } from './documents.ts';

const document = northbound();
const operations = operationsOf(document);
const base = '/ESCManager/v0';

/** Every object of the document with the path of keys that leads to it. */
function* objectsOf(
  value: unknown,
  at: readonly string[] = [],
): Generator<readonly [readonly string[], Record<string, unknown>]> {
  if (typeof value !== 'object' || value === null) return;
  yield [at, value as Record<string, unknown>];
  for (const [key, child] of Object.entries(value)) yield* objectsOf(child, [...at, key]);
}

const resolve = (reference: string): unknown =>
  reference
    .slice(2)
    .split('/')
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], document);

test('the document is OpenAPI 3.0.3, and every reference in it leads somewhere', () => {
  assert.equal(document.openapi, '3.0.3');
  for (const [at, object] of objectsOf(document)) {
    const reference = object.$ref;
    if (typeof reference !== 'string') continue;
    assert.ok(reference.startsWith('#/') && resolve(reference) !== undefined, `${at.join('.')}: ${reference}`);
    assert.equal(Object.keys(object).length, 1, `${at.join('.')} has something beside its $ref`);
  }
});

test('nothing is defined that nobody uses', () => {
  const used = new Set([...objectsOf(document)].map(([, object]) => object.$ref));
  for (const [group, members] of Object.entries(document.components)) {
    if (group === 'securitySchemes') continue;
    for (const name of Object.keys(members)) assert.ok(used.has(`#/components/${group}/${name}`), `${group}/${name}`);
  }
});

test('every operation has an id of its own, one tag that is described, and a summary', () => {
  const described = (document as unknown as { tags: { name: string }[] }).tags.map(({ name }) => name);
  assert.equal(new Set(operations.map(({ operation }) => operation.operationId)).size, operations.length);
  for (const { operation } of operations) {
    assert.match(operation.operationId, /^[a-z][A-Za-z0-9]+$/);
    assert.equal(operation.tags.length, 1);
    assert.ok(described.includes(operation.tags[0] ?? ''));
    assert.ok(operation.summary.length > 0);
  }
});

test('every parameter of a path is declared with it', () => {
  for (const [path, item] of Object.entries(document.paths)) {
    const declared = ((item.parameters ?? []) as { $ref: string }[]).map(
      ({ $ref }) => (resolve($ref) as { name: string }).name,
    );
    const named = [...path.matchAll(/\{([^}]+)\}/g)].map((match) => match[1]);
    assert.deepEqual(declared, named, path);
  }
});

test('every schema is named: no object or array of objects is described in place', () => {
  for (const [at, object] of objectsOf(document)) {
    if (object.type !== 'object') continue;
    assert.ok(at[0] === 'components' && at[1] === 'schemas' && at.length === 3, at.join('.'));
  }
});

const always = [400, 401, 403, 404, 405, 408, 413, 414, 415, 429, 431, 500, 501, 502, 503, 504];
for (const { method, path, operation } of operations.filter((entry) => entry.path.startsWith(base))) {
  test(`${operation.operationId} declares every answer that ESC or the gateway can give`, () => {
    const expected = method === 'GET' ? always : [202, ...always, 409, 422];
    const declared = Object.keys(operation.responses)
      .filter((status) => status !== 'default')
      .map(Number);
    assert.deepEqual(
      expected.filter((status) => !declared.includes(status)),
      [],
      path,
    );
    for (const status of declared.filter((each) => each >= 400)) {
      const response = resolve((operation.responses[String(status)] as { $ref: string }).$ref);
      assert.ok('application/problem+json' in (response as { content: object }).content, String(status));
    }
  });
}

test('transactions take their callback, their key and their preference; deployments their events too', () => {
  for (const { method, path, operation } of operations.filter((entry) => entry.path.startsWith(base))) {
    if (method === 'GET') continue;
    const names = (operation.parameters ?? []).map(({ $ref }) => $ref.split('/').at(-1));
    for (const name of ['Callback', 'IdempotencyKey', 'Prefer']) assert.ok(names.includes(name), operation.operationId);
    const isDeployment = /\/deployments\/\{deployment\}$/.test(path) && method !== 'DELETE';
    assert.equal(names.includes('CallbackEvents'), isDeployment, operation.operationId);
  }
});

test('every code of the gateway’s problems has its type, in the order of the table', () => {
  const type = document.components.schemas?.ProblemType as { enum: string[] } | undefined;
  assert.deepEqual(
    type?.enum,
    Object.keys(problems).map((code) => `urn:northgate:problem:${code}`),
  );
});

test('the gateway’s own paths are described', () => {
  for (const path of [
    'transactions/{id}',
    'transactions/{id}/response',
    'callbacks/{token}',
    'openapi.json',
    'openapi-3.1.json',
  ]) {
    assert.ok(`/northgate/v1/${path}` in document.paths, path);
  }
});
