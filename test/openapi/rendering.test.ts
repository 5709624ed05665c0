/** The 3.1 rendering: what differs between the dialects is translated, everything else stays, and the source is untouched. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { asOpenApi31 } from '../../src/http/openapi-31.ts';
import { run } from '../support/command.ts';

type Tree = Record<string, unknown>;

const rendered = (schema: object): unknown => {
  const document = { openapi: '3.0.3', paths: {}, components: { schemas: { A: schema } } };
  return (asOpenApi31(document) as { components: { schemas: Tree } }).components.schemas.A;
};

const translations: readonly [string, object, object][] = [
  ['nullable is one more type', { type: 'string', nullable: true }, { type: ['string', 'null'] }],
  ['nullable without a type says nothing', { nullable: true, description: 'A' }, { description: 'A' }],
  [
    'a nullable reference is one of two',
    { type: 'object', nullable: true, allOf: [{ $ref: '#/components/schemas/B' }], description: 'A' },
    { description: 'A', anyOf: [{ $ref: '#/components/schemas/B' }, { type: 'null' }] },
  ],
  [
    'a nullable whole of several is one of two',
    { type: 'object', nullable: true, allOf: [{ $ref: '#/b' }, { type: 'object', required: ['c'] }] },
    { anyOf: [{ type: 'object', allOf: [{ $ref: '#/b' }, { type: 'object', required: ['c'] }] }, { type: 'null' }] },
  ],
  [
    'an enumeration keeps its null',
    { type: 'string', nullable: true, enum: ['a', null] },
    { type: ['string', 'null'], enum: ['a', null] },
  ],
  [
    'an exclusive bound is the number',
    { type: 'integer', minimum: 1, exclusiveMinimum: true, maximum: 9, exclusiveMaximum: false },
    { type: 'integer', exclusiveMinimum: 1, maximum: 9 },
  ],
  ['an example is one of examples', { type: 'string', example: 'a' }, { type: 'string', examples: ['a'] }],
  ['bytes as text have an encoding', { type: 'string', format: 'byte' }, { type: 'string', contentEncoding: 'base64' }],
  ['bytes have no type', { type: 'string', format: 'binary' }, { contentMediaType: 'application/octet-stream' }],
  [
    'what is inside is translated too, and a field called nullable is a field',
    { type: 'object', properties: { nullable: { type: 'array', items: { type: 'string', nullable: true } } } },
    { type: 'object', properties: { nullable: { type: 'array', items: { type: ['string', 'null'] } } } },
  ],
];

suite('from 3.0.3 to 3.1', () => {
  for (const [says, before, after] of translations) {
    test(says, () => assert.deepEqual(rendered(before), after));
  }

  test('schemas are found wherever they are, data of examples is left alone', () => {
    const data = { nullable: true, schema: { type: 'string', nullable: true } };
    const media = (schema: object) => ({ 'a/b': { schema, example: data } });
    const parameters = [{ name: 'nullable', in: 'query', schema: { type: 'string', nullable: true } }];
    const operation = (schema: object) => ({ parameters, responses: { 200: { content: media(schema) } } });
    const document = { openapi: '3.0.3', paths: { '/a': { get: operation({ type: 'string', nullable: true }) } } };
    const { openapi, paths } = asOpenApi31(document) as { openapi: string; paths: Record<string, Tree> };
    assert.equal(openapi, '3.1.0');
    const get = paths['/a']?.get as ReturnType<typeof operation>;
    assert.deepEqual(get.responses[200].content, media({ type: ['string', 'null'] }));
    assert.deepEqual(get.parameters[0]?.schema, { type: ['string', 'null'] });
    assert.equal(parameters[0]?.schema.nullable, true, 'the source stays as it is');
  });
});

for (const name of ['northbound', 'ops']) {
  test(`northgate openapi ${name} --version 3.1 prints ${name} with every path and schema, each a schema of 2020-12`, async () => {
    const source = parse(await readFile(new URL(`../../openapi/${name}.yaml`, import.meta.url), 'utf8'));
    const { code, stdout } = await run(['openapi', name, '--version', '3.1']);
    assert.equal(code, 0);
    const document = parse(stdout);
    assert.equal(document.openapi, '3.1.0');
    assert.deepEqual(Object.keys(document.paths), Object.keys(source.paths));
    assert.deepEqual(Object.keys(document.components.schemas), Object.keys(source.components.schemas));
    assert.doesNotMatch(stdout, /nullable/);
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    for (const schema of Object.values<object>(document.components.schemas)) {
      assert.ok(ajv.validateSchema(schema), ajv.errorsText(ajv.errors));
    }
  });
}
