/** The catalogue, read once a process: reading a file takes real time, and all replicas have the same one. */
import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { type Catalogue, type CatalogueOptions, loadCatalogue as load } from '../../../src/esc/catalogue.ts';

let document: object | null = null;
const loaded = new Map<string, Catalogue>();

export const readFile = async (file: URL): Promise<string> => file.pathname;

export function parse(file: string): object {
  document ??= parseYaml(readFileSync(file, 'utf8')) as object;
  return document;
}

export function loadCatalogue(given: object, options: CatalogueOptions): Catalogue {
  const name = JSON.stringify(options);
  const known = loaded.get(name) ?? load(given, options);
  loaded.set(name, known);
  return known;
}
