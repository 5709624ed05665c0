/**
 * Scripts and styles of the console, read once at the start: our own, and those of htmx and uPlot as their packages
 * have them. Each is asked for with a digest of its bytes, so that a browser keeps it until it changes.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';

interface Asset {
  readonly bytes: Buffer;
  readonly type: string;
  readonly digest: string;
}

/** Where each asset is, by the name that pages ask for. */
export type Assets = ReadonlyMap<string, Asset>;

const script = 'text/javascript; charset=utf-8';
const style = 'text/css; charset=utf-8';

const sources: readonly (readonly [name: string, type: string, ...urls: string[]])[] = [
  ['console.css', style, import.meta.resolve('./assets/console.css')],
  ['console.js', script, import.meta.resolve('./assets/console.js')],
  ['icon.svg', 'image/svg+xml', import.meta.resolve('./assets/icon.svg')],
  // One file: a deferred htmx begins by a timer, which may run before a further file has registered the extension.
  [
    'htmx.js',
    script,
    import.meta.resolve('htmx.org/dist/htmx.min.js'),
    import.meta.resolve('htmx.org/dist/ext/hx-sse.min.js'),
  ],
  ['uplot.js', script, import.meta.resolve('uplot/dist/uPlot.iife.min.js')],
  ['uplot.css', style, import.meta.resolve('uplot/dist/uPlot.min.css')],
];

const digestChars = 16;

/** Rejects if a file cannot be read. */
export async function readAssets(): Promise<Assets> {
  const assets = new Map<string, Asset>();
  for (const [name, type, ...urls] of sources) {
    const files = await Promise.all(urls.map((url) => readFile(new URL(url), 'utf8')));
    const bytes = Buffer.from(files.join('\n'));
    const digest = createHash('sha256').update(bytes).digest('hex').slice(0, digestChars);
    assets.set(name, { bytes, type, digest });
  }
  return assets;
}

/** The address of an asset, for a page. */
export const assetUrl = (assets: Assets, name: string): string =>
  `/console/assets/${name}?v=${assets.get(name)?.digest ?? ''}`;

export function assetRoutes(app: FastifyInstance, assets: Assets): void {
  for (const [name, { bytes, type }] of assets) {
    app.get(`/console/assets/${name}`, { config: { page: 'open' } }, (_, reply) =>
      reply.type(type).header('Cache-Control', 'public, max-age=31536000, immutable').send(bytes),
    );
  }
}
