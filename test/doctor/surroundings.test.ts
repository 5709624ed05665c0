/** What is around the pair: another program at its address, its clock, the gateway's own ports, the way back from ESC. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { freePort } from '../support/free-port.ts';
import { startWorld } from '../support/world.ts';
import { consult, openClinic } from './consultation.ts';

interface Neighbour extends AsyncDisposable {
  readonly port: number;
}

/** Any program that speaks HTTP. */
async function startNeighbour(listener: RequestListener, host: string): Promise<Neighbour> {
  const server = createServer(listener).listen(0, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const page: RequestListener = (_, response) => {
  response.setHeader('content-type', 'text/html').end('<!doctype html><title>Portal</title>');
};

test('esc.rest.port is the portal’s: a page is not an answer of ESC’s', async () => {
  await using clinic = await openClinic({ tls: undefined });
  await using portal = await startNeighbour(page, '127.0.0.10');
  const diagnosis = await clinic.consult({ NORTHGATE_ESC_REST_PORT: String(portal.port) });
  const [answer] = diagnosis.of('vip.rest.answer');
  assert.equal(answer?.status, 'fail');
  assert.match(answer?.found ?? '', /page/);
  assert.match(answer?.advice ?? '', /8443/);
  assert.equal(diagnosis.code, 1);
});

test('ESC’s clock is ahead: a warning with how much', async () => {
  const aheadMs = 600_000;
  const report = '<esc_health_report><status_code>2000</status_code><stage>READY</stage></esc_health_report>';
  const ahead: RequestListener = (_, response) => {
    response.setHeader('date', new Date(Date.now() + aheadMs).toUTCString());
    response.setHeader('content-type', 'application/xml').end(report);
  };
  await using clinic = await openClinic({ tls: undefined });
  await using esc = await startNeighbour(ahead, '127.0.0.10');
  const diagnosis = await clinic.consult({ NORTHGATE_ESC_HEALTH_PORT: String(esc.port), NORTHGATE_ESC_NODES: '' });
  const [clock] = diagnosis.of('pair.clock');
  assert.equal(clock?.status, 'warn');
  assert.match(clock?.found ?? '', /ESC’s clock is (?:59\d|60\d) s ahead of ours/);
  assert.equal(diagnosis.code, 0);
});

test('ESC’s clock is told by REST where the health monitor says no date', async () => {
  const dateless: RequestListener = (_, response) => {
    response.sendDate = false;
    response.setHeader('content-type', 'application/json').end('{"status_code":2000,"stage":"READY"}');
  };
  const behind: RequestListener = (_, response) => {
    response.setHeader('date', new Date(Date.now() - 3_600_000).toUTCString());
    response.setHeader('content-type', 'application/xml').end('<tenants/>');
  };
  await using clinic = await openClinic({ tls: undefined });
  await using health = await startNeighbour(dateless, '127.0.0.10');
  await using rest = await startNeighbour(behind, '127.0.0.10');
  const diagnosis = await clinic.consult({
    NORTHGATE_ESC_HEALTH_PORT: String(health.port),
    NORTHGATE_ESC_REST_PORT: String(rest.port),
    NORTHGATE_ESC_NODES: '',
  });
  assert.match(diagnosis.of('pair.clock')[0]?.found ?? '', /ESC’s clock is (?:359\d|360\d) s behind ours/);
});

test('a listener with the address of another machine, whoever answers there', async () => {
  await using clinic = await openClinic();
  const port = String(await freePort());
  const diagnosis = await clinic.consult({ NORTHGATE_NORTHBOUND_HOST: '192.0.2.1', NORTHGATE_NORTHBOUND_PORT: port });
  assert.deepEqual(diagnosis.ids('fail'), ['northbound.port']);
  assert.match(diagnosis.of('northbound.port')[0]?.advice ?? '', /an address of this machine/);
});

test('beside a running gateway: its ports, its journal’s file and its callbacks path are known as its own', async () => {
  const port = String(await freePort());
  const opsPort = String(await freePort());
  const own = {
    NORTHGATE_NORTHBOUND_PORT: port,
    NORTHGATE_OPS_PORT: opsPort,
    NORTHGATE_CALLBACKS_PUBLIC_URL: `http://127.0.0.1:${port}`,
  };
  await using world = await startWorld({ settings: own });
  const { pair, directory } = world;
  const settings = {
    ...own,
    NORTHGATE_NORTHBOUND_HOST: '127.0.0.1',
    NORTHGATE_ESC_VIP: pair.vip,
    NORTHGATE_ESC_NODES: pair.nodes.join(','),
    NORTHGATE_ESC_REST_SCHEME: pair.scheme,
    NORTHGATE_ESC_REST_PORT: String(pair.ports.rest),
    NORTHGATE_ESC_HEALTH_SCHEME: pair.scheme,
    NORTHGATE_ESC_HEALTH_PORT: String(pair.ports.health),
    NORTHGATE_ESC_HEALTH_TIMEOUT: '10s',
    NORTHGATE_JOURNAL_URL: `sqlite:${directory}/northgate.db`,
  };
  const well = await consult(settings);
  assert.deepEqual(well.ids('fail'), []);
  for (const id of ['northbound.port', 'ops.port']) assert.match(well.of(id)[0]?.found ?? '', /running Northgate/);
  assert.equal(well.of('callbacks.url')[0]?.status, 'pass');
  assert.match(well.of('callbacks.nodes')[0]?.found ?? '', /cannot be known from here/);
  assert.match(well.of('journal.file')[0]?.found ?? '', new RegExp(`held by process ${process.pid}`));
  assert.equal(well.of('journal.key-file')[0]?.status, 'pass');

  const astray = { ...settings, NORTHGATE_CALLBACKS_PUBLIC_URL: `http://127.0.0.1:${await freePort()}` };
  const unreachable = await consult(astray);
  assert.deepEqual(unreachable.ids('fail'), ['callbacks.url']);
  assert.match(unreachable.of('callbacks.url')[0]?.found ?? '', /cannot be reached \(ECONNREFUSED\)/);
  assert.equal(unreachable.code, 1);

  const secure = { ...settings, NORTHGATE_CALLBACKS_PUBLIC_URL: `https://127.0.0.1:${port}` };
  assert.match((await consult(secure)).of('callbacks.url')[0]?.found ?? '', /no answer in the scheme of the URL/);

  const besides = { ...settings, NORTHGATE_CALLBACKS_PUBLIC_URL: `http://127.0.0.1:${port}/inside` };
  assert.match((await consult(besides)).of('callbacks.url')[0]?.found ?? '', /not to its callbacks path/);

  const [free, opsFree] = [String(await freePort()), String(await freePort())];
  const second = await consult({ ...settings, NORTHGATE_NORTHBOUND_PORT: free, NORTHGATE_OPS_PORT: opsFree });
  assert.equal(second.of('journal.file')[0]?.status, 'fail');
  assert.match(second.of('journal.file')[0]?.found ?? '', /held by process \d+, and no gateway answers/);
});

test('without a gateway that runs, nobody can answer for the callbacks: a warning', async () => {
  await using clinic = await openClinic();
  const publicUrl = `http://127.0.0.1:${await freePort()}`;
  const diagnosis = await clinic.consult({ NORTHGATE_CALLBACKS_PUBLIC_URL: publicUrl });
  assert.equal(diagnosis.of('callbacks.url')[0]?.status, 'warn');
  assert.equal(diagnosis.code, 0);
});

test('another program holds a port of the gateway, or answers for its callbacks', async () => {
  await using clinic = await openClinic();
  await using other = await startNeighbour(page, '127.0.0.1');
  const diagnosis = await clinic.consult({
    NORTHGATE_NORTHBOUND_PORT: String(other.port),
    NORTHGATE_CALLBACKS_PUBLIC_URL: `http://127.0.0.1:${other.port}`,
  });
  assert.deepEqual(diagnosis.ids('fail'), ['northbound.port', 'callbacks.url']);
  assert.match(diagnosis.of('northbound.port')[0]?.found ?? '', /another program/);
  assert.equal(diagnosis.code, 1);
});
