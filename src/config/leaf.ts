// One configuration key: a TypeBox schema of its *written* form, with the notes that reader, print and documentation need
// (kind, expectation in words, default, secrecy). `Resolved` turns a table of such keys into the type the product uses,
// where units stand in the names. The kinds themselves are in kinds.ts; nothing is read here.

import Type, { type TObject, type TSchema, type TUnsafe } from 'typebox';

export type LeafKind =
  | 'text'
  | 'host'
  | 'url'
  | 'path'
  | 'integer'
  | 'boolean'
  | 'choice'
  | 'duration'
  | 'size'
  | 'pem'
  | 'key'
  | 'keys'
  | 'durability'
  | 'journal-url'
  | 'hosts'
  | 'networks'
  | 'paths'
  | 'table';

/** `always`: the resolved configuration has a value, by default or because the key is required. `maybe`: it may be absent. */
export type Presence = 'always' | 'maybe';

/** One key: its written form as JSON Schema, and everything else that is known of it. */
export type Leaf<
  Value = unknown,
  Kind extends LeafKind = LeafKind,
  Present extends Presence = Presence,
> = TUnsafe<Value> & {
  readonly kind: Kind;
  readonly presence: Present;
  readonly description: string;
  /** The end of the sentence "…, expected …". */
  readonly expects: string;
  /** Never printed, and may come from a file: `…File` beside the key. */
  readonly isSecret: boolean;
  /** As it would be written in the file. */
  readonly default?: unknown;
  /** What an absent value means, where there is no default to write down. */
  readonly absent: string;
  readonly isRequired: boolean;
  /** Of a `table`: the keys of one entry. */
  readonly entry?: TObject;
  /** Of a duration or a size: the bounds, in ms or bytes. */
  readonly least?: number;
  readonly most?: number;
};

/** What the table says of one key besides its kind: a default, `required`, or what its absence means. */
export type Given = { readonly default?: unknown; readonly required?: true; readonly absent?: string };
export type PresenceOf<G extends Given> = G extends { default: unknown } | { required: true } ? 'always' : 'maybe';
type Notes = { expects: string; isSecret?: boolean; entry?: TObject; least?: number; most?: number };

/** Makes a key of any kind; kinds.ts has a constructor for each. */
export function leaf<Value, Kind extends LeafKind, Present extends Presence>(
  kind: Kind,
  description: string,
  given: Given,
  written: { schema: TSchema; notes: Notes },
): Leaf<Value, Kind, Present> {
  const { schema, notes } = written;
  const presence = given.default !== undefined || given.required ? 'always' : 'maybe';
  return {
    ...Type.Unsafe<Value>(schema),
    isSecret: false,
    ...notes,
    kind,
    presence: presence as Present,
    description,
    absent: given.absent ?? 'none',
    isRequired: given.required === true,
    ...(given.default === undefined ? {} : { default: given.default }),
  };
}

/** A key's name in the resolved configuration: with its unit, unless it is there already. */
export function resolvedName(name: string, kind: LeafKind): string {
  if (kind === 'duration') return `${name}Ms`;
  if (kind === 'size' && !name.endsWith('Bytes')) return `${name}Bytes`;
  return name;
}

type Named<Name extends string, Schema> =
  Schema extends Leaf<infer _Value, infer Kind>
    ? Kind extends 'duration'
      ? `${Name}Ms`
      : Kind extends 'size'
        ? Name extends `${string}Bytes`
          ? Name
          : `${Name}Bytes`
        : Name
    : Name;
type IsMaybe<Schema> = Schema extends { presence: infer P } ? ('maybe' extends P ? true : false) : false;
type Flat<T> = { [K in keyof T]: T[K] };

/** The configuration as the product uses it: nested as the keys are, durations in ms, sizes in bytes, units in the names. */
export type Resolved<Schema> =
  Schema extends TUnsafe<infer Value>
    ? Value
    : Schema extends TObject<infer Properties>
      ? Flat<
          {
            readonly [K in keyof Properties & string as IsMaybe<Properties[K]> extends true
              ? never
              : Named<K, Properties[K]>]: Resolved<Properties[K]>;
          } & {
            readonly [K in keyof Properties & string as IsMaybe<Properties[K]> extends true
              ? Named<K, Properties[K]>
              : never]?: Resolved<Properties[K]>;
          }
        >
      : never;
