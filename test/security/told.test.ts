// What people and clients are told: nothing of the network behind the gateway, and nothing that commands a terminal.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { request } from 'undici';
import { jsonOf, legibleOf } from '../../src/cli/output.ts';
import { startEcho } from '../support/echo-esc.ts';
import { freePort } from '../support/free-port.ts';
import { startGatewayProcess } from '../support/gateway-process.ts';

test('a client whose request cannot be brought to ESC is told why, and no address', async () => {
  await using parts = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'northgate-told-'));
  parts.defer(() => rm(directory, { recursive: true, force: true }));
  const esc = parts.use(await startEcho());
  const nobody = await freePort();
  const { url } = parts.use(
    await startGatewayProcess(
      {
        NORTHGATE_NORTHBOUND_HOST: '127.0.0.1',
        NORTHGATE_NORTHBOUND_PORT: '0',
        NORTHGATE_OPS_PORT: '0',
        NORTHGATE_ESC_VIP: '127.0.0.1',
        NORTHGATE_ESC_REST_SCHEME: 'http',
        NORTHGATE_ESC_REST_PORT: String(nobody),
        NORTHGATE_ESC_HEALTH_SCHEME: 'http',
        NORTHGATE_ESC_HEALTH_PORT: String(esc.healthPort),
        NORTHGATE_HOLD_TIMEOUT: '2s',
        NORTHGATE_JOURNAL_URL: `sqlite:${join(directory, 'northgate.db')}`,
      },
      { isOpen: false },
    ),
  );
  let [status, text] = [0, ''];
  // Until the gate is open, so that it is refused by who should be ESC.
  for (let tries = 0; tries < 20 && !text.includes('ECONNREFUSED'); tries += 1) {
    const { statusCode, body } = await request(`${url}/ESCManager/v0/tenants`);
    [status, text] = [statusCode, await body.text()];
  }
  assert.equal(status, 502);
  assert.match(text, /\(hold\.timeout\): ECONNREFUSED\./);
  for (const address of ['127.0.0.1', String(nobody)]) assert.ok(!text.includes(address), text);
});

test('what somebody else sent does not command the terminal of who reads it', () => {
  const evil = '\u001b]0;owned\u0007 \u009b31m \u007f\r\nnext\tcell';
  assert.equal(legibleOf(Buffer.from(evil)), '\ufffd]0;owned\ufffd \ufffd31m \ufffd\nnext\tcell');
  const json = jsonOf({ reason: evil });
  assert.doesNotMatch(json, /\p{Cc}/u);
  assert.deepEqual(JSON.parse(json), { reason: evil });
});
