/**
 * A look over plain HTTP, where nothing tells at the VIP which node answered (R13): it counts when the active node says
 * READY by its own monitor after it. A node that lost its role may be back at the VIP for a moment.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { filePlace } from '../journal/file-place.ts';
import { freePort } from '../support/free-port.ts';
import { until } from '../support/until.ts';
import { startGatewayWith, tenantXml } from '../support/world.ts';

const [vip, active, standby] = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];
const path = '/ESCManager/v0/tenants/t';

const answer = (response: http.ServerResponse, isReady: boolean): void => {
  response.setHeader('Content-Type', 'application/json');
  response.end(isReady ? '{"status_code":2000,"stage":"READY"}' : '{"status_code":5090,"message":"not running"}');
};

const listen = async (server: http.Server, host: string, port: number): Promise<number> => {
  await once(server.listen(port, host), 'listening');
  return (server.address() as AddressInfo).port;
};

test('R13 what a look finds is not believed while the active node does not say READY of itself, and is looked up again', async () => {
  await using parts = new AsyncDisposableStack();
  const serve = (handle: http.RequestListener): http.Server => {
    const server = http.createServer(handle);
    parts.defer(() => {
      server.closeAllConnections();
      server.close();
    });
    return server;
  };
  let isActiveReady = true;
  let looks = 0;
  const healthPort = await freePort();
  for (const address of [vip, active, standby]) {
    const health = serve((_, response) => answer(response, address === vip || (address === active && isActiveReady)));
    await listen(health, address, healthPort);
  }
  const rest = serve((request, response) => {
    request.resume();
    if (request.method === 'POST') {
      isActiveReady = false;
      request.socket.destroy();
      return;
    }
    looks += 1;
    response.writeHead(200, { 'Content-Type': 'application/xml' }).end(tenantXml('t'));
  });
  const restPort = await listen(rest, vip, 0);
  const place = parts.use(await filePlace());
  const { url } = place.options;
  const gateway = parts.use(
    await startGatewayWith({
      NORTHGATE_NORTHBOUND_HOST: '127.0.0.1',
      NORTHGATE_NORTHBOUND_PORT: '0',
      NORTHGATE_OPS_PORT: '0',
      NORTHGATE_ESC_VIP: vip,
      NORTHGATE_ESC_NODES: `${active},${standby}`,
      NORTHGATE_ESC_REST_SCHEME: 'http',
      NORTHGATE_ESC_REST_PORT: String(restPort),
      NORTHGATE_ESC_HEALTH_SCHEME: 'http',
      NORTHGATE_ESC_HEALTH_PORT: String(healthPort),
      NORTHGATE_ESC_HEALTH_INTERVAL: '50ms',
      NORTHGATE_REPLAY_RAMP_UP: '0s',
      NORTHGATE_DRAIN_TIMEOUT: '0s',
      NORTHGATE_JOURNAL_URL: `sqlite:${url.kind === 'sqlite' ? url.path : ''}`,
    }),
  );
  const { coordinator, journal } = gateway;
  await until(() => coordinator.isOpen && coordinator.activeNode === active, 'the gate is open and the node known');
  const { epoch } = coordinator;

  const headers = { 'content-type': 'application/xml' };
  const told = fetch(`${gateway.northbound.url}${path}`, { method: 'POST', headers, body: tenantXml('t') });
  await until(() => looks >= 3, 'it is looked at, and looked at again');
  const [before] = await journal.list({ limit: 1 });
  assert.equal(before?.state.status, 'unacknowledged');

  isActiveReady = true;
  const { status } = await told;
  const [after] = await journal.list({ limit: 1 });
  assert.deepEqual([status, after?.state.status, after?.attempts.length], [201, 'completed', 1]);
  assert.equal(coordinator.epoch, epoch);
});
