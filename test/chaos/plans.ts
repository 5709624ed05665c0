/**
 * What an orchestrator wants: sites, each a tenant with a network and a deployment, changed a few times and perhaps taken
 * down again. Some steps of a plan are wanted at once, on one resource, as by a hasty or a stuttering client.
 */
import type { Order } from './ledgers.ts';
import type { Random } from './random.ts';

/** Steps one after the other; the orders of one step are sent at the same time. */
export type Plan = readonly (readonly Order[])[];

type Wanted = Pick<Order, 'kind' | 'method' | 'path' | 'body' | 'ends'>;

const base = '/ESCManager/v0';
const namespace = 'xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"';

function tenant(id: string): { create: Wanted; remove: Wanted } {
  const path = `${base}/tenants/${id}`;
  return {
    create: {
      kind: 'create',
      method: 'POST',
      path,
      body: `<tenant ${namespace}><name>${id}</name></tenant>`,
      ends: 'CREATE_TENANT',
    },
    remove: { kind: 'delete', method: 'DELETE', path, body: undefined, ends: 'DELETE_TENANT' },
  };
}

function network(tenantId: string, id: string): { create: Wanted; remove: Wanted } {
  const path = `${base}/${tenantId}/networks/${id}`;
  return {
    create: {
      kind: 'create',
      method: 'POST',
      path,
      body: `<network ${namespace}><name>${id}</name><shared>false</shared></network>`,
      ends: 'CREATE_NETWORK',
    },
    remove: { kind: 'delete', method: 'DELETE', path, body: undefined, ends: 'DELETE_NETWORK' },
  };
}

const group = (name: string, boots: number): string =>
  `<vm_group><name>${name}</name><image>img</image><flavor>flv</flavor><bootup_time>${boots}</bootup_time></vm_group>`;

const deploymentBody = (id: string, boots: number): string =>
  `<deployment ${namespace}><name>${id}</name>${group('g1', boots)}${group('g2', boots)}</deployment>`;

type Action = readonly [name: string, ends: string];

const actions: readonly [Action, ...Action[]] = [
  ['STOP', 'SERVICE_STOPPED'],
  ['START', 'SERVICE_ALIVE'],
  ['DISABLE_MONITOR', 'SERVICE_STOPPED'],
  ['REBOOT', 'SERVICE_ALIVE'],
];

/** Every id is new, so that each effect on the VIM belongs to one plan. */
export function planOf(site: string, random: Random, order: (wanted: Wanted) => Order): Plan {
  const [tenantId, networkId, deploymentId] = [`${site}-t`, `${site}-n`, `${site}-d`];
  const ofTenant = tenant(tenantId);
  if (random.isLucky(0.25)) return hastyTenant(ofTenant, random, order);
  const ofNetwork = network(tenantId, networkId);
  const path = `${base}/${tenantId}/deployments/${deploymentId}`;
  const create: Wanted = {
    kind: 'create',
    method: 'POST',
    path,
    body: deploymentBody(deploymentId, 60),
    ends: 'SERVICE_ALIVE',
  };
  const remove: Wanted = { kind: 'delete', method: 'DELETE', path, body: undefined, ends: 'SERVICE_UNDEPLOYED' };
  let boots = 60;
  const update = (): Wanted => {
    boots += 1;
    return {
      ...create,
      kind: 'update',
      method: 'PUT',
      body: deploymentBody(deploymentId, boots),
      ends: 'SERVICE_UPDATED',
    };
  };
  const action = (): Wanted => {
    const [name, ends] = random.pick(actions);
    const body = `<service_operation ${namespace}><operation>${name}</operation></service_operation>`;
    return {
      kind: 'action',
      method: 'POST',
      path: `${base}/${tenantId}/deployments/service/${deploymentId}`,
      body,
      ends,
    };
  };
  const steps: Wanted[][] = [[ofTenant.create], [ofNetwork.create], [create]];
  for (let changes = Math.floor(random.between(0, 5)); changes > 0; changes -= 1) {
    if (random.isLucky(0.2)) steps.push([update(), update(), update()]);
    else steps.push([random.isLucky(0.5) ? update() : action()]);
  }
  if (random.isLucky(0.6)) steps.push([remove], [ofNetwork.remove], [ofTenant.remove]);
  return steps.map((step) => step.map(order));
}

/** Everything at once on one lane: which comes first is the network's business, and the journal's word from then on. */
function hastyTenant(of: { create: Wanted; remove: Wanted }, random: Random, order: (wanted: Wanted) => Order): Plan {
  const steps: Wanted[][] = random.isLucky(0.5)
    ? [[of.create, of.remove]]
    : [[of.create], [of.remove, of.create, of.remove], [of.create]];
  return steps.map((step) => step.map(order));
}
