/**
 * Loaded before the product (`node --import`): puts the simulated world where the product would touch the outside, and into
 * its files the times of this world, and a mutation, if one is asked for. Everything between those edges is the product's own code, its
 * composition root included.
 */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import './globals.ts';
import { type Mutation, mutationNamed } from './mutations.ts';
import { shortTimes } from './times.ts';

const root = new URL('../../', import.meta.url).href;
const edge = (name: string): string => new URL(`edges/${name}.ts`, import.meta.url).href;

/** Parts of the tree that touch the outside, and what whoever imports them gets instead. */
const edges: Readonly<Record<string, string>> = {
  'src/esc/catalogue.ts': edge('catalogue'),
  'src/esc/health-report.ts': edge('health-report'),
  'src/journal/open.ts': edge('journal'),
  'src/http/northbound-listener.ts': edge('listeners'),
  'src/http/ops-listener.ts': edge('listeners'),
  'src/http/callback-listener.ts': edge('listeners'),
  'src/http/own-routes.ts': edge('listeners'),
  'src/http/callback-routes.ts': edge('listeners'),
  'src/ops/metrics.ts': edge('metrics'),
  'src/upstream/upstream.ts': edge('upstream'),
  'src/upstream/sockets.ts': edge('sockets'),
  'src/callbacks/delivery.ts': edge('delivery'),
  'test/chaos/plans.ts': edge('plans'),
  'test/chaos/sending.ts': edge('sending'),
  'test/chaos/stage.ts': edge('stage'),
};

/** The same for packages and Node's own modules, by who imports them. */
const packages: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'src/app.ts': { 'node:os': edge('machine'), 'node:fs/promises': edge('catalogue'), yaml: edge('catalogue') },
  'src/pair/prober.ts': { 'node:http': edge('health') },
  'src/sim/callbacks.ts': { undici: edge('reports') },
  'src/journal/sqlite/sqlite-journal.ts': { 'node:timers/promises': edge('machine') },
  'src/ops/history.ts': { 'node:timers/promises': edge('machine') },
  'test/chaos/orchestrator.ts': { 'node:timers/promises': edge('machine') },
};

function changesOf(name: string | undefined): readonly Change[] {
  if (name === undefined) return [];
  const { also, ...mutation } = mutationNamed(name);
  return also === undefined ? [mutation] : [mutation, { name, ...also }];
}

/** A text of one file, and what stands in its place here. */
type Change = Omit<Mutation, 'from' | 'also' | 'isRare'>;

const { NORTHGATE_MUTATION: wanted } = process.env;
const changes: readonly Change[] = [...shortTimes, ...changesOf(wanted)];

/** From the root of the repository; empty: it is not of it. */
const pathOf = (url: string): string => (url.startsWith(root) ? url.slice(root.length) : '');

registerHooks({
  resolve(specifier, context, nextResolve) {
    const from = pathOf(context.parentURL ?? '');
    // The edges may stand on what they replace.
    if (from.startsWith('test/simulate/')) return nextResolve(specifier, context);
    const byPackage = packages[from]?.[specifier];
    if (byPackage !== undefined) return nextResolve(byPackage, context);
    const resolved = nextResolve(specifier, context);
    const instead = edges[pathOf(resolved.url)];
    return instead === undefined ? resolved : nextResolve(instead, context);
  },
  load(url, context, nextLoad) {
    const own = changes.filter(({ file }) => url === `${root}${file}`);
    if (own.length === 0) return nextLoad(url, context);
    const text = readFileSync(fileURLToPath(url), 'utf8');
    return { format: 'module-typescript', source: own.reduce(changed, text), shortCircuit: true };
  },
});

function changed(text: string, { name, file, find, put }: Change): string {
  if (text.split(find).length !== 2) throw new Error(`${name}: ${file} does not hold its text exactly once`);
  return text.replace(find, () => put);
}
