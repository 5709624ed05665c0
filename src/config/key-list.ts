// The schema as a flat list of keys, in the table's order: dotted key, environment variable, leaf. Derived, never written.

import type { TObject, TSchema } from 'typebox';
import type { Leaf } from './leaf.ts';
import { schema } from './schema.ts';

export type KeyEntry = {
  readonly key: string;
  readonly path: readonly string[];
  readonly variable: string;
  readonly leaf: Leaf;
};

/** A key that holds a value, not a section. */
export function isLeaf(schema: TSchema): schema is Leaf {
  return 'kind' in schema && 'presence' in schema;
}

/** Secrets and certificates may come from a file of their own: `…File` beside the key. */
export function mayComeFromFile(leaf: Leaf): boolean {
  return (leaf.isSecret && leaf.kind !== 'table') || leaf.kind === 'pem';
}

/** `esc.rest.port` → `NORTHGATE_ESC_REST_PORT`, `esc.userData` → `NORTHGATE_ESC_USER_DATA` (contract.md section 2). */
function variableOf(path: readonly string[]): string {
  const steps = path.map((step) => step.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase());
  return ['NORTHGATE', ...steps].join('_');
}

export function sectionsOf(section: TObject): [string, TSchema][] {
  return Object.entries<TSchema>(section.properties);
}

function keysOf(section: TObject, above: readonly string[]): KeyEntry[] {
  return sectionsOf(section).flatMap(([name, inner]) => {
    const path = [...above, name];
    if (!isLeaf(inner)) return keysOf(inner as TObject, path);
    return [{ key: path.join('.'), path, variable: variableOf(path), leaf: inner }];
  });
}

export const keyList: readonly KeyEntry[] = keysOf(schema, []);
