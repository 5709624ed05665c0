/** The repository's own text files as sources; what is installed, built or of version control is left out. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Source } from './imports.ts';

export const root = fileURLToPath(new URL('../../', import.meta.url));

const leftOut: ReadonlySet<string> = new Set(['node_modules', 'coverage', '.git']);
const textForm = /\.(?:ts|mts|js|mjs|json|ya?ml|md|lua|sh|service|example|css|html)$|^[^.]+$|^\.[a-z0-9]+(?:rc)?$/;

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (leftOut.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesIn(path);
    return entry.isFile() && textForm.test(entry.name) ? [path] : [];
  });
}

export function readTree(): Source[] {
  return filesIn(root).map((file) => ({
    path: relative(root, file).split(sep).join('/'),
    text: readFileSync(file, 'utf8'),
  }));
}
