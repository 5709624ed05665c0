// Which report is the last word of which operation (esc.md section 2.3).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  isKnownEventType,
  type ReportedOperation,
  readTerminal,
  terminalEventOf,
  terminalEvents,
} from '../../src/esc/events.ts';
import { northbound, operationsOf } from './documents.ts';

const deploy: ReportedOperation = { resourceType: 'deployments', kind: 'create', action: null };
const service = (action: string | null): ReportedOperation => ({ resourceType: 'deployments', kind: 'action', action });
const machine = (action: string | null): ReportedOperation => ({ resourceType: 'vms', kind: 'action', action });

for (const [what, operation, eventType, status, expected] of [
  [
    'a tenant that was made',
    { resourceType: 'tenants', kind: 'create', action: null },
    'CREATE_TENANT',
    'success',
    'success',
  ],
  [
    'a subnet that could not be deleted',
    { resourceType: 'subnets', kind: 'delete', action: null },
    'DELETE_SUBNET',
    'failure',
    'failure',
  ],
  [
    'another kind of the same resource',
    { resourceType: 'subnets', kind: 'create', action: null },
    'DELETE_SUBNET',
    'success',
    null,
  ],
  ['a deployment in service', deploy, 'SERVICE_ALIVE', 'success', 'success'],
  ['a deployment that failed', deploy, 'SERVICE_ALIVE', 'failure', 'failure'],
  ['a VM of a deployment that failed, whose siblings still run', deploy, 'VM_DEPLOYED', 'failure', null],
  ['a VM of a deployment that is up', deploy, 'VM_ALIVE', 'success', null],
  ['a network within a deployment', deploy, 'CREATE_NETWORK', 'failure', null],
  ['a recovery within a deployment', deploy, 'VM_RECOVERY_COMPLETE', 'failure', null],
  ['a cancelled recovery within a deployment', deploy, 'VM_RECOVERY_CANCELLED', 'success', null],
  ['scaling', deploy, 'VM_SCALE_OUT_COMPLETE', 'success', null],
  ['an unknown type', deploy, 'SERVICE_TELEPORTED', 'failure', null],
  ['no type', deploy, null, 'failure', null],
  ['the last event without a status', deploy, 'SERVICE_ALIVE', null, null],
  ['another spelling', deploy, ' service-alive ', 'success', 'success'],
  ['a service stop, as recalled', service('STOP'), 'SERVICE_STOPPED', 'success', 'success'],
  ['a service stop, if it were like the start', service('STOP'), 'SERVICE_ALIVE', 'failure', 'failure'],
  ['a VM of a stopped service', service('STOP'), 'VM_STOPPED', 'success', null],
  ['a VM of a started service that failed', service('START'), 'VM_STARTED', 'failure', null],
  ['a VM that started and is not up yet', machine('START'), 'VM_STARTED', 'success', null],
  ['a VM that did not start', machine('START'), 'VM_STARTED', 'failure', 'failure'],
  ['a VM that is up', machine('START'), 'VM_ALIVE', 'success', 'success'],
  ['a VM that did not come up', machine('REBOOT'), 'VM_ALIVE', 'failure', 'failure'],
  ['a VM that stopped', machine('STOP'), 'VM_STOPPED', 'success', 'success'],
  ['a monitor that was set', machine('ENABLE_MONITOR'), 'VM_MONITOR_SET', 'success', 'success'],
  ['a recovery that was asked for', machine('DO'), 'VM_RECOVERY_COMPLETE', 'success', 'success'],
  ['a recovery that was cancelled', machine('DO'), 'VM_RECOVERY_CANCELLED', 'success', 'failure'],
  ['an action that nobody knows', machine('DANCE'), 'VM_ALIVE', 'success', null],
  ['an action without a name', service(null), 'SERVICE_ALIVE', 'success', null],
  [
    'a request that the catalogue does not know',
    { resourceType: 'other', kind: 'other', action: null },
    'SERVICE_ALIVE',
    'success',
    null,
  ],
] as const) {
  test(`${what} is ${expected ?? 'not the last word'}`, () => {
    assert.equal(readTerminal(operation, { eventType, status }), expected);
  });
}

test('every operation of the catalogue that ESC reports has an event that ends it', () => {
  let seen = 0;
  for (const { operation } of operationsOf(northbound())) {
    const extension = operation['x-northgate'];
    if (extension?.ack !== 'report') continue;
    const actions = Object.keys(extension.actions ?? {});
    for (const action of actions.length > 0 ? actions : [null]) {
      const found = terminalEventOf({
        resourceType: extension.resource,
        kind: extension.kind as ReportedOperation['kind'],
        action,
      });
      assert.notEqual(found, null, `${operation.operationId} ${action}`);
      seen += 1;
    }
  }
  assert.ok(seen > 30, `${seen} operations`);
});

test('no two rows are for one operation', () => {
  const keys = terminalEvents.map(({ resourceType, kind, action }) => `${resourceType} ${kind} ${action}`);
  assert.equal(new Set(keys).size, keys.length);
});

test('what ESC is known to report is known, and only that', () => {
  for (const type of ['VM_DEPLOYED', 'vm_scale_in_complete', 'VM_RECOVERY_INIT', 'SERVICE_STOPPED', 'CREATE_FLAVOR']) {
    assert.equal(isKnownEventType(type), true, type);
  }
  for (const type of ['SERVICE_TELEPORTED', '', 'constructor']) assert.equal(isKnownEventType(type), false, type);
});

test('whatever type and operation come, reading them does not throw and guesses nothing', () => {
  const operation = fc.record({
    resourceType: fc.oneof(fc.constantFrom('deployments', 'vms', 'tenants'), fc.string()),
    kind: fc.constantFrom<ReportedOperation['kind']>('create', 'update', 'delete', 'action', 'other'),
    action: fc.option(fc.oneof(fc.constantFrom('START', 'DO'), fc.string())),
  });
  fc.assert(
    fc.property(operation, fc.string(), fc.constantFrom('success', 'failure', null), (each, eventType, status) => {
      if (!isKnownEventType(eventType)) assert.equal(readTerminal(each, { eventType, status }), null);
    }),
  );
});
