// What the tests of this folder share: the catalogue's own document and bodies as bytes.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { type Catalogue, type CatalogueOptions, loadCatalogue } from '../../src/esc/catalogue.ts';

export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly parameters?: readonly { readonly $ref: string }[];
  readonly responses: Readonly<Record<string, unknown>>;
  readonly 'x-northgate'?: Extension;
}

export interface Extension {
  readonly resource: string;
  readonly lane: string;
  readonly ancestors?: readonly string[];
  readonly kind: string;
  readonly ack: string;
  readonly completeWithin: string;
  readonly look?: string;
  readonly replay: string;
  readonly actions?: Readonly<Record<string, { readonly replay: string }>>;
}

export interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Parsed anew each time, so that a test may break its own copy. */
export const northbound = (): Document =>
  parse(readFileSync(new URL('../../openapi/northbound.yaml', import.meta.url), 'utf8')) as Document;

export interface Entry {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

export function operationsOf(document: Document): Entry[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([name]) => ['get', 'post', 'put', 'patch', 'delete'].includes(name))
      .map(([name, operation]) => ({ method: name.toUpperCase(), path, operation: operation as Operation })),
  );
}

export const catalogueWith = (options: Partial<CatalogueOptions> = {}): Catalogue =>
  loadCatalogue(northbound(), { policies: [], ...options });

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
