/**
 * The operations of ESC's REST as a table for the tests of completion: how each is asked for, what it needs to be there,
 * and which event ends it (esc.md section 2.3). It sends nothing.
 */
import { adminTenant } from '../../src/sim/resources.ts';

export interface Operation {
  /** For the name of a test or cell. */
  readonly name: string;
  readonly kind: 'create' | 'update' | 'delete' | 'action';
  readonly method: 'POST' | 'PUT' | 'DELETE';
  readonly path: (id: string) => string;
  readonly body: ((id: string) => string) | undefined;
  /** The event that ends it. */
  readonly ends: string;
  /** The create that makes what it works on; null: it is a create itself. */
  readonly subject: Operation | null;
  /** Whether doing it twice is the same as doing it once (R17). */
  readonly isRepeatable: boolean;
}

const base = '/ESCManager/v0';
const namespace = 'xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"';
/** What stands in every world before the first operation. */
export const network = 'lan';

const simple = (root: string, more = '') => {
  return (id: string): string => `<${root} ${namespace}><name>${id}</name>${more}</${root}>`;
};

export const deploymentBody =
  (bootSeconds: number) =>
  (id: string): string =>
    `<deployment ${namespace}><name>${id}</name><vm_group><name>g1</name><image>img</image><flavor>flv</flavor>` +
    `<bootup_time>${bootSeconds}</bootup_time></vm_group><vm_group><name>g2</name><image>img</image>` +
    `<flavor>flv</flavor><bootup_time>${bootSeconds}</bootup_time></vm_group></deployment>`;

interface Kind {
  readonly type: string;
  readonly path: (id: string) => string;
  readonly body: (id: string) => string;
  readonly ends: readonly [created: string, deleted: string];
}

const kinds: readonly Kind[] = [
  {
    type: 'tenant',
    path: (id) => `${base}/tenants/${id}`,
    body: simple('tenant'),
    ends: ['CREATE_TENANT', 'DELETE_TENANT'],
  },
  {
    type: 'network',
    path: (id) => `${base}/${adminTenant}/networks/${id}`,
    body: simple('network', '<shared>false</shared>'),
    ends: ['CREATE_NETWORK', 'DELETE_NETWORK'],
  },
  {
    type: 'subnet',
    path: (id) => `${base}/${adminTenant}/networks/${network}/subnets/${id}`,
    body: simple('subnet', '<ipversion>ipv4</ipversion><address>192.0.2.0</address>'),
    ends: ['CREATE_SUBNET', 'DELETE_SUBNET'],
  },
  {
    type: 'image',
    path: (id) => `${base}/images/${id}`,
    body: simple('image', '<src>http://192.0.2.9/image.qcow2</src>'),
    ends: ['CREATE_IMAGE', 'DELETE_IMAGE'],
  },
  {
    type: 'flavor',
    path: (id) => `${base}/flavors/${id}`,
    body: simple('flavor', '<vcpus>2</vcpus>'),
    ends: ['CREATE_FLAVOR', 'DELETE_FLAVOR'],
  },
  {
    type: 'volume',
    path: (id) => `${base}/${adminTenant}/volumes/${id}`,
    body: simple('volume', '<size>10</size>'),
    ends: ['CREATE_VOLUME', 'DELETE_VOLUME'],
  },
  {
    type: 'deployment',
    path: (id) => `${base}/${adminTenant}/deployments/${id}`,
    body: deploymentBody(60),
    ends: ['SERVICE_ALIVE', 'SERVICE_UNDEPLOYED'],
  },
];

const pairOf = ({ type, path, body, ends }: Kind): [Operation, Operation] => {
  const create: Operation = {
    name: `create a ${type}`,
    kind: 'create',
    method: 'POST',
    path,
    body,
    ends: ends[0],
    subject: null,
    isRepeatable: false,
  };
  const remove: Operation = {
    ...create,
    name: `delete a ${type}`,
    kind: 'delete',
    method: 'DELETE',
    body: undefined,
    ends: ends[1],
    subject: create,
  };
  return [create, remove];
};

const createsAndDeletes = kinds.flatMap(pairOf);

export function operationNamed(name: string): Operation {
  const found = operations.find((operation) => operation.name === name);
  if (found === undefined) throw new Error(`there is no operation called ${name}`);
  return found;
}

const deploymentCreate = createsAndDeletes.find(({ name }) => name === 'create a deployment') as Operation;

const update: Operation = {
  ...deploymentCreate,
  name: 'update a deployment',
  kind: 'update',
  method: 'PUT',
  body: deploymentBody(90),
  ends: 'SERVICE_UPDATED',
  subject: deploymentCreate,
};

const actionBody = (action: string) => (): string =>
  `<service_operation ${namespace}><operation>${action}</operation></service_operation>`;

const action = (of: 'service' | 'vm', name: string, ends: string, isRepeatable: boolean): Operation => ({
  name: `${name} a ${of}`,
  kind: 'action',
  method: 'POST',
  path: (id) => `${base}/${adminTenant}/deployments/${of}/${of === 'vm' ? `${id}_g1_0` : id}`,
  body: actionBody(name),
  ends,
  subject: deploymentCreate,
  isRepeatable,
});

export const operations: readonly Operation[] = [
  ...createsAndDeletes,
  update,
  action('service', 'START', 'SERVICE_ALIVE', true),
  action('service', 'STOP', 'SERVICE_STOPPED', true),
  action('service', 'ENABLE_MONITOR', 'SERVICE_ALIVE', true),
  action('service', 'DISABLE_MONITOR', 'SERVICE_STOPPED', true),
  action('service', 'REBOOT', 'SERVICE_ALIVE', false),
  action('vm', 'START', 'VM_ALIVE', true),
  action('vm', 'STOP', 'VM_STOPPED', true),
  action('vm', 'ENABLE_MONITOR', 'VM_MONITOR_SET', true),
  action('vm', 'DISABLE_MONITOR', 'VM_MONITOR_UNSET', true),
  action('vm', 'REBOOT', 'VM_ALIVE', false),
  action('vm', 'DO', 'VM_RECOVERY_COMPLETE', false),
];
