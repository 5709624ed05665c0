// The REST northbound of the simulated pair: paths, codes, ids, bodies (reference/esc.md 1 and 10, items 7 to 15).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  deploymentXml,
  networkXml,
  operationXml,
  Receiver,
  startWorld,
  tenantXml,
  until,
  type World,
} from './support.ts';

async function statusOf(world: World, method: string, path: string, body?: string, headers = {}): Promise<number> {
  return (await world.call(method, path, { ...(body === undefined ? {} : { body }), headers })).status;
}

test('resources are created, read, listed and deleted, in XML of the netconf-base namespace', async () => {
  await using world = await startWorld();
  await world.make('/tenants/t1', tenantXml);
  await world.make('/t1/networks/n1', networkXml);
  await world.make('/t1/networks/n1/subnets/s1', '<subnet><name>s</name></subnet>');
  await world.make('/images/i1', '<image><name>i</name></image>');
  await world.make('/flavors/f1', '<flavor><vcpus>1</vcpus></flavor>');
  await world.make('/t1/volumes/v1', '<volume><name>v</name></volume>');
  await world.make('/t1/deployments/d1', deploymentXml);
  const read = await world.call('GET', '/t1/deployments/d1');
  assert.equal(read.headers['content-type'], 'application/xml');
  assert.match(read.body, /<deployment xmlns="urn:ietf:params:xml:ns:netconf:base:1.0">/);
  assert.match(read.body, /<service_state_machine_state>SERVICE_ACTIVE_STATE</);
  assert.match((await world.call('GET', '/tenants')).body, /<internal_tenant_id>t1</);
  assert.match((await world.call('GET', '/t1/networks/n1/subnets/s1')).body, /<state>SUBNET_ACTIVE_STATE</);
  assert.equal(await statusOf(world, 'GET', '/t1/networks/n1'), 200);
  assert.equal(await statusOf(world, 'GET', '/other/networks/n1'), 404, 'under its own tenant only');
  assert.equal(await statusOf(world, 'DELETE', '/t1/deployments/d1'), 200);
  await until(() => world.stateOf('d1') === undefined);
  assert.equal(await statusOf(world, 'DELETE', '/t1/deployments/d1'), 404, 'a second delete');
});

test('a deployment has two paths, with its tenant and without', async () => {
  await using world = await startWorld();
  await world.make('/tenants/t1', tenantXml);
  await world.make('/t1/deployments/d1', deploymentXml);
  assert.equal(await statusOf(world, 'GET', '/deployments/d1'), 200);
  const body = '<deployment><name>d</name><internal_tenant_id>t1</internal_tenant_id></deployment>';
  await world.make('/deployments/d2', body);
  assert.equal(await statusOf(world, 'GET', '/t1/deployments/d2'), 200);
  assert.equal(await statusOf(world, 'POST', '/deployments/d3', deploymentXml), 200, 'of the admin tenant');
});

test('what a resource stands on must be there: tenant of a deployment, network of a subnet', async () => {
  await using world = await startWorld();
  assert.equal(await statusOf(world, 'POST', '/t1/deployments/d1', deploymentXml), 404);
  assert.equal(await statusOf(world, 'POST', '/t1/networks/n1', networkXml), 404);
  await world.make('/tenants/t1', tenantXml);
  assert.equal(await statusOf(world, 'POST', '/t1/networks/n1/subnets/s1', '<subnet/>'), 404);
  await world.make('/t1/networks/n1', networkXml);
  assert.equal(await statusOf(world, 'DELETE', '/tenants/t1'), 409, 'in use');
});

test('an id is unique over all types, has 72 characters at most, and no tilde', async () => {
  await using world = await startWorld();
  await world.make('/tenants/one', tenantXml);
  assert.equal(await statusOf(world, 'POST', '/tenants/one', tenantXml), 409);
  const clash = await world.call('POST', '/images/one', { body: '<image/>' });
  assert.equal(clash.status, 409);
  assert.match(clash.body, /in use by another resource type/);
  assert.equal(await statusOf(world, 'POST', `/tenants/${'x'.repeat(72)}`, tenantXml), 200);
  assert.equal(await statusOf(world, 'POST', `/tenants/${'x'.repeat(73)}`, tenantXml), 400);
  assert.equal(await statusOf(world, 'POST', '/tenants/a~b', tenantXml), 400);
  assert.equal(await statusOf(world, 'POST', '/tenants/A-b.c_9', tenantXml), 200);
});

test('what makes no sense is refused: malformed XML, JSON, unknown paths and methods, too large a body', async () => {
  await using world = await startWorld({ limits: { bodyMaxBytes: 1000 } });
  assert.equal(await statusOf(world, 'POST', '/tenants/t', '<tenant>'), 400);
  assert.equal(await statusOf(world, 'POST', '/tenants/t'), 400);
  const withEntity = '<!DOCTYPE tenant [<!ENTITY e "x">]><tenant><name>&e;</name></tenant>';
  assert.equal(await statusOf(world, 'POST', '/tenants/t', withEntity), 400, 'a document type');
  assert.equal(await statusOf(world, 'POST', '/tenants/t', '{}', { 'content-type': 'application/json' }), 415);
  assert.equal(await statusOf(world, 'GET', '/nothing/here/at/all'), 404);
  assert.equal(await statusOf(world, 'PATCH', '/tenants/t', tenantXml), 405);
  assert.equal(await statusOf(world, 'PUT', '/tenants/t', tenantXml), 405);
  assert.equal(await statusOf(world, 'POST', '/tenants/t', 'x'.repeat(1001)), 413);
  assert.equal(world.pair.resources().length, 1, 'the admin tenant alone');
});

test('credentials are asked for if the pair has them, by REST and by health', async () => {
  await using world = await startWorld({ auth: { username: 'admin', password: 'secret' } });
  const authorization = `Basic ${Buffer.from('admin:secret').toString('base64')}`;
  assert.equal(await statusOf(world, 'GET', '/tenants'), 401);
  assert.equal(await statusOf(world, 'GET', '/tenants', undefined, { authorization }), 200);
  assert.equal((await world.health()).status, 401);
  assert.equal((await world.health({ headers: { authorization } })).status, 200);
});

test('every request gets a transaction id of its own, in the spelling and with the code of the profile', async () => {
  const spellings = ['esc-transaction-id', 'ESC-Transaction-Id', 'ESC_TRANSACTION_ID'] as const;
  for (const [index, transactionHeader] of spellings.entries()) {
    const acceptedStatus = ([200, 201, 202] as const)[index] ?? 200;
    await using world = await startWorld({ profiles: { transactionHeader, acceptedStatus } });
    const answers = [];
    for (const id of ['a', 'b']) answers.push(await world.call('POST', `/tenants/${id}`, { body: tenantXml }));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [acceptedStatus, acceptedStatus],
    );
    const ids = answers.map(({ headers }) => headers[transactionHeader.toLowerCase()]);
    assert.ok(ids[0] && ids[1] && ids[0] !== ids[1]);
    assert.deepEqual(
      world.pair.requests.map(({ transaction }) => transaction),
      ids,
    );
  }
});

test('JSON is taken and given where the profile allows it', async () => {
  await using world = await startWorld({ profiles: { json: 'allowed' } });
  const headers = { 'content-type': 'application/json' };
  assert.equal(await statusOf(world, 'POST', '/tenants/t', '{"tenant":{"name":"n"}}', headers), 200);
  const read = await world.call('GET', '/tenants/t', { headers: { accept: 'application/json' } });
  assert.equal(JSON.parse(read.body).internal_tenant_id, 't');
});

test('a failed create stays in error, is not accepted again, and goes with a delete that has normal events', async () => {
  await using world = await startWorld();
  await using receiver = await Receiver.start();
  world.pair.inject({ fault: 'work-failure', message: 'no quota' });
  await world.call('POST', '/deployments/d', { body: deploymentXml, headers: { callback: receiver.url } });
  await until(() => world.stateOf('d') === 'error' && receiver.got.length === 2);
  assert.deepEqual(receiver.events(), ['VM_DEPLOYED', 'SERVICE_ALIVE']);
  assert.equal(receiver.got[0]?.body.includes('vm_group>a<'), true, 'the deployment is told');
  assert.equal(receiver.got[0]?.body.includes('vm_source'), false, 'but not the VM');
  assert.equal(receiver.got[1]?.headers['esc-status-code'], '500');
  assert.equal(receiver.got[1]?.headers['esc-status-message'], 'no quota');
  assert.match((await world.call('GET', '/deployments/d')).body, /SERVICE_ERROR_STATE/);
  assert.deepEqual(world.effects(), []);
  assert.equal(await statusOf(world, 'POST', '/deployments/d', deploymentXml), 409);
  assert.equal(await statusOf(world, 'DELETE', '/deployments/d', undefined, { callback: receiver.url }), 200);
  await until(() => receiver.events().at(-1) === 'SERVICE_UNDEPLOYED');
  assert.equal(await statusOf(world, 'POST', '/deployments/d', deploymentXml), 200);
});

test('an update changes VMs; after a failed one the same is not honoured again', async () => {
  for (const retriedFailedUpdate of ['ignored', 'conflict'] as const) {
    await using world = await startWorld({ profiles: { retriedFailedUpdate } });
    await world.make('/deployments/d', deploymentXml);
    const body = '<deployment><vm_group><name>a</name></vm_group><vm_group><name>c</name></vm_group></deployment>';
    world.pair.inject({ fault: 'work-failure' });
    assert.equal(await statusOf(world, 'PUT', '/deployments/d', body), 200);
    await until(() => world.stateOf('d') === 'active');
    assert.equal(await statusOf(world, 'PUT', '/deployments/d', body), retriedFailedUpdate === 'ignored' ? 200 : 409);
    assert.equal(world.stateOf('d'), 'active', 'nothing was begun');
    assert.equal(await statusOf(world, 'PUT', '/deployments/d', `${body} `), 200, 'another one is honoured');
    await until(() => world.effects().includes('updated d'));
    assert.deepEqual(world.effects().slice(-2), ['deleted d/b', 'created d/c']);
    assert.equal(world.effects().filter((each) => each === 'updated d').length, 1);
  }
});

test('operations need a callback and a known name, and one runs at a time', async () => {
  await using world = await startWorld({ workMs: { operation: 150_000 } });
  await using receiver = await Receiver.start();
  const headers = { callback: receiver.url };
  await world.make('/tenants/t', tenantXml);
  await world.make('/t/deployments/d', deploymentXml);
  const path = '/t/deployments/service/d';
  assert.equal(await statusOf(world, 'POST', path, operationXml('STOP')), 400, 'no callback');
  assert.equal(await statusOf(world, 'POST', path, operationXml('DANCE'), headers), 400);
  assert.equal(await statusOf(world, 'POST', '/t/deployments/service/none', operationXml('STOP'), headers), 404);
  assert.equal(await statusOf(world, 'POST', path, operationXml('stop'), headers), 200);
  assert.equal(await statusOf(world, 'POST', path, operationXml('REBOOT'), headers), 409, 'while another runs');
  assert.equal(await statusOf(world, 'DELETE', '/t/deployments/d'), 409, 'while another runs');
  await until(() => world.stateOf('d') === 'stopped');
  assert.equal(await statusOf(world, 'POST', '/t/deployments/vm/d_a_0', operationXml('REBOOT'), headers), 200);
  await until(() => receiver.events().at(-1) === 'VM_ALIVE');
  assert.deepEqual(world.effects().slice(-3), ['stopped d/a', 'stopped d/b', 'rebooted d/a']);
});

test('a duplicate create is accepted without effect or event where the profile says so', async () => {
  await using world = await startWorld({ profiles: { duplicateCreate: 'ok' } });
  await using receiver = await Receiver.start();
  await world.make('/tenants/t', tenantXml);
  assert.equal(await statusOf(world, 'POST', '/tenants/t', tenantXml, { callback: receiver.url }), 200);
  await world.make('/tenants/u', tenantXml, { callback: receiver.url });
  await until(() => receiver.got.length > 0);
  assert.deepEqual(world.effects(), ['created t', 'created u']);
  assert.equal(receiver.got.length, 1);
});

test('maintenance answers 503 to everything, lets work go on, and outlives a switchover', async () => {
  await using world = await startWorld();
  await world.call('POST', '/tenants/t', { body: tenantXml });
  world.pair.maintenance(true);
  const refused = await world.call('GET', '/tenants');
  assert.equal(refused.status, 503);
  assert.match(refused.body, /temporarily unavailable/);
  await until(() => world.stateOf('t') === 'active');
  await world.pair.switchover('planned');
  await world.pair.ready();
  assert.equal(await statusOf(world, 'POST', '/tenants/u', tenantXml), 503);
  world.pair.maintenance(false);
  assert.equal(await statusOf(world, 'POST', '/tenants/u', tenantXml), 200);
});

test('a pair with a certificate speaks TLS on REST and health', async () => {
  const read = (name: string): string => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8');
  await using world = await startWorld({ tls: { cert: read('pair-cert.pem'), key: read('pair-key.pem') } });
  await world.make('/tenants/t', tenantXml);
  assert.match((await world.health()).body, /2000/);
  await world.pair.switchover('planned');
  await world.pair.ready();
  assert.equal(await statusOf(world, 'GET', '/tenants/t'), 200);
});

test('thousands of requests are served, and the log of them is bounded', async () => {
  await using world = await startWorld({ limits: { requestsMax: 1000 } });
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < 2000) assert.equal(await statusOf(world, 'POST', `/tenants/t${next++}`, tenantXml), 200);
  };
  await Promise.all(Array.from({ length: 32 }, client));
  assert.ok(world.pair.requests.length <= 1100, 'the log is bounded');
});
