/**
 * An OpenAPI 3.0.3 document as OpenAPI 3.1, whose schemas are JSON Schema 2020-12. Pure; the document given stays as it is.
 * Only the dialect changes: nothing is added to what the document says and nothing is left out. The differences are those of
 * the OpenAPI Initiative's migration guide ("Migrating from OpenAPI 3.0 to 3.1.0").
 */

type Tree = Record<string, unknown>;

const version = '3.1.0';
/** Keywords of a schema that hold one schema, a list of them, or a map of names to them. */
const holdsOne: ReadonlySet<string> = new Set(['items', 'not', 'additionalProperties']);
const holdsList: ReadonlySet<string> = new Set(['allOf', 'anyOf', 'oneOf']);
const holdsMap: ReadonlySet<string> = new Set(['properties']);

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

const mapped = (tree: Tree, change: (value: unknown, name: string) => unknown): Tree =>
  Object.fromEntries(Object.entries(tree).map(([name, value]) => [name, change(value, name)]));

/** The 3.1 rendering of a parsed 3.0.3 document. */
export function asOpenApi31(document: object): object {
  const { components, ...rest } = document as Tree;
  const renderedComponents = isTree(components) ? { components: mapped(components, component) } : {};
  return { ...mapped(rest, outside), ...renderedComponents, openapi: version };
}

const component = (value: unknown, kind: string): unknown =>
  kind === 'schemas' && isTree(value) ? mapped(value, schema) : outside(value, kind);

/** Anything that is no schema: schemas are found where a `schema` keyword holds one. Examples are data and stay. */
function outside(value: unknown, name: string): unknown {
  if (name === 'example' || name === 'examples') return value;
  if (name === 'schema') return schema(value);
  if (Array.isArray(value)) return value.map((each) => outside(each, ''));
  return isTree(value) ? mapped(value, outside) : value;
}

function schema(value: unknown): unknown {
  if (!isTree(value)) return value;
  const { nullable, example, exclusiveMinimum, exclusiveMaximum, ...rest } = value;
  const inner = mapped(rest, (held, keyword) => {
    if (holdsOne.has(keyword)) return schema(held);
    if (holdsList.has(keyword) && Array.isArray(held)) return held.map(schema);
    return holdsMap.has(keyword) && isTree(held) ? mapped(held, schema) : held;
  });
  const bounded = bound(bound(inner, 'minimum', exclusiveMinimum), 'maximum', exclusiveMaximum);
  const shown = example === undefined ? bounded : { ...bounded, examples: [example] };
  return nullable === true ? orNull(encoded(shown)) : encoded(shown);
}

/** 3.0: `exclusiveMinimum: true` says that `minimum` itself is out; 3.1: it is the number. */
function bound(tree: Tree, keyword: 'minimum' | 'maximum', exclusive: unknown): Tree {
  if (exclusive !== true) return tree;
  const { [keyword]: limit, ...rest } = tree;
  return { ...rest, [keyword === 'minimum' ? 'exclusiveMinimum' : 'exclusiveMaximum']: limit };
}

/** Bytes are no format any more: a body of them needs no type, text that stands for them has an encoding. */
function encoded(tree: Tree): Tree {
  const { format, ...rest } = tree;
  if (format === 'byte') return { ...rest, contentEncoding: 'base64' };
  if (format !== 'binary') return tree;
  const { type: _, ...untyped } = rest;
  return { ...untyped, contentMediaType: 'application/octet-stream' };
}

/** `nullable` counts only beside a `type` (OpenAPI 3.0.3, "Schema Object"). What else is asked must let null pass too. */
function orNull(tree: Tree): Tree {
  const { type, allOf, ...rest } = tree;
  if (type === undefined) return tree;
  if (Array.isArray(allOf)) {
    const { description, ...asked } = rest;
    const said = description === undefined ? {} : { description };
    const [only] = allOf;
    // One reference alone has its type with it.
    const whole = allOf.length === 1 && Object.keys(asked).length === 0 ? only : { type, allOf, ...asked };
    return { ...said, anyOf: [whole, { type: 'null' }] };
  }
  return { type: [type, 'null'], ...rest };
}
