/**
 * A program: an ESC that does nothing but answer, after a time that is said, or reset what it gets. Its health monitor
 * says READY, says that it is not in service, or keeps silent. It knows no resources: a look finds what it is told to find.
 */
import { once } from 'node:events';
import http, { type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerQuestions } from './child.ts';

export interface EscMode {
  /** From the whole request to its answer. */
  readonly answerMs: number;
  /** `reset`: every transaction's connection is reset once the whole request is there. */
  readonly rest: 'answer' | 'reset';
  readonly health: 'ready' | 'away' | 'silent';
}

/** What it has answered since it was last asked. */
export interface EscCounts {
  readonly looks: number;
  readonly transactions: number;
  /** As it was, timers' lateness and the machine's load included. */
  readonly meanAnswerMs: number;
}

const pageBytes = 1024;
const page = Buffer.from(`<tenants>${' '.repeat(pageBytes - 19)}</tenants>`);
const missing = Buffer.from('<response><code>404</code><message>not found</message></response>');
const done = Buffer.from('<response><code>201</code><message>done</message></response>');
const reports = {
  ready: '{"status_code":2000,"stage":"READY","message":"ESC services are running."}',
  away: '{"status_code":5010,"stage":"INIT","message":"ESC_MANAGER is not running."}',
};

let mode: EscMode = { answerMs: 0, rest: 'answer', health: 'ready' };
let counts = { looks: 0, transactions: 0, answeredMs: 0 };
const unanswered = new Set<ServerResponse>();

function give(response: ServerResponse, status: number, body: Buffer): void {
  response.writeHead(status, ['Content-Type', 'application/xml', 'Content-Length', String(body.byteLength)]);
  response.end(body);
}

function answer(response: ServerResponse, isLook: boolean, path: string, beganAt: number): void {
  counts.answeredMs += performance.now() - beganAt;
  if (isLook) counts.looks += 1;
  else counts.transactions += 1;
  if (!isLook) give(response, 201, done);
  else if (path.endsWith('/tenants')) give(response, 200, page);
  else give(response, 404, missing);
}

const rest = http.createServer({ keepAliveTimeout: 120_000, noDelay: true }, (request, response) => {
  request.resume();
  request.once('end', () => {
    const isLook = request.method === 'GET';
    const beganAt = performance.now();
    const { url = '' } = request;
    if (mode.rest === 'reset' && !isLook) request.socket.resetAndDestroy();
    else if (mode.answerMs === 0) answer(response, isLook, url, beganAt);
    else setTimeout(() => answer(response, isLook, url, beganAt), mode.answerMs);
  });
  request.on('error', () => undefined);
});

function report(response: ServerResponse): void {
  if (mode.health === 'silent') unanswered.add(response);
  else response.setHeader('Content-Type', 'application/json').end(reports[mode.health]);
}

const health = http.createServer((_, response) => report(response));

for (const server of [rest, health]) {
  server.on('clientError', (_, socket) => socket.destroy());
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 });
  await once(server, 'listening');
}

const portOf = (server: http.Server): number => (server.address() as AddressInfo).port;

answerQuestions(
  {
    ports: () => ({ rest: portOf(rest), health: portOf(health) }),
    be(next: Partial<EscMode>) {
      mode = { ...mode, ...next };
      const waiting = [...unanswered];
      unanswered.clear();
      for (const response of waiting) report(response);
    },
    counts(): EscCounts {
      const { looks, transactions, answeredMs } = counts;
      counts = { looks: 0, transactions: 0, answeredMs: 0 };
      return { looks, transactions, meanAnswerMs: answeredMs / Math.max(1, looks + transactions) };
    },
  },
  () => undefined,
);
