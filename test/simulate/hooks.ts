/**
 * Loaded before the product (`node --import`): puts the simulated world where the product would touch the outside, and a
 * mutation into one of its files, if one is asked for. Everything between those edges is the product's own code, its
 * composition root included.
 */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import './globals.ts';
import { mutationNamed } from './mutations.ts';

const root = new URL('../../', import.meta.url).href;
const edge = (name: string): string => new URL(`edges/${name}.ts`, import.meta.url).href;

/** Who imports what, and what it gets instead. */
const edges: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'src/app.ts': {
    'node:os': edge('machine'),
    'node:fs/promises': edge('catalogue'),
    yaml: edge('catalogue'),
    './esc/catalogue.ts': edge('catalogue'),
    './journal/open.ts': edge('journal'),
    './http/northbound-listener.ts': edge('listeners'),
    './http/ops-listener.ts': edge('listeners'),
    './http/callback-listener.ts': edge('listeners'),
    './http/own-routes.ts': edge('listeners'),
    './http/callback-routes.ts': edge('listeners'),
    './ops/metrics.ts': edge('metrics'),
  },
  'src/parts.ts': { './upstream/upstream.ts': edge('upstream') },
  'src/pair/prober.ts': { 'node:http': edge('health'), '../upstream/sockets.ts': edge('sockets') },
  'src/pair/sentinel.ts': { '../upstream/sockets.ts': edge('sockets') },
  'src/callbacks/relay.ts': { './delivery.ts': edge('delivery') },
  'src/sim/callbacks.ts': { undici: edge('reports') },
  'test/chaos/orchestrator.ts': { './sending.ts': edge('sending'), 'node:timers/promises': edge('machine') },
  'test/chaos/answers-audit.ts': { './stage.ts': edge('stage') },
  'test/chaos/completions-audit.ts': { './stage.ts': edge('stage') },
};

const { NORTHGATE_MUTATION: wanted } = process.env;
const mutation = wanted === undefined ? null : mutationNamed(wanted);
const mutated = mutation === null ? '' : `${root}${mutation.file}`;

registerHooks({
  resolve(specifier, context, nextResolve) {
    const from = context.parentURL?.startsWith(root) ? context.parentURL.slice(root.length) : '';
    const instead = edges[from]?.[specifier];
    return instead === undefined ? nextResolve(specifier, context) : nextResolve(instead, context);
  },
  load(url, context, nextLoad) {
    if (mutation === null || url !== mutated) return nextLoad(url, context);
    const text = readFileSync(fileURLToPath(url), 'utf8');
    if (text.split(mutation.find).length !== 2) {
      throw new Error(`mutation ${mutation.name}: ${mutation.file} does not hold its text exactly once`);
    }
    return { format: 'module-typescript', source: text.replace(mutation.find, () => mutation.put), shortCircuit: true };
  },
});
