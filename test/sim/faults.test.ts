// Injected faults of the simulated pair: what the client sees, and whether the request was executed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fault } from '../../src/sim/faults.ts';
import { Line, settle, startWorld, tenantXml, until } from './support.ts';

type Case = { fault: Fault; end: Line['end']; text: RegExp; isExecuted: boolean };

const cases: Case[] = [
  { fault: { fault: 'status', status: 500 }, end: 'open', text: /^HTTP\/1.1 500 .*xml/s, isExecuted: false },
  {
    fault: { fault: 'status', status: 503, html: true },
    end: 'open',
    text: /^HTTP\/1.1 503 .*html/s,
    isExecuted: false,
  },
  { fault: { fault: 'reset', when: 'before' }, end: 'reset', text: /^$/, isExecuted: false },
  { fault: { fault: 'reset', when: 'after' }, end: 'reset', text: /^$/, isExecuted: true },
  { fault: { fault: 'close', when: 'before' }, end: 'closed', text: /^$/, isExecuted: false },
  { fault: { fault: 'close', when: 'after' }, end: 'closed', text: /^$/, isExecuted: true },
  { fault: { fault: 'hang', when: 'before' }, end: 'open', text: /^$/, isExecuted: false },
  { fault: { fault: 'hang', when: 'after' }, end: 'open', text: /^$/, isExecuted: true },
  { fault: { fault: 'delay', when: 'before', delayMs: 20 }, end: 'open', text: /200 OK/, isExecuted: true },
  { fault: { fault: 'delay', when: 'after', delayMs: 20 }, end: 'open', text: /200 OK/, isExecuted: true },
  { fault: { fault: 'cut' }, end: 'closed', text: /200 OK.*<tenant(?!.*<\/tenant>)/s, isExecuted: true },
  { fault: { fault: 'junk' }, end: 'closed', text: /this is not HTTP/, isExecuted: true },
];

for (const { fault, end, text, isExecuted } of cases) {
  test(`${JSON.stringify(fault)}: ${end}, ${isExecuted ? '' : 'not '}executed, once`, async () => {
    await using world = await startWorld();
    const { pair } = world;
    pair.inject({ ...fault, match: { method: 'POST', path: /t1$/ } });
    await world.call('POST', '/tenants/t2', { body: tenantXml });
    const line = await Line.open(pair.vip, pair.ports.rest);
    await line.post('/tenants/t1', tenantXml);
    await until(() => line.end === end && text.test(line.text));
    await settle();
    assert.equal(line.end, end);
    assert.equal(
      pair.requests.some(({ path }) => path.endsWith('/t1')),
      isExecuted,
    );
    if (isExecuted) await until(() => world.stateOf('t1') === 'active');
    line.socket.destroy();
    const again = await world.call('POST', '/tenants/t1', { body: tenantXml });
    assert.equal(again.status, isExecuted ? 409 : 200, 'the fault is used up');
  });
}

test('a fault may be ordered several times over, and orders can be forgotten', async () => {
  await using world = await startWorld();
  const { pair } = world;
  const status = async (): Promise<number> => (await world.call('GET', '/tenants')).status;
  pair.inject({ fault: 'status', status: 500, times: 2 });
  assert.deepEqual([await status(), await status(), await status()], [500, 500, 200]);
  pair.inject({ fault: 'status', status: 500 });
  pair.crashAt('before-commit');
  pair.clearFaults();
  assert.equal(await status(), 200);
});
