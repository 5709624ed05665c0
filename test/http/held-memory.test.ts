/** What is held costs the memory that `hold.maxBytes` counts, not twice as much. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { startEchoWorld } from '../support/echo-world.ts';
import { until } from '../support/until.ts';

const heldCount = 30;
const bodyBytes = 1_000_000;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

test('a held request whose body came in pieces keeps it once', async () => {
  await using world = await startEchoWorld();
  world.gateway.coordinator.byHand('holding');
  const body = Buffer.alloc(bodyBytes, 'a');
  const { arrayBuffers: before } = process.memoryUsage();
  for (let sent = 0; sent < heldCount; sent += 1) {
    const client = await world.connect();
    const head = `POST /ESCManager/v0/tenants/t${sent} HTTP/1.1\r\nHost: ${world.host}\r\nContent-Length: ${bodyBytes}\r\n\r\n`;
    client.socket.write(head);
    client.socket.write(body);
    await until(async () => (await world.gateway.journal.counts()).held === sent + 1, 'it is held');
  }
  await until(() => {
    collectGarbage();
    return process.memoryUsage().arrayBuffers - before < 1.5 * heldCount * bodyBytes;
  }, 'no more is kept than what was sent');
  assert.equal(world.esc.requests.length, 0);
});
