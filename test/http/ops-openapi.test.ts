/** `openapi/ops.yaml`: current, fit for generators, and true: real answers are held against it. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { opsOpenApi } from '../../src/http/ops-openapi.ts';
import { ops } from '../support/ops.ts';
import { startWorld } from '../support/world.ts';

const file = new URL('../../openapi/ops.yaml', import.meta.url);

interface Operation {
  readonly operationId?: string;
  readonly tags?: string[];
  readonly summary?: string;
  readonly responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>;
}

interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { schemas: Record<string, object> };
}

const document = async (): Promise<Document> => parse(await readFile(file, 'utf8'));

test('the document in the repository is the one that the routes give: `northgate openapi ops`', async () => {
  assert.equal(await readFile(file, 'utf8'), await opsOpenApi());
});

test('every operation has an id of its own, a tag, a summary, and declares every problem it can give', async () => {
  const { openapi, paths } = await document();
  assert.equal(openapi, '3.0.3');
  const operations = Object.values(paths).flatMap((path) => Object.values(path));
  const ids = operations.map(({ operationId }) => operationId);
  assert.equal(new Set(ids).size, operations.length);
  for (const { operationId, tags, summary, responses } of operations) {
    assert.ok(operationId && tags?.length === 1 && summary, operationId);
    for (const status of ['400', '414', '431', '500', '503'])
      assert.ok(status in responses, `${operationId} ${status}`);
    for (const [status, { description }] of Object.entries(responses)) assert.notEqual(description, '', status);
  }
});

test('real answers are what the document says, to the last field', async () => {
  const { paths, components } = await document();
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  ajv.addSchema({ $id: 'doc', ...closed({ components }) });
  await using world = await startWorld();
  const told = await world.createTenant('alpha');
  world.pair.crashAt('before-commit', { method: 'POST' });
  await world.createTenant('beta');
  await ops(world).put('/v1/gate').send({ mode: 'open' });
  const id = String(told.headers['northgate-transaction']);
  const cases: [string, string, number][] = [
    ['/v1/pair', '/v1/pair', 200],
    ['/v1/switchovers', '/v1/switchovers', 200],
    ['/v1/transactions', '/v1/transactions', 200],
    ['/v1/transactions/{id}', `/v1/transactions/${id}`, 200],
    ['/v1/transactions/{id}', '/v1/transactions/nobody', 404],
    ['/v1/audit', '/v1/audit', 200],
    ['/readyz', '/readyz', 200],
  ];
  for (const [path, target, status] of cases) {
    const { body } = await ops(world).get(target).expect(status);
    const type = status < 400 ? 'application/json' : 'application/problem+json';
    const schema = paths[path]?.get?.responses[status]?.content?.[type]?.schema;
    assert.ok(schema !== undefined, `${path} ${status} ${type} is declared`);
    const validate = ajv.compile(JSON.parse(JSON.stringify(closed({ schema }).schema).replaceAll('"#/', '"doc#/')));
    assert.ok(validate(body), `${target}: ${ajv.errorsText(validate.errors)}`);
  }
});

/** The same with every object closed, so that a field that is not declared shows. */
function closed<T extends object>(tree: T): T {
  return JSON.parse(JSON.stringify(tree), (_, value) =>
    value?.properties === undefined ? value : { ...value, additionalProperties: false },
  );
}
