/**
 * ESC's event types, and which of them ends which operation (esc.md sections 2.2 and 2.3), as data.
 * Invariant: an event that is not in an operation's row never ends it, so a recovery within a deployment, a VM that is up or a
 * type that nobody knows settles nothing; such reports are relayed all the same. What settles then is a look at the resource.
 */
import type { OperationKind } from '../domain/transaction.ts';

/** What tells the rows apart. */
export interface ReportedOperation {
  /** In the plural as in ESC's paths, as `Place.resourceType` has it. */
  readonly resourceType: string;
  readonly kind: OperationKind;
  /** What the body of a service or VM operation names, as `operationOf` reads it; null for all others. */
  readonly action: string | null;
}

interface Row extends ReportedOperation {
  /** Any of these ends it, well or badly. The first is what a made-up report bears. */
  readonly ends: readonly string[];
  /** A failure of one of these ends it too; its success is a step on the way. */
  readonly failsBy?: readonly string[];
  /** Ends it badly, whatever its status says. */
  readonly cancelledBy?: readonly string[];
}

/** The single event of a create or delete. DELETE_ of tenant, image and flavor, and both of a volume, are inferred by symmetry. */
const simpleTypes: readonly (readonly [resourceType: string, suffix: string])[] = [
  ['tenants', 'TENANT'],
  ['networks', 'NETWORK'],
  ['subnets', 'SUBNET'],
  ['images', 'IMAGE'],
  ['flavors', 'FLAVOR'],
  ['volumes', 'VOLUME'],
];

const simpleRows: readonly Row[] = simpleTypes.flatMap(([resourceType, suffix]): Row[] => [
  { resourceType, kind: 'create', action: null, ends: [`CREATE_${suffix}`] },
  { resourceType, kind: 'delete', action: null, ends: [`DELETE_${suffix}`] },
]);

/**
 * Of a whole deployment only the service event ends anything: a VM_DEPLOYED that failed, or a network of the deployment that
 * could not be made, aborts the deploy only after its running siblings have ended, and SERVICE_ALIVE FAILURE is the last
 * word (documented). What ends a STOP or a DISABLE_MONITOR is not known: "one service-level event", SERVICE_STOPPED is recalled; the
 * others are variants, harmless because a report is found by the token of this very operation.
 */
const serviceRows: readonly Row[] = [
  { kind: 'create' as const, action: null, ends: ['SERVICE_ALIVE'] },
  { kind: 'update' as const, action: null, ends: ['SERVICE_UPDATED'] },
  { kind: 'delete' as const, action: null, ends: ['SERVICE_UNDEPLOYED'] },
  { kind: 'action' as const, action: 'START', ends: ['SERVICE_ALIVE', 'SERVICE_STARTED'] },
  { kind: 'action' as const, action: 'REBOOT', ends: ['SERVICE_ALIVE', 'SERVICE_REBOOTED'] },
  { kind: 'action' as const, action: 'ENABLE_MONITOR', ends: ['SERVICE_ALIVE', 'SERVICE_MONITOR_SET'] },
  { kind: 'action' as const, action: 'STOP', ends: ['SERVICE_STOPPED', 'SERVICE_INACTIVE', 'SERVICE_ALIVE'] },
  {
    kind: 'action' as const,
    action: 'DISABLE_MONITOR',
    ends: ['SERVICE_STOPPED', 'SERVICE_MONITOR_UNSET', 'SERVICE_ALIVE'],
  },
].map((row) => ({ ...row, resourceType: 'deployments' }));

const recovery: Pick<Row, 'ends' | 'cancelledBy'> = {
  ends: ['VM_RECOVERY_COMPLETE'],
  cancelledBy: ['VM_RECOVERY_CANCELLED'],
};

/** One VM has no service event after it, so the failure of its first step is the last word (documented for VM_STARTED). */
const machineRows: readonly Row[] = [
  { action: 'START', ends: ['VM_ALIVE'], failsBy: ['VM_STARTED'] },
  { action: 'REBOOT', ends: ['VM_ALIVE'], failsBy: ['VM_REBOOTED', 'VM_STARTED', 'VM_STOPPED'] },
  { action: 'STOP', ends: ['VM_STOPPED'] },
  { action: 'ENABLE_MONITOR', ends: ['VM_MONITOR_SET'] },
  { action: 'DISABLE_MONITOR', ends: ['VM_MONITOR_UNSET'] },
  // NETCONF calls a manual recovery DO (esc.md section 3); the value in REST is not known.
  { action: 'DO', ...recovery },
  { action: 'RECOVER', ...recovery },
  { action: 'RECOVERY', ...recovery },
].map((row) => ({ ...row, resourceType: 'vms', kind: 'action' as const }));

/** esc.md section 2.3, whole, as far as REST knows the operation. */
export const terminalEvents: readonly Row[] = [...simpleRows, ...serviceRows, ...machineRows];

/** Types that end nothing, or only what ESC began itself (esc.md section 2.2). */
const otherEventTypes: readonly string[] = [
  ...['SERVICE_REGISTRATION', 'SERVICE_UNREGISTRATION', 'VM_DEPLOYED', 'VM_UNDEPLOYED', 'VM_UPDATED'],
  ...['INIT', 'DEPLOYED', 'UNDEPLOYED', 'REBOOT'].map((step) => `VM_RECOVERY_${step}`),
  ...['INIT', 'DEPLOYED', 'COMPLETE'].map((step) => `VM_SCALE_OUT_${step}`),
  ...['INIT', 'COMPLETE'].map((step) => `VM_SCALE_IN_${step}`),
];

const eventTypes: ReadonlySet<string> = new Set([
  ...terminalEvents.flatMap(({ ends, failsBy = [], cancelledBy = [] }) => [...ends, ...failsBy, ...cancelledBy]),
  ...otherEventTypes,
]);

/** Types compare without case, and with `-` and blanks as `_`. */
const plainType = (type: string): string =>
  type
    .trim()
    .toUpperCase()
    .replace(/[\s-]+/g, '_');

/** Whether a type is one that ESC is known or believed to have. Another one is relayed like any other, and logged. */
export const isKnownEventType = (type: string): boolean => eventTypes.has(plainType(type));

const rowOf = ({ resourceType, kind, action }: ReportedOperation): Row | undefined =>
  terminalEvents.find(
    (row) => row.resourceType === resourceType && row.kind === kind && (kind !== 'action' || row.action === action),
  );

/** The type of the event that ends an operation, for a report that is made up; null where none is known. */
export const terminalEventOf = (operation: ReportedOperation): string | null => rowOf(operation)?.ends[0] ?? null;

/**
 * What a report says of its operation: `success` or `failure` if it is the last word, null if it is a step, another
 * matter, of an unknown type, or does not say how it went.
 */
export function readTerminal(
  operation: ReportedOperation,
  report: { readonly eventType: string | null; readonly status: 'success' | 'failure' | null },
): 'success' | 'failure' | null {
  const row = rowOf(operation);
  if (row === undefined || report.eventType === null) return null;
  const type = plainType(report.eventType);
  if (row.cancelledBy?.includes(type)) return 'failure';
  if (row.ends.includes(type)) return report.status;
  return report.status === 'failure' && row.failsBy?.includes(type) ? 'failure' : null;
}
