// A pair in another process: `serveSim` with its configuration file, and orders over the control listener.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { request } from 'undici';
import { readSimConfig, SimConfigError } from '../../src/sim/config.ts';
import { startWorld, tenantXml, until } from './support.ts';

type Order = (path: string, body?: object) => Promise<{ status: number; body: Record<string, unknown> }>;

function orderTo(port: number): Order {
  return async (path, body) => {
    const answer = await request(`http://127.0.0.1:${port}${path}`, {
      method: body ? 'POST' : 'GET',
      body: body ? JSON.stringify(body) : null,
      reset: true,
    });
    return { status: answer.statusCode, body: (await answer.body.json()) as Record<string, unknown> };
  };
}

test('everything a test can order can be ordered over HTTP', async () => {
  await using world = await startWorld({ controlPort: 0 });
  const { pair } = world;
  const order = orderTo(pair.ports.control ?? 0);
  await world.make('/tenants/t', tenantXml);
  assert.equal((await order('/ledger')).body.length, 1);
  assert.equal((await order('/requests')).body.length, 1);
  assert.equal((await order('/resources')).body.length, 2);
  assert.equal((await order('/switchover', { cause: 'power', stopAt: 'P3' })).status, 200);
  await until(async () => (await order('/state')).body.phase === 'P3');
  await order('/proceed', {});
  await order('/ready', {});
  assert.equal((await order('/state')).body.activeNode, pair.nodes[1]);
  await order('/failback', {});
  await order('/ready', {});
  assert.equal(pair.activeNode, pair.nodes[0]);
  await order('/maintenance', { on: true });
  assert.equal((await world.call('GET', '/tenants')).status, 503);
  await order('/maintenance', { on: false });
  await order('/inject', { fault: 'status', status: 500, match: { path: '/tenants' } });
  assert.equal((await world.call('GET', '/tenants')).status, 500);
  await order('/crash', { point: 'before-commit', match: { path: '/tenants/u' }, cause: 'application' });
  await assert.rejects(world.call('POST', '/tenants/u', { body: tenantXml }));
  await order('/ready', {});
  assert.equal(pair.activeNode, pair.nodes[1]);
});

test('an order that makes no sense is refused with what is wrong', async () => {
  await using world = await startWorld({ controlPort: 0 });
  const order = orderTo(world.pair.ports.control ?? 0);
  assert.match(String((await order('/switchover', { cause: 'boredom' })).body.error), /cause must be one of network/);
  assert.match(String((await order('/crash', { point: 'never' })).body.error), /point must be one of/);
  assert.match(String((await order('/maintenance', {})).body.error), /on must be true or false/);
  assert.equal((await order('/inject', { fault: 'rain' })).status, 400);
  assert.equal((await order('/nothing', {})).status, 404);
});

class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'northgate-sim-'));

  write(text: string): string {
    const file = join(this.path, 'sim.yaml');
    writeFileSync(file, text);
    return file;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

test('a wrong configuration is refused with its keys', () => {
  using folder = new Folder();
  const cases: [string, RegExp][] = [
    ['vpi: 127.0.0.1', /vpi is not a key/],
    ['nodes: [127.0.0.2]', /nodes must NOT have fewer than 2 items/],
    ['profiles: { acceptedStatus: 204 }', /profiles\.acceptedStatus must be one of 200, 201, 202/],
    ['workMs: { tenant: -1 }', /workMs\.tenant must be >= 0/],
    ['timeScale: 0', /timeScale must be > 0/],
    ['services: { a: { depend_on: b } }', /services\.a\.depend_on names "b"/],
    ['tls: { cert: none.pem, key: none.pem }', /tls\.cert: ENOENT/],
    ['vip: [', /sim\.yaml/],
  ];
  for (const [text, message] of cases) {
    assert.throws(
      () => readSimConfig(folder.write(text)),
      (error) => error instanceof SimConfigError && message.test(error.message),
      text,
    );
  }
  assert.throws(() => readSimConfig(join(folder.path, 'none.yaml')), /none\.yaml/);
  assert.deepEqual(readSimConfig(), { restPort: 8080, healthPort: 8060, controlPort: 9081 });
});

test('a pair in a process of its own prints its listeners, serves, and ends on SIGTERM', async () => {
  using folder = new Folder();
  const file = folder.write(
    'vip: 127.0.0.20\nnodes: [127.0.0.21, 127.0.0.22]\nrestPort: 0\nhealthPort: 0\ncontrolPort: 0\ntimeScale: 0.01\n',
  );
  const serve = new URL('../../src/sim/serve.ts', import.meta.url).href;
  const code = `const { serveSim } = await import(${JSON.stringify(serve)}); await serveSim(${JSON.stringify(file)});`;
  const child: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', code]);
  const ended = once(child, 'exit');
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  try {
    await until(() => text.split('\n').length === 8);
    const rest = /listening rest +(http:\S+) \(VIP\)/.exec(text)?.[1];
    const answer = await request(`${rest}/v0/tenants`, { reset: true });
    assert.equal(answer.statusCode, 200);
    await answer.body.dump();
    const port = Number(/listening control http:\/\/127.0.0.1:(\d+)/.exec(text)?.[1]);
    assert.equal((await orderTo(port)('/state')).body.vip, '127.0.0.20');
    child.kill('SIGTERM');
    assert.deepEqual(await ended, [0, null]);
  } finally {
    child.kill('SIGKILL');
  }
});
