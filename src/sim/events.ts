// The events of an operation in their order (reference/esc.md 2.3), and how they and the resources are written.
// Pure. Events of different VMs interleave; a service event comes last. Sending is callbacks.ts.
import type { Operation } from './admission.ts';
import type { EffectKind } from './ledger.ts';
import type { Resource, ResourceType, Verb, VirtualMachine } from './resources.ts';
import type { Element } from './xml.ts';

export type EscEvent = {
  type: string;
  status: 'SUCCESS' | 'FAILURE';
  message: string;
  /** The VM it is about; undefined for an event of the whole resource, or where ESC leaves it out. */
  machine: VirtualMachine | undefined;
  /** The VM that took the place of `machine` after a recovery by redeploy. */
  successor: VirtualMachine | undefined;
};

/** What may go otherwise than well in an operation's work. */
export type Mishap = {
  failure: string | undefined;
  recovered: { from: VirtualMachine; to: VirtualMachine } | undefined;
};

const machineEvents: Partial<Record<Verb, readonly string[]>> = {
  create: ['VM_DEPLOYED', 'VM_ALIVE'],
  delete: ['VM_UNDEPLOYED'],
  update: ['VM_UPDATED'],
  start: ['VM_STARTED', 'VM_ALIVE'],
  stop: ['VM_STOPPED'],
  reboot: ['VM_REBOOTED', 'VM_ALIVE'],
  'enable-monitor': ['VM_MONITOR_SET'],
  'disable-monitor': ['VM_MONITOR_UNSET'],
  recover: ['VM_RECOVERY_INIT', 'VM_RECOVERY_REBOOT', 'VM_RECOVERY_COMPLETE'],
};

const serviceEvents: Partial<Record<Verb, string>> = {
  create: 'SERVICE_ALIVE',
  delete: 'SERVICE_UNDEPLOYED',
  update: 'SERVICE_UPDATED',
  start: 'SERVICE_ALIVE',
  reboot: 'SERVICE_ALIVE',
  'enable-monitor': 'SERVICE_ALIVE',
  // Recalled only, not documented (esc.md 2.2).
  stop: 'SERVICE_STOPPED',
  'disable-monitor': 'SERVICE_STOPPED',
};

/** The events of an operation, the terminal one last. */
export function eventsOf({ verb, scope, resource, machine }: Operation, mishap: Mishap): EscEvent[] {
  const { failure } = mishap;
  const last = (type: string): EscEvent => eventOf(type, failure);
  if (resource.type !== 'deployment') return [last(`${verb.toUpperCase()}_${resource.type.toUpperCase()}`)];
  const types = machineEvents[verb] ?? [];
  if (scope === 'vm') {
    const meant = resource.machines.filter((each) => each.name === machine);
    if (failure === undefined) return types.flatMap((type) => meant.map((each) => eventOf(type, undefined, each)));
    const failed = verb === 'recover' ? 'VM_RECOVERY_COMPLETE' : (types[0] ?? '');
    return [eventOf(failed, failure, meant[0])];
  }
  const service = last(serviceEvents[verb] ?? '');
  // ESC leaves the VM group out of a VM_DEPLOYED that failed (esc.md 2.3).
  if (failure !== undefined) return [...(verb === 'create' ? [eventOf('VM_DEPLOYED', failure)] : []), service];
  const recovery = mishap.recovered ? recoveryEvents(mishap.recovered.from, mishap.recovered.to) : [];
  const events: EscEvent[] = [];
  for (const [index, type] of types.entries()) {
    const order = index % 2 === 0 ? resource.machines : resource.machines.toReversed();
    if (index === 1) events.push(...recovery);
    for (const each of order) events.push(eventOf(type, undefined, each));
  }
  return [...events, service];
}

/** The events of a recovery by redeploy, after which the VM has another id. */
export function recoveryEvents(from: VirtualMachine, to: VirtualMachine): EscEvent[] {
  const steps = ['VM_RECOVERY_INIT', 'VM_RECOVERY_UNDEPLOYED', 'VM_RECOVERY_DEPLOYED', 'VM_RECOVERY_COMPLETE'];
  return steps.map((type) => ({ ...eventOf(type, undefined, from), successor: to }));
}

function eventOf(type: string, failure: string | undefined, machine?: VirtualMachine): EscEvent {
  return {
    type,
    status: failure === undefined ? 'SUCCESS' : 'FAILURE',
    message: failure ?? `${type} completed successfully.`,
    machine,
    successor: undefined,
  };
}

/** What an operation that goes well does on the VIM, in order: kind, type, id. */
export function effectsOf({
  verb,
  scope,
  resource,
  machine,
  before,
}: Operation): [EffectKind, ResourceType | 'vm', string][] {
  const idOf = (each: VirtualMachine): string => `${resource.id}/${each.group}`;
  const kinds: Partial<Record<Verb, EffectKind>> = {
    start: 'started',
    stop: 'stopped',
    reboot: 'rebooted',
    'enable-monitor': 'monitored',
    'disable-monitor': 'unmonitored',
    recover: 'recovered',
  };
  const kind = kinds[verb];
  if (kind) {
    const meant = scope === 'vm' ? resource.machines.filter((each) => each.name === machine) : resource.machines;
    return meant.map((each) => [kind, 'vm', idOf(each)]);
  }
  if (verb === 'update') {
    const was = before?.machines ?? [];
    const isIn = (list: readonly VirtualMachine[], each: VirtualMachine): boolean =>
      list.some((other) => other.group === each.group);
    return [
      ['updated', resource.type, resource.id],
      ...was.filter((each) => !isIn(resource.machines, each)).map((each) => ['deleted', 'vm', idOf(each)] as const),
      ...resource.machines.filter((each) => !isIn(was, each)).map((each) => ['created', 'vm', idOf(each)] as const),
    ].map(([each, type, id]) => [each, type, id] as [EffectKind, ResourceType | 'vm', string]);
  }
  const done: EffectKind = verb === 'delete' ? 'deleted' : 'created';
  return [
    [done, resource.type, resource.id],
    ...resource.machines.map((each) => [done, 'vm', idOf(each)] as [EffectKind, 'vm', string]),
  ];
}

/** The state element of a resource: `SERVICE_…_STATE` for deployments, `TENANT_…_STATE` and so on for the others. */
function stateText({ type, state }: Resource): string {
  const subject = type === 'deployment' ? 'SERVICE' : type.toUpperCase();
  return `${subject}_${stateWord(type, state)}_STATE`;
}

function stateWord(type: ResourceType, state: Resource['state']): string {
  if (state.is !== 'in-progress') return state.is.toUpperCase();
  // What is in error goes on saying so until it is gone: nothing of Cisco's says that it ends with the request.
  if (state.verb === 'delete' && state.before === 'error') return 'ERROR';
  const isDeployment = type === 'deployment';
  const words: Record<Verb, string> = {
    create: isDeployment ? 'DEPLOYING' : 'CREATING',
    delete: isDeployment ? 'UNDEPLOYING' : 'DELETING',
    update: 'UPDATING',
    start: 'STARTING',
    stop: 'STOPPING',
    reboot: 'REBOOTING',
    'enable-monitor': 'STARTING_MONITOR',
    'disable-monitor': 'STOPPING_MONITOR',
    recover: 'RECOVERING',
  };
  return words[state.verb];
}

/** A resource as ESC writes it, in an answer or a callback (reference/esc.md 1.7). */
export function describe(resource: Resource, showState: boolean): Element {
  const { type, id, tenant, network } = resource;
  if (type === 'deployment') {
    return {
      ...resource.content,
      internal_deployment_id: id,
      internal_tenant_id: tenant,
      external_deployment_id: resource.externalId,
      service_state_machine_state: stateText(resource),
      deployment_details: resource.machines.map((each) => ({
        vm_group: each.group,
        vm_name: each.name,
        vm_uuid: each.uuid,
        host_name: 'vim-host-1',
      })),
    };
  }
  return {
    ...resource.content,
    [`internal_${type}_id`]: id,
    [`external_${type}_id`]: resource.externalId,
    ...(type === 'image' || type === 'flavor' ? {} : { internal_tenant_id: tenant }),
    ...(network === undefined ? {} : { internal_network_id: network }),
    ...(showState ? { state: stateText(resource) } : {}),
  };
}

/** A callback's body: the resource with the event in it. */
export function describeEvent(event: EscEvent, resource: Resource): Element {
  const body: Element = {
    ...describe(resource, false),
    event_type: event.type,
    status: event.status,
    status_message: event.message,
  };
  const { machine, successor } = event;
  if (machine) {
    body.vm_group = machine.group;
    body.vm_name = machine.name;
    body.vm_source = { vmid: machine.uuid, hostname: 'vim-host-1' };
  }
  if (successor) body.vm_target = { vmid: successor.uuid, hostname: 'vim-host-1' };
  return body;
}
