/**
 * Templates of the catalogue: `tenants/{tenant}` for lanes, `/ESCManager/v0/tenants/{tenant}` for looks. A name in braces is a
 * path parameter; `{body.tenant}` is the tenant that the request's body names.
 * Invariant: every filled-in value is percent-encoded as one segment, so no id can spell another resource's lane or path.
 */

const bodyTenant = 'body.tenant';
const placeholder = /\{([^{}]*)\}/g;

export interface Template {
  /** Literals and values in turn: `literals[0] value[0] literals[1] … literals[n]`. */
  readonly literals: readonly string[];
  /** Positions of path parameters, or the body's tenant. */
  readonly values: readonly (number | typeof bodyTenant)[];
}

/** Values of one request. */
export interface Bindings {
  /** Decoded path parameters in the order of the path. */
  readonly parameters: readonly string[];
  /** Null where the body names none or was not read. */
  readonly tenant: string | null;
}

/** Names of a path's parameters, in order. */
export const parametersOf = (path: string): string[] => [...path.matchAll(placeholder)].map((match) => match[1] ?? '');

/** A template over these path parameters, or the names in it that are none of them. */
export function compileTemplate(text: string, parameters: readonly string[]): Template | { unknown: string[] } {
  const names = parametersOf(text);
  const unknown = names.filter((name) => name !== bodyTenant && !parameters.includes(name));
  if (unknown.length > 0) return { unknown };
  const values = names.map((name) => (name === bodyTenant ? bodyTenant : parameters.indexOf(name)));
  return { literals: text.split(/\{[^{}]*\}/), values };
}

export const needsBody = (template: Template): boolean => template.values.includes(bodyTenant);

/** The text of a template, null if a value of it is missing. */
export function fill(template: Template, bindings: Bindings): string | null {
  let text = template.literals[0] ?? '';
  for (const [index, source] of template.values.entries()) {
    const value = source === bodyTenant ? bindings.tenant : bindings.parameters[source];
    if (value === null || value === undefined || value === '') return null;
    text += encodeURIComponent(value.toWellFormed()) + (template.literals[index + 1] ?? '');
  }
  return text;
}
