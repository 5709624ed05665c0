// Reports on the northbound listener, beside the gateway's own resources, byte by byte.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { callbackRoutes } from '../../src/http/callback-routes.ts';
import { listenNorthbound, type NorthboundOptions } from '../../src/http/northbound-listener.ts';
import { ownRoutes } from '../../src/http/own-routes.ts';
import { unpackRequest } from '../../src/journal/message.ts';
import { connectRaw } from '../support/raw-client.ts';
import { type Relaying, startRelaying } from './relaying.ts';

const log = pino({ level: 'silent' });

/** No request of this test is proxied, so what proxies is not there. */
async function northbound({ journal, receiver }: Relaying) {
  const options = {
    config: {
      northbound: { host: '127.0.0.1', port: 0, tls: {} },
      limits: { bodyBytes: 1000, connections: 10 },
    },
    log,
    escHosts: [],
    routes: (app: Parameters<NorthboundOptions['routes']>[0]) => {
      const identify = () => ({ client: 'nfvo', headers: [] });
      const comeback = { seconds: () => 1 };
      ownRoutes(app, { journal, identify, escHosts: [], scheme: 'http', document: {}, comeback, log });
      callbackRoutes(app, { receiver, bodyBytesMax: 1000, log });
    },
  } as unknown as NorthboundOptions;
  const listener = await listenNorthbound(options);
  const client = await connectRaw(listener.port);
  const close = async () => {
    client.close();
    await listener.close();
  };
  return { client, [Symbol.asyncDispose]: close };
}

test('a report is taken there too, its fields with underscores kept, and what is not POST is 405', async () => {
  await using world = await startRelaying();
  await using gateway = await northbound(world);
  const transaction = await world.accepted();
  const path = `/northgate/v1/callbacks/${world.tokens.make({ transactionId: transaction.id, attempt: 1, kind: 'callback' })}`;
  const fields = 'Host: gw\r\nESC_TRANSACTION_ID: a-b-c\r\nContent-Type: text/anything\r\n';
  gateway.client.write(`POST ${path} HTTP/1.1\r\n${fields}Content-Length: 3\r\n\r\n<a>`);
  assert.equal((await gateway.client.answer()).status, 200);
  gateway.client.write(`GET ${path} HTTP/1.1\r\nHost: gw\r\n\r\n`);
  const refused = await gateway.client.answer();
  assert.equal(refused.status, 405);
  gateway.client.write('POST /northgate/v1/callbacks/none HTTP/1.1\r\nHost: gw\r\nContent-Length: 0\r\n\r\n');
  assert.equal((await gateway.client.answer()).status, 404);

  const packed = await world.journal.body(transaction.id, 'report-1');
  const { headers, body } = unpackRequest(packed ?? assert.fail());
  assert.equal(Buffer.from(body).toString(), '<a>');
  assert.equal(headers[headers.indexOf('ESC_TRANSACTION_ID') + 1], 'a-b-c');
});
