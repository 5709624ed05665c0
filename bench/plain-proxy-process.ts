/**
 * A program: the least that a proxy in this language does, as a floor: node:http in, the body collected, undici's
 * dispatch out, headers copied. No journal, no gate, no time-outs of its own, no checks.
 */
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Dispatcher, Pool } from 'undici';
import { answerQuestions } from './child.ts';
import type { Usage } from './gateway-process.ts';

const connectionsMax = 64;
let pool: Pool | null = null;

const server = http.createServer({ noDelay: true, keepAliveTimeout: 65_000 }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.once('end', () => {
    const body = chunks.length === 0 ? null : Buffer.concat(chunks);
    const handler: Dispatcher.DispatchHandler = {
      onConnect: () => undefined,
      onHeaders(status, fields) {
        response.sendDate = false;
        response.writeHead(
          status,
          fields.map((field) => field.toString('latin1')),
        );
        return true;
      },
      onData: (chunk) => response.write(chunk),
      onComplete: () => void response.end(),
      onError: () => void response.destroy(),
    };
    const headers = request.rawHeaders.filter(
      (_, index) => (request.rawHeaders[index - (index % 2)] ?? '').toLowerCase() !== 'content-length',
    );
    pool?.dispatch(
      { method: request.method as Dispatcher.HttpMethod, path: request.url ?? '/', headers, body },
      handler,
    );
  });
});

answerQuestions(
  {
    async start(escPort: number) {
      pool = new Pool(`http://127.0.0.1:${escPort}`, { connections: connectionsMax, pipelining: 1 });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      return (server.address() as AddressInfo).port;
    },
    usage(): Usage {
      const { user, system } = process.cpuUsage();
      const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
      return { cpuMicros: user + system, rssBytes: rss, heapBytes: heapUsed, bufferBytes: arrayBuffers };
    },
  },
  () => undefined,
);
