// Whether ESC takes a mutating request, and what it stores when it does (reference/esc.md 1.3, 1.4, 1.8). Pure: the
// store is only read. Carrying the work out is work.ts.
import { createHash, randomUUID } from 'node:crypto';
import type { Profiles } from './profiles.ts';
import { adminTenant, type Resource, type ResourceStore, type ResourceType, type Verb } from './resources.ts';
import type { FoundRoute } from './routes.ts';
import { type Element, elementsNamed, textsOf } from './xml.ts';

export type MutatingRequest = {
  method: string;
  route: FoundRoute;
  /** The parsed body; undefined when there was none. */
  body: Element | undefined;
  rawBody: string;
  callback: string | undefined;
  eventsUrl: string | undefined;
  transaction: string;
};

/** What is to be done: `resource` is the row to store now, in progress. `machine` limits it to one VM. */
export type Operation = {
  verb: Verb;
  scope: 'resource' | 'service' | 'vm';
  resource: Resource;
  /** What the row was before, for a failure to go back to. */
  before: Resource | undefined;
  machine: string | undefined;
  rawBody: string;
};

export type Admission =
  | { is: 'refused'; status: 400 | 404 | 409 | 500; message: string }
  /** Accepted, with no effect and no event. */
  | { is: 'no-effect'; resource: Resource }
  | { is: 'accepted'; operation: Operation };

/** What admission needs to know besides the store. */
export type AdmissionContext = {
  store: ResourceStore;
  profiles: Profiles;
  /** Whether work on the resource is going on in this node's memory. */
  isBusy: (id: string) => boolean;
  resourcesMax: number;
};

const idMaxLength = 72;
const idPattern = /^[A-Za-z0-9._-]+$/;

const operations: Readonly<Record<string, Verb>> = {
  START: 'start',
  STOP: 'stop',
  REBOOT: 'reboot',
  ENABLE_MONITOR: 'enable-monitor',
  DISABLE_MONITOR: 'disable-monitor',
  // Recovery is a VM action from 2.2 on; NETCONF calls the action DO (esc.md 3).
  RECOVER: 'recover',
  DO: 'recover',
};

/** Decides about a mutating request. */
export function admit(request: MutatingRequest, context: AdmissionContext): Admission {
  const { target, parameters } = request.route;
  for (const id of Object.values(parameters)) {
    if (id.length > idMaxLength) return refused(400, `an id has more than ${idMaxLength} characters`);
    if (!idPattern.test(id)) return refused(400, `the id "${id}" has a character that is not allowed`);
  }
  if (target.is === 'list') return refused(400, 'a collection cannot be changed');
  if (target.is !== 'resource') return admitOperation(request, context);
  if (request.method === 'POST') return admitCreate(request, target.type, context);
  return request.method === 'PUT' ? admitUpdate(request, context) : admitDelete(request, target.type, context);
}

function admitCreate(request: MutatingRequest, type: ResourceType, { store, ...context }: AdmissionContext): Admission {
  const { id = '', network } = request.route.parameters;
  if (!request.body) return refused(400, 'the body is not a well-formed document');
  const there = store.get(id);
  if (there && there.type !== type) return refused(409, `Internal id ${id} is already in use by another resource type`);
  if (there?.state.is === 'active' && context.profiles.duplicateCreate === 'ok') {
    return { is: 'no-effect', resource: there };
  }
  if (there) return refused(409, `${type} ${id} already exists`);
  const tenant = tenantOf(request, type, id);
  if (type !== 'tenant' && store.get(tenant)?.type !== 'tenant') return refused(404, `tenant ${tenant} not found`);
  if (network !== undefined && store.get(network)?.type !== 'network')
    return refused(404, `network ${network} not found`);
  if (store.size >= context.resourcesMax)
    return refused(500, `the simulator keeps at most ${context.resourcesMax} resources`);
  const groups = type === 'deployment' ? elementsNamed(request.body, 'vm_group') : [];
  const resource: Resource = {
    id,
    type,
    tenant,
    network,
    state: { is: 'in-progress', verb: 'create', before: undefined },
    content: request.body,
    externalId: randomUUID(),
    machines: groups.map((group, index) => machineOf(id, textsOf(group).name ?? `group${index + 1}`)),
    eventsUrl: request.eventsUrl ?? request.callback,
    failedUpdate: undefined,
    transaction: request.transaction,
  };
  return accepted('create', 'resource', resource, undefined, request);
}

function admitUpdate(request: MutatingRequest, context: AdmissionContext): Admission {
  const there = find(request, 'deployment', context);
  if ('status' in there) return there;
  if (!request.body) return refused(400, 'the body is not a well-formed document');
  if (context.isBusy(there.id) || there.state.is === 'in-progress' || there.state.is === 'error') {
    return refused(409, `deployment ${there.id} is not in a state to be updated`);
  }
  // Cisco: a retry of the same update after it failed is not honoured (esc.md 1.8).
  if (there.failedUpdate === digest(request.rawBody)) {
    return context.profiles.retriedFailedUpdate === 'ignored'
      ? { is: 'no-effect', resource: there }
      : refused(409, `the same update of ${there.id} has failed before`);
  }
  const groups = elementsNamed(request.body, 'vm_group').map(
    (group, index) => textsOf(group).name ?? `group${index + 1}`,
  );
  const machines = groups.map(
    (group) => there.machines.find((each) => each.group === group) ?? machineOf(there.id, group),
  );
  const changed: Resource = {
    ...there,
    content: { ...there.content, ...request.body },
    machines: groups.length > 0 ? machines : there.machines,
    eventsUrl: request.eventsUrl ?? there.eventsUrl,
    transaction: request.transaction,
  };
  return accepted('update', 'resource', changed, there, request);
}

function admitDelete(request: MutatingRequest, type: ResourceType, context: AdmissionContext): Admission {
  const there = find(request, type, context);
  if ('status' in there) return there;
  if (there.id === adminTenant) return refused(409, 'the admin tenant cannot be deleted');
  if (context.isBusy(there.id)) return refused(409, `an operation on ${there.id} is in progress`);
  if (context.store.hasDependents(there)) return refused(409, `${type} ${there.id} is in use`);
  return accepted('delete', 'resource', there, there, request);
}

function admitOperation(request: MutatingRequest, context: AdmissionContext): Admission {
  if (request.callback === undefined) return refused(400, 'the header Callback is missing');
  if (!request.body) return refused(400, 'the body is not a well-formed document');
  const texts = textsOf(request.body);
  const verb = operations[(texts.operation ?? texts.action ?? '').toUpperCase()];
  const { machine } = request.route.parameters;
  if (!verb || (verb === 'recover' && machine === undefined)) return refused(400, 'the operation is not known');
  const there = machine === undefined ? find(request, 'deployment', context) : findByMachine(machine, request, context);
  if ('status' in there) return there;
  if (context.isBusy(there.id) || there.state.is === 'in-progress') {
    return refused(409, `an operation on ${there.id} is in progress`);
  }
  return accepted(verb, machine === undefined ? 'service' : 'vm', there, there, request);
}

function find(request: MutatingRequest, type: ResourceType, { store }: AdmissionContext): Resource | Refusal {
  const { parameters } = request.route;
  return store.find(type, parameters) ?? refused(404, `${type} ${parameters.id} not found`);
}

function findByMachine(machine: string, request: MutatingRequest, { store }: AdmissionContext): Resource | Refusal {
  const found = store
    .list('deployment', request.route.parameters.tenant)
    .find((row) => row.machines.some((each) => each.name === machine));
  return found ?? refused(404, `VM ${machine} not found`);
}

/** The tenant a resource belongs to: from the path, else named in the body, else the built-in one. */
function tenantOf(request: MutatingRequest, type: ResourceType, id: string): string {
  if (type === 'tenant') return id;
  const texts = request.body ? textsOf(request.body) : {};
  return request.route.parameters.tenant ?? texts.internal_tenant_id ?? texts.tenant ?? adminTenant;
}

function machineOf(deployment: string, group: string): { name: string; group: string; uuid: string } {
  return { name: `${deployment}_${group}_0`, group, uuid: randomUUID() };
}

function accepted(
  verb: Verb,
  scope: Operation['scope'],
  row: Resource,
  before: Resource | undefined,
  request: MutatingRequest,
): Admission {
  const was = before?.state;
  const held = was?.is === 'in-progress' ? was.before : was?.is;
  const resource: Resource = { ...row, state: { is: 'in-progress', verb, before: held } };
  const { machine } = request.route.parameters;
  return { is: 'accepted', operation: { verb, scope, resource, before, machine, rawBody: request.rawBody } };
}

type Refusal = Extract<Admission, { is: 'refused' }>;

function refused(status: Refusal['status'], message: string): Refusal {
  return { is: 'refused', status, message };
}

/** What tells two update bodies apart. */
export function digest(body: string): string {
  return createHash('sha256').update(body).digest('base64');
}
