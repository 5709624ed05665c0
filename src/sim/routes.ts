// The paths of ESC's REST northbound (reference/esc.md 1.4), both deployment forms included, as a table. It knows which
// path means what; admission.ts decides what becomes of a request.
import createRouter from 'find-my-way';
import type { ResourceType } from './resources.ts';

/** What a path means: a list of resources, one resource, or an operation on a deployment or a VM. */
type Target =
  | { is: 'list'; type: ResourceType }
  | { is: 'resource'; type: ResourceType }
  | { is: 'service-operation' }
  | { is: 'machine-operation' };

/** Parameters of a path: `id` of the resource, and what it stands under. */
type PathParameters = { id?: string; tenant?: string; network?: string; machine?: string };
export type FoundRoute = { target: Target; parameters: PathParameters };

const base = '/ESCManager/v0';
const collections: [string, ResourceType][] = [
  ['/tenants', 'tenant'],
  ['/images', 'image'],
  ['/flavors', 'flavor'],
  ['/:tenant/networks', 'network'],
  ['/:tenant/networks/:network/subnets', 'subnet'],
  ['/:tenant/volumes', 'volume'],
  ['/deployments', 'deployment'],
  ['/:tenant/deployments', 'deployment'],
];

const router = createRouter({ maxParamLength: 4096, ignoreTrailingSlash: true });
const unused = (): void => {};
for (const [path, type] of collections) {
  router.on('GET', base + path, unused, { is: 'list', type });
  const methods =
    type === 'deployment' ? (['GET', 'POST', 'PUT', 'DELETE'] as const) : (['GET', 'POST', 'DELETE'] as const);
  router.on([...methods], `${base + path}/:id`, unused, { is: 'resource', type });
}
for (const scope of ['', '/:tenant']) {
  router.on('POST', `${base + scope}/deployments/service/:id`, unused, { is: 'service-operation' });
  router.on('POST', `${base + scope}/deployments/vm/:machine`, unused, { is: 'machine-operation' });
}

const knownMethods = ['GET', 'POST', 'PUT', 'DELETE'] as const;

/** The meaning of a request line, or the status that refuses it. The query is not looked at. */
export function findRoute(method: string, target: string): FoundRoute | 404 | 405 {
  const path = target.split('?')[0] ?? '';
  const known = knownMethods.find((each) => each === method);
  const found = known && router.find(known, path);
  if (found) return { target: found.store as Target, parameters: found.params };
  return knownMethods.some((each) => router.find(each, path)) ? 405 : 404;
}
