/**
 * Kinds of fields of the ops API, as JSON Schema that is also OpenAPI 3.0.3: `nullable` instead of a second type, words
 * with their type said. Every view is one such schema and the TypeScript type that follows from it.
 */
import Type, { type Static, type TSchema } from 'typebox';

type Words = readonly string[];

/** One word of a few. */
export const words = <const W extends Words>(list: W, description?: string) =>
  Type.Unsafe<W[number]>({ type: 'string', enum: [...list], ...described(description) });

/** The same value or null, which an enumeration has to name too. For kinds that have a type of their own, not for references. */
export function nullable<S extends TSchema>(schema: S) {
  const { enum: listed } = schema as { enum?: readonly unknown[] };
  const values = listed === undefined ? {} : { enum: [...listed, null] };
  return Type.Unsafe<Static<S> | null>({ ...schema, ...values, nullable: true });
}

/** An instant as RFC 3339 has it, in UTC with milliseconds. */
export const instant = (description?: string) =>
  Type.Unsafe<string>({ type: 'string', format: 'date-time', ...described(description) });

/** A view that has a name of its own in the document. */
export const named = <T>(id: string) => Type.Unsafe<T>({ $ref: `${id}#` });

/** The same or null; `type` stands beside the reference because `nullable` counts only with it (OpenAPI 3.0.3). */
export const nullableNamed = <T>(id: string) =>
  Type.Unsafe<T | null>({ type: 'object', nullable: true, allOf: [{ $ref: `${id}#` }] });

export const count = (description?: string) => Type.Integer({ minimum: 0, ...described(description) });

/** Milliseconds of Unix as an instant of the API. */
export const toInstant = (at: number): string => new Date(at).toISOString();
export const toInstantOrNull = (at: number | null): string | null => (at === null ? null : toInstant(at));

const described = (description?: string): { description?: string } =>
  description === undefined ? {} : { description };
