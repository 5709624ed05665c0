// Callbacks of the simulated pair: sequences, headers, at most once, profiles (reference/esc.md 2; 10, items 16 to 20).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deploymentXml, operationXml, Receiver, settle, startWorld, tenantXml, until } from './support.ts';

test('a callback bears the transaction id, the status and the resource, and comes from the node’s own address', async () => {
  await using world = await startWorld();
  await using receiver = await Receiver.start();
  const answer = await world.call('POST', '/tenants/t', { body: tenantXml, headers: { callback: receiver.url } });
  await until(() => receiver.got.length === 1);
  const [callback] = receiver.got;
  assert.equal(callback?.headers['esc-transaction-id'], answer.headers['esc-transaction-id']);
  assert.equal(callback?.headers['esc-status-code'], '200');
  assert.ok(callback?.headers['esc-status-message']);
  assert.match(callback?.body ?? '', /<internal_tenant_id>t<.*<event_type>CREATE_TENANT</s);
  assert.equal(callback?.from, world.pair.activeNode);
});

test('without a Callback header there is none', async () => {
  await using world = await startWorld();
  await world.make('/tenants/t', tenantXml);
  assert.deepEqual(world.effects(), ['created t']);
});

test('the events of each operation come in order, the terminal one last', async () => {
  await using world = await startWorld();
  await using receiver = await Receiver.start();
  const headers = { callback: receiver.url };
  const run = async (method: string, path: string, body: string | undefined, last: string): Promise<string[]> => {
    const before = receiver.got.length;
    const answer = await world.call(method, path, { headers, ...(body === undefined ? {} : { body }) });
    assert.equal(answer.status, 200, answer.body);
    await until(() => receiver.got.length > before && receiver.events().at(-1) === last);
    const got = receiver.got.slice(before);
    assert.ok(got.every((each) => each.headers['esc-transaction-id'] === answer.headers['esc-transaction-id']));
    return got.map(({ event }) => event);
  };
  const path = '/deployments/d';
  const deployed = ['VM_DEPLOYED', 'VM_DEPLOYED', 'VM_ALIVE', 'VM_ALIVE', 'SERVICE_ALIVE'];
  assert.deepEqual(await run('POST', path, deploymentXml, 'SERVICE_ALIVE'), deployed);
  const updated = ['VM_UPDATED', 'VM_UPDATED', 'SERVICE_UPDATED'];
  assert.deepEqual(await run('PUT', path, deploymentXml, 'SERVICE_UPDATED'), updated);
  const service = '/deployments/service/d';
  const machine = '/deployments/vm/d_b_0';
  const stopped = ['VM_STOPPED', 'VM_STOPPED', 'SERVICE_STOPPED'];
  assert.deepEqual(await run('POST', service, operationXml('STOP'), 'SERVICE_STOPPED'), stopped);
  const started = ['VM_STARTED', 'VM_STARTED', 'VM_ALIVE', 'VM_ALIVE', 'SERVICE_ALIVE'];
  assert.deepEqual(await run('POST', service, operationXml('START'), 'SERVICE_ALIVE'), started);
  assert.deepEqual(await run('POST', machine, operationXml('REBOOT'), 'VM_ALIVE'), ['VM_REBOOTED', 'VM_ALIVE']);
  assert.deepEqual(await run('POST', machine, operationXml('ENABLE_MONITOR'), 'VM_MONITOR_SET'), ['VM_MONITOR_SET']);
  const undeployed = ['VM_UNDEPLOYED', 'VM_UNDEPLOYED', 'SERVICE_UNDEPLOYED'];
  assert.deepEqual(await run('DELETE', path, undefined, 'SERVICE_UNDEPLOYED'), undeployed);
});

test('a recovery inside a deployment has its events before the VM is alive, and another VM id', async () => {
  await using world = await startWorld();
  await using receiver = await Receiver.start();
  world.pair.inject({ fault: 'recovery' });
  await world.call('POST', '/deployments/d', { body: deploymentXml, headers: { callback: receiver.url } });
  await until(() => receiver.events().at(-1) === 'SERVICE_ALIVE');
  const events = receiver.events();
  assert.ok(events.indexOf('VM_RECOVERY_COMPLETE') > events.indexOf('VM_DEPLOYED'));
  assert.ok(events.indexOf('VM_RECOVERY_COMPLETE') < events.indexOf('VM_ALIVE'));
  const recovered = receiver.got.find(({ event }) => event === 'VM_RECOVERY_COMPLETE')?.body ?? '';
  const ids = [...recovered.matchAll(/<vmid>(.*?)</g)].map(([, id]) => id);
  assert.notEqual(ids[0], ids[1]);
  assert.ok((await world.call('GET', '/deployments/d')).body.includes(`<vm_uuid>${ids[1]}<`));
});

test('unsolicited events go to Callback-ESC-Events, else to Callback', async () => {
  await using world = await startWorld();
  await using completions = await Receiver.start();
  await using events = await Receiver.start();
  await world.make('/deployments/d', deploymentXml, { callback: completions.url, 'callback-esc-events': events.url });
  await world.make('/deployments/e', deploymentXml, { callback: completions.url });
  await until(() => completions.got.length === 10);
  assert.equal(await world.pair.recoverMachine('d', 'a'), true);
  assert.equal(await world.pair.recoverMachine('e', 'a'), true);
  assert.equal(await world.pair.recoverMachine('e', 'none'), false);
  assert.equal(events.events().at(-1), 'VM_RECOVERY_COMPLETE');
  assert.equal(events.got.length, 4);
  assert.equal(completions.got.length, 14);
});

test('a callback is sent once only, whatever its receiver answers', async () => {
  await using world = await startWorld();
  await using receiver = await Receiver.start();
  receiver.answer = 500;
  await world.make('/tenants/t', tenantXml, { callback: receiver.url });
  await world.make('/tenants/u', tenantXml, { callback: 'http://127.0.0.1:1/nobody' });
  await until(() => receiver.got.length === 1);
  await settle();
  assert.equal(receiver.got.length, 1);
});

test('profiles: retries, copies and reversed order', async () => {
  const profiles = { callbackRetries: 2, callbackCopies: 2, callbackOrder: 'reversed' } as const;
  await using world = await startWorld({ profiles });
  await using receiver = await Receiver.start();
  receiver.answer = 500;
  await world.make('/deployments/d', '<deployment/>', { callback: receiver.url });
  await until(() => receiver.got.length === 6);
  receiver.answer = 200;
  receiver.got.length = 0;
  await world.make('/deployments/e', deploymentXml, { callback: receiver.url });
  await until(() => receiver.got.length === 10);
  assert.deepEqual(receiver.events().slice(0, 2), ['SERVICE_ALIVE', 'SERVICE_ALIVE']);
});

for (const callbackAfterSwitchover of ['lost', 'late'] as const) {
  test(`callbacks that a switchover caught in the queue are ${callbackAfterSwitchover}`, async () => {
    await using world = await startWorld({ profiles: { callbackAfterSwitchover } });
    await using receiver = await Receiver.start();
    world.pair.crashAt('before-callback');
    await world.make('/tenants/t', tenantXml, { callback: receiver.url });
    await world.pair.ready();
    if (callbackAfterSwitchover === 'late') await until(() => receiver.got.length > 0);
    await settle();
    assert.equal(receiver.got.length, callbackAfterSwitchover === 'late' ? 1 : 0);
  });
}
