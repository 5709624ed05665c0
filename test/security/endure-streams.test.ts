/** Watchers of the event stream that do not read: broken off past a bound, while those who read go on. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { EventStreams } from '../../src/http/event-stream.ts';
import type { Events, OpsEvent } from '../../src/ops/events.ts';
import { until } from '../support/until.ts';

test('a watcher that does not read is broken off when 1 MiB waits for it, and one that reads misses nothing', async () => {
  const listeners = new Set<(event: OpsEvent) => void>();
  const events = {
    watch: (listener: (event: OpsEvent) => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  } as Pick<Events, 'watch'>;
  const streams = new EventStreams(events as Events);
  const responses: http.ServerResponse[] = [];
  const server = http.createServer((_, response) => {
    responses.push(response);
    streams.begin(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const [reading, deaf] = [net.connect(port, '127.0.0.1'), net.connect(port, '127.0.0.1')];
  let read = 0;
  reading.on('data', (chunk: Buffer) => {
    read += chunk.byteLength;
  });
  deaf.pause();
  for (const socket of [reading, deaf]) {
    socket.on('error', () => undefined);
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(() => listeners.size === (socket === reading ? 1 : 2), 'it watches');
  }
  const event = { name: 'missed', data: { transactions: 1, padding: 'x'.repeat(10_000) } } as OpsEvent;
  let told = 0;
  let waitingMax = 0;
  await until(async () => {
    for (const listener of [...listeners]) listener(event);
    told += 1;
    waitingMax = Math.max(waitingMax, ...responses.map(({ writableLength }) => writableLength));
    await new Promise((resolve) => setImmediate(resolve));
    return listeners.size === 1;
  }, 'one of them is broken off');
  assert.ok(waitingMax < 1.2 * 2 ** 20, `${waitingMax} bytes waited`);
  assert.equal(responses.filter(({ destroyed }) => destroyed).length, 1);
  await until(() => read > told * 10_000, 'the other one has read everything');
  reading.destroy();
  deaf.destroy();
  streams.close();
  server.close();
});
