// The readers of reports and resources, held against what the simulated pair really sends.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareContent } from '../../src/esc/content.ts';
import { isKnownEventType, type ReportedOperation, readTerminal } from '../../src/esc/events.ts';
import { madeUpReport } from '../../src/esc/made-up.ts';
import { readReport } from '../../src/esc/reports.ts';
import type { Profiles } from '../../src/sim/profiles.ts';
import { deploymentXml, networkXml, operationXml, Receiver, startWorld, tenantXml, until } from '../sim/support.ts';
import { bytes } from './documents.ts';

const flat = (headers: NodeJS.Dict<string | string[]>): string[] =>
  Object.entries(headers).flatMap(([name, value]) => [name, String(value)]);
const of = (
  resourceType: string,
  kind: ReportedOperation['kind'],
  action: string | null = null,
): ReportedOperation => ({
  resourceType,
  kind,
  action,
});

const service = '/deployments/service/d';
const machine = '/deployments/vm/d_b_0';
const actions = ['STOP', 'START', 'REBOOT', 'DISABLE_MONITOR', 'ENABLE_MONITOR'] as const;
/** A life of the catalogue's resources, each operation once. */
const story: readonly (readonly [method: string, path: string, body: string | undefined, ReportedOperation])[] = [
  ['POST', '/tenants/t', tenantXml, of('tenants', 'create')],
  ['POST', '/t/networks/n', networkXml, of('networks', 'create')],
  ['POST', '/t/networks/n/subnets/s', '<subnet><name>s</name></subnet>', of('subnets', 'create')],
  ['POST', '/images/i', '<image><name>i</name></image>', of('images', 'create')],
  ['POST', '/flavors/f', '<flavor><name>f</name></flavor>', of('flavors', 'create')],
  ['POST', '/t/volumes/v', '<volume><name>v</name></volume>', of('volumes', 'create')],
  ['POST', '/deployments/d', deploymentXml, of('deployments', 'create')],
  ['PUT', '/deployments/d', deploymentXml, of('deployments', 'update')],
  ...actions.map((each) => ['POST', service, operationXml(each), of('deployments', 'action', each)] as const),
  ...[...actions, 'DO'].map((each) => ['POST', machine, operationXml(each), of('vms', 'action', each)] as const),
  ['DELETE', '/deployments/d', undefined, of('deployments', 'delete')],
  ['DELETE', '/t/volumes/v', undefined, of('volumes', 'delete')],
  ['DELETE', '/flavors/f', undefined, of('flavors', 'delete')],
  ['DELETE', '/images/i', undefined, of('images', 'delete')],
  ['DELETE', '/t/networks/n/subnets/s', undefined, of('subnets', 'delete')],
  ['DELETE', '/t/networks/n', undefined, of('networks', 'delete')],
  ['DELETE', '/tenants/t', undefined, of('tenants', 'delete')],
];

for (const transactionHeader of [
  'esc-transaction-id',
  'ESC_TRANSACTION_ID',
] as const satisfies Profiles['transactionHeader'][]) {
  test(`the last report of every operation, and no other, ends it, with ${transactionHeader}`, async () => {
    await using world = await startWorld({ profiles: { transactionHeader } });
    await using receiver = await Receiver.start();
    for (const [method, path, body, operation] of story) {
      const what = `${method} ${path} ${body ?? ''}`;
      const before = receiver.got.length;
      const headers = { callback: receiver.url };
      const answer = await world.call(method, path, { headers, ...(body === undefined ? {} : { body }) });
      assert.equal(answer.status, 200, `${what}: ${answer.body}`);
      const readings = () => receiver.got.slice(before).map((each) => readReport(flat(each.headers), bytes(each.body)));
      await until(() => readings().some((each) => readTerminal(operation, each) !== null));
      await until(() => world.pair.resources().every(({ state }) => state.is !== 'in-progress'));
      const got = readings();
      assert.deepEqual(
        got.map((each) => readTerminal(operation, each)),
        got.map((_, index) => (index === got.length - 1 ? 'success' : null)),
        `${what}: ${got.map(({ eventType }) => eventType)}`,
      );
      for (const each of got) {
        assert.equal(each.escTransactionId, answer.headers[transactionHeader.toLowerCase()], what);
        assert.ok(isKnownEventType(each.eventType ?? ''), what);
        assert.equal(each.vm !== null, each.eventType?.startsWith('VM_'), what);
      }
    }
  });
}

for (const [what, setUp, method, path, body, operation] of [
  ['create', [], 'POST', '/tenants/t', tenantXml, of('tenants', 'create')],
  ['deployment', [], 'POST', '/deployments/d', deploymentXml, of('deployments', 'create')],
  ['update', ['/deployments/d'], 'PUT', '/deployments/d', deploymentXml, of('deployments', 'update')],
  ['undeploy', ['/deployments/d'], 'DELETE', '/deployments/d', undefined, of('deployments', 'delete')],
  ['service stop', ['/deployments/d'], 'POST', service, operationXml('STOP'), of('deployments', 'action', 'STOP')],
  ['VM start', ['/deployments/d'], 'POST', machine, operationXml('START'), of('vms', 'action', 'START')],
  ['VM reboot', ['/deployments/d'], 'POST', machine, operationXml('REBOOT'), of('vms', 'action', 'REBOOT')],
  ['recovery', ['/deployments/d'], 'POST', machine, operationXml('DO'), of('vms', 'action', 'DO')],
] as const) {
  test(`a ${what} that fails is ended by one report of failure, the last`, async () => {
    await using world = await startWorld();
    await using receiver = await Receiver.start();
    for (const each of setUp) await world.make(each, deploymentXml);
    world.pair.inject({ fault: 'work-failure', message: 'no room' });
    await world.call(method, path, { headers: { callback: receiver.url }, ...(body === undefined ? {} : { body }) });
    const readings = () => receiver.got.map((each) => readReport(flat(each.headers), bytes(each.body)));
    await until(() => readings().some((each) => readTerminal(operation, each) !== null));
    const got = readings();
    assert.deepEqual(
      got.map((each) => readTerminal(operation, each)),
      got.map((_, index) => (index === got.length - 1 ? 'failure' : null)),
    );
    assert.equal(got.at(-1)?.message, 'no room');
  });
}

test('R15, R16: a resource is what its request asked for, until an update asks for more', async () => {
  await using world = await startWorld();
  await world.make('/tenants/t', tenantXml);
  await world.make('/deployments/d', deploymentXml);
  const look = async (path: string) => bytes((await world.call('GET', path)).body);
  assert.equal(compareContent(bytes(tenantXml), await look('/tenants/t')), 'equal');
  const deployed = await look('/deployments/d');
  assert.equal(compareContent(bytes(deploymentXml), deployed), 'equal');
  for (const update of [
    deploymentXml.replace('</deployment>', '<vm_group><name>c</name></vm_group></deployment>'),
    deploymentXml.replace('<name>b</name>', '<name>b</name><bootup_time>60</bootup_time>'),
    deploymentXml.replace('<vm_group><name>b</name></vm_group>', ''),
  ]) {
    assert.notEqual(compareContent(bytes(update), deployed), 'equal', update);
  }
});

test('a made-up completion reads like the one that ESC sends', async () => {
  await using world = await startWorld();
  await using receiver = await Receiver.start();
  const answer = await world.make('/tenants/t', tenantXml, { callback: receiver.url });
  await until(() => receiver.got.length === 1);
  const [own] = receiver.got;
  const look = await world.call('GET', '/tenants/t');
  const madeUp = madeUpReport({
    place: { lane: 'tenants/t', ancestors: [], resourceType: 'tenants' },
    kind: 'create',
    action: null,
    escTransactionId: String(answer.headers['esc-transaction-id']),
    status: { code: 200, message: own?.headers['esc-status-message']?.toString() ?? '' },
    look: { contentType: String(look.headers['content-type']), body: bytes(look.body) },
  });
  assert.deepEqual(
    readReport(madeUp.headers, madeUp.body),
    readReport(flat(own?.headers ?? {}), bytes(own?.body ?? '')),
  );
  assert.equal(compareContent(bytes(tenantXml), madeUp.body), 'equal');
});
