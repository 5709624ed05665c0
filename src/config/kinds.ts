// The kinds of values a configuration key can hold: one constructor per kind, with its JSON Schema and its expectation in
// words. How a written value of a kind becomes a resolved one is in values.ts.

import Type, { type TObject } from 'typebox';
import type { JournalUrl } from './journal-url.ts';
import { type Given, type Leaf, leaf, type PresenceOf, type Resolved } from './leaf.ts';

const DAY_MS = 86_400_000;
/** A timer of Node cannot be set further ahead than this (2^31 - 1 ms, a little under 25 days). */
const TIMER_DAYS_MAX = 24;
const TEXT_CHARACTERS_MAX = 4096;

const someText = Type.String({ minLength: 1, maxLength: TEXT_CHARACTERS_MAX });

/** Any text. */
export const text = <const G extends Given>(
  description: string,
  given: G,
  expects = 'text',
): Leaf<string, 'text', PresenceOf<G>> => leaf('text', description, given, { schema: someText, notes: { expects } });

/** Text that is never shown; may come from a file. */
export const secret = <const G extends Given>(description: string, given: G): Leaf<string, 'text', PresenceOf<G>> =>
  leaf('text', description, given, { schema: someText, notes: { expects: 'text', isSecret: true } });

/** The SHA-256 of a token, 64 hexadecimal digits. A digest is no secret to keep from disk, but nobody needs to see it. */
export const sha256 = <const G extends Given>(description: string, given: G): Leaf<string, 'text', PresenceOf<G>> =>
  leaf('text', description, given, {
    schema: Type.String({ pattern: '^[0-9a-fA-F]{64}$' }),
    notes: { expects: 'a SHA-256 digest of 64 hexadecimal digits', isSecret: true },
  });

/** A scrypt hash in the PHC string format. */
export const passwordHash = <const G extends Given>(
  description: string,
  given: G,
): Leaf<string, 'text', PresenceOf<G>> =>
  leaf('text', description, given, {
    schema: Type.String({
      pattern: '^\\$scrypt\\$ln=1[0-8],r=[1-8],p=[1-4]\\$[A-Za-z0-9+/]{11,86}\\$[A-Za-z0-9+/]{22,86}$',
    }),
    notes: { expects: 'a hash that `northgate password` has made ($scrypt$ln=15,r=8,p=1$…)', isSecret: true },
  });

/** An address or a host name, without port. */
export const host = <const G extends Given>(description: string, given: G): Leaf<string, 'host', PresenceOf<G>> =>
  leaf('host', description, given, {
    schema: someText,
    notes: { expects: 'an IP address or a host name, without a port' },
  });

/** A URL that begins with http:// or https://. */
export const url = <const G extends Given>(description: string, given: G): Leaf<string, 'url', PresenceOf<G>> =>
  leaf('url', description, given, {
    schema: someText,
    notes: { expects: 'a URL that begins with http:// or https://' },
  });

/** A path of the gateway's own file system, relative to the working directory. */
export const path = <const G extends Given>(description: string, given: G): Leaf<string, 'path', PresenceOf<G>> =>
  leaf('path', description, given, { schema: someText, notes: { expects: 'the path of a file' } });

/** A whole number within bounds. */
export const integer = <const G extends Given>(
  description: string,
  given: G,
  least: number,
  most: number,
): Leaf<number, 'integer', PresenceOf<G>> =>
  leaf('integer', description, given, {
    schema: Type.Integer({ minimum: least, maximum: most }),
    notes: { expects: `an integer from ${least} to ${most}` },
  });

/** A port to call. */
export const port = <const G extends Given>(description: string, given: G): Leaf<number, 'integer', PresenceOf<G>> =>
  integer(description, given, 1, 65_535);

/** A port to listen on; 0 lets the system choose a free one. */
export const listenPort = <const G extends Given>(
  description: string,
  given: G,
): Leaf<number, 'integer', PresenceOf<G>> => integer(description, given, 0, 65_535);

export const boolean = <const G extends Given>(
  description: string,
  given: G,
): Leaf<boolean, 'boolean', PresenceOf<G>> =>
  leaf('boolean', description, given, { schema: Type.Boolean(), notes: { expects: 'true or false' } });

/** One word of a few. */
export const choice = <const Words extends readonly string[], const G extends Given>(
  description: string,
  given: G,
  words: Words,
): Leaf<Words[number], 'choice', PresenceOf<G>> =>
  leaf('choice', description, given, {
    schema: Type.Enum([...words]),
    notes: { expects: words.length === 1 ? `${words[0]}` : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}` },
  });

/** A time with a unit; resolved to milliseconds. Zero only where `leastMs` is 0. */
export const duration = <const G extends Given>(
  description: string,
  given: G,
  leastMs = 1,
  mostDays = TIMER_DAYS_MAX,
): Leaf<number, 'duration', PresenceOf<G>> =>
  leaf('duration', description, given, {
    schema: Type.String({ pattern: '^[0-9]+(ms|s|m|h|d)$' }),
    notes: {
      expects: `a duration ${durationBounds(leastMs, mostDays)}, such as 500ms, 10s, 5m, 6h or 7d`,
      least: leastMs,
      most: mostDays * DAY_MS,
    },
  });

function durationBounds(leastMs: number, mostDays: number): string {
  if (leastMs === 0) return `of at most ${mostDays}d`;
  return leastMs === 1 ? `above zero, at most ${mostDays}d` : `from ${leastMs}ms to ${mostDays}d`;
}

/** A number of bytes with a unit. */
export const size = <const G extends Given>(
  description: string,
  given: G,
  mostGiB: number,
): Leaf<number, 'size', PresenceOf<G>> =>
  leaf('size', description, given, {
    schema: Type.String({ pattern: '^[0-9]+(B|KiB|MiB|GiB)$' }),
    notes: {
      expects: `a size above zero of at most ${mostGiB}GiB, in B, KiB, MiB or GiB, such as 512KiB or 1MiB`,
      least: 1,
      most: mostGiB * 1024 ** 3,
    },
  });

/** A certificate or key: PEM itself, or the path of a PEM file. Resolved to the PEM. */
export const pem = <const G extends Given>(
  description: string,
  given: G,
  isSecret = false,
): Leaf<string, 'pem', PresenceOf<G>> =>
  leaf('pem', description, given, {
    schema: Type.String({ minLength: 1 }),
    notes: { expects: 'PEM text or the path of a PEM file', isSecret },
  });

/** A 256-bit key in base64. */
export const key = <const G extends Given>(description: string, given: G): Leaf<Buffer, 'key', PresenceOf<G>> =>
  leaf('key', description, given, {
    schema: someText,
    notes: { expects: '32 bytes in base64 (44 characters)', isSecret: true },
  });

/** Several 256-bit keys. */
export const keys = (description: string): Leaf<readonly Buffer[], 'keys', 'always'> =>
  leaf(
    'keys',
    description,
    { default: [] },
    {
      schema: Type.Array(someText, { maxItems: 32 }),
      notes: { expects: 'a list of keys, each 32 bytes in base64 (44 characters)', isSecret: true },
    },
  );

/** What a journal must promise before a request leaves. */
export type Durability =
  | { readonly kind: 'always' }
  | { readonly kind: 'everysec' }
  | { readonly kind: 'replicated'; readonly replicas: number };

export const durability = <const G extends Given>(
  description: string,
  given: G,
): Leaf<Durability, 'durability', PresenceOf<G>> =>
  leaf('durability', description, given, {
    schema: Type.String({ pattern: '^(always|everysec|replicated:[1-9][0-9]?)$' }),
    notes: { expects: 'always, everysec or replicated:N with N from 1 to 99' },
  });

export const journalUrl = <const G extends Given>(
  description: string,
  given: G,
): Leaf<JournalUrl, 'journal-url', PresenceOf<G>> =>
  leaf('journal-url', description, given, {
    schema: someText,
    notes: {
      expects:
        'sqlite:PATH, redis://HOST, rediss://HOST, redis+sentinel://HOST,HOST/NAME or redis+cluster://HOST,HOST, or with rediss+ for TLS (a special character of a password as %XX)',
      isSecret: true,
    },
  });

/** A list of addresses or host names. */
export const hosts = (description: string, most: number): Leaf<readonly string[], 'hosts', 'always'> =>
  leaf(
    'hosts',
    description,
    { default: [] },
    {
      schema: Type.Array(someText, { maxItems: most }),
      notes: { expects: `a list of at most ${most} IP addresses or host names, without ports` },
    },
  );

/** A list of host names, addresses or CIDR blocks. */
export const networks = (description: string): Leaf<readonly string[], 'networks', 'always'> =>
  leaf(
    'networks',
    description,
    { default: [] },
    {
      schema: Type.Array(someText, { maxItems: 1000 }),
      notes: { expects: 'a list of host names, IP addresses or CIDR blocks such as 10.0.0.0/8' },
    },
  );

export const paths = (description: string, most: number): Leaf<readonly string[], 'paths', 'always'> =>
  leaf(
    'paths',
    description,
    { default: [] },
    {
      schema: Type.Array(someText, { maxItems: most }),
      notes: { expects: `a list of at most ${most} paths` },
    },
  );

/** A list of entries, each with keys of its own. */
export const table = <Entry extends TObject>(
  description: string,
  entry: Entry,
): Leaf<readonly Resolved<Entry>[], 'table', 'always'> =>
  leaf(
    'table',
    description,
    { default: [] },
    {
      schema: Type.Array(entry, { maxItems: 1000 }),
      notes: { expects: `a list of entries with ${Object.keys(entry.properties).join(', ')}`, entry },
    },
  );
