/**
 * Makes the process another release of Northgate than the sources are: `node --import` this file. `NORTHGATE_TEST_RELEASE`
 * says which: `next` brings record format 2, in which two fields have other names, and still writes format 1; `after`
 * is the release after that one, and writes format 2. The sources are changed as they are loaded.
 */
import { registerHooks } from 'node:module';

/** In the head of a record, and in its course. */
export const renamed = { requestBytes: 'bodyBytes', promisedAt: 'promisedSince' } as const;

const step = `{
  raise: ({ ...part }) => {
    for (const [before, since] of Object.entries(${JSON.stringify(renamed)})) {
      if (before in part) { part[since] = part[before]; delete part[before]; }
    }
    return part;
  },
  lower: ({ ...part }) => {
    for (const [before, since] of Object.entries(${JSON.stringify(renamed)})) {
      if (since in part) { part[before] = part[since]; delete part[since]; }
    }
    return part;
  },
}`;

function released(source: string, isFormats: boolean): string {
  let text = source;
  for (const [before, since] of Object.entries(renamed))
    text = text.replaceAll(new RegExp(`\\b${before}\\b`, 'g'), since);
  if (!isFormats) return text;
  const replace = (what: string, by: string): void => {
    if (!text.includes(what)) throw new Error(`formats.ts has no ${what} for the next release to replace`);
    text = text.replace(what, by);
  };
  replace('readonly Step[] = []', `readonly Step[] = [${step}]`);
  if (process.env.NORTHGATE_TEST_RELEASE === 'after') replace('written: number = 1', 'written: number = 2');
  return text;
}

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.includes('/src/') || url.includes('/node_modules/') || !url.endsWith('.ts')) return loaded;
    const source = Buffer.from(loaded.source as Uint8Array).toString();
    return { ...loaded, source: released(source, url.endsWith('/journal/formats.ts')) };
  },
});
