/**
 * A program: the load. Closed loop (as fast as answers come), open loop (Poisson at a fixed rate, timed from the
 * millisecond in which it was due, whether a connection was free or not) and a burst (one request on each of many connections).
 */
import { setTimeout as pause } from 'node:timers/promises';
import { answerQuestions } from './child.ts';
import { LoadConnection } from './load-connection.ts';

export interface Target {
  readonly port: number;
  readonly method: 'GET' | 'POST' | 'PUT';
}

export interface Looped {
  readonly answers: number;
  /** Answers that were no 2xx. */
  readonly failures: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly longestMs: number;
  /** All of them, rising; only if they were asked for, to be put together with those of other loads. */
  readonly timesMs: readonly number[];
}

export interface Burst {
  readonly failures: number;
  readonly firstAnswerAt: number;
  readonly lastAnswerAt: number;
}

const bodyBytes = 2048;
const openingAtOnce = 64;
const tickMs = 1;
let sent = 0;

/** Each mutating request is a create of a tenant of its own, so that none waits for another in its lane. */
function requestFor({ port, method }: Target): string {
  const head = `Host: 127.0.0.1:${port}\r\nAuthorization: Basic YWRtaW46c2VjcmV0\r\nAccept: application/xml\r\n`;
  if (method === 'GET') return `GET /ESCManager/v0/tenants HTTP/1.1\r\n${head}\r\n`;
  sent += 1;
  const name = `tenant-${process.pid}-${sent}`;
  const begin = `<tenant xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><name>${name}</name><description>`;
  const end = '</description></tenant>';
  const body = `${begin}${'x'.repeat(bodyBytes - begin.length - end.length)}${end}`;
  const entity = `Content-Type: application/xml\r\nContent-Length: ${bodyBytes}\r\n`;
  return `${method} /ESCManager/v0/tenants/${name} HTTP/1.1\r\n${head}${entity}\r\n${body}`;
}

const pools = new Map<number, LoadConnection[]>();

async function connect({ port, count }: { port: number; count: number }): Promise<void> {
  const pool = pools.get(port) ?? [];
  pools.set(port, pool);
  while (pool.length < count) {
    const opening = Array.from({ length: Math.min(openingAtOnce, count - pool.length) }, () =>
      LoadConnection.open(port),
    );
    pool.push(...(await Promise.all(opening)));
  }
}

function disconnect(port: number): void {
  for (const connection of pools.get(port) ?? []) connection.close();
  pools.delete(port);
}

const isDone = (status: number): boolean => status >= 200 && status < 300 && status !== 202;

function looped(timesMs: number[], failures: number, isEachTold = false): Looped {
  const sorted = Float64Array.from(timesMs).sort();
  const quantile = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  const [p50Ms, p99Ms, longestMs] = [quantile(0.5), quantile(0.99), quantile(1)];
  return { answers: sorted.length, failures, p50Ms, p99Ms, longestMs, timesMs: isEachTold ? [...sorted] : [] };
}

/** A gateway closes connections that rested too long while the others had their turn; they are opened anew. */
async function poolOf(port: number): Promise<LoadConnection[]> {
  const pool = await Promise.all(
    (pools.get(port) ?? []).map((connection) => (connection.isOpen ? connection : LoadConnection.open(port))),
  );
  pools.set(port, pool);
  return pool;
}

async function closedLoop({
  forMs,
  isEachTold,
  ...target
}: Target & { forMs: number; isEachTold?: boolean }): Promise<Looped> {
  const pool = await poolOf(target.port);
  const untilAt = performance.now() + forMs;
  const timesMs: number[] = [];
  let failures = 0;
  return new Promise((resolve) => {
    let running = pool.length;
    const next = (connection: LoadConnection): void => {
      const beganAt = performance.now();
      if (beganAt >= untilAt) {
        running -= 1;
        if (running === 0) resolve(looped(timesMs, failures, isEachTold));
        return;
      }
      connection.send(requestFor(target), (status) => {
        timesMs.push(performance.now() - beganAt);
        if (!isDone(status)) failures += 1;
        next(connection);
      });
    };
    for (const connection of pool) next(connection);
  });
}

async function openLoop({
  forMs,
  perSecond,
  isEachTold,
  ...target
}: Target & { forMs: number; perSecond: number; isEachTold?: boolean }): Promise<Looped> {
  const idle = [...(await poolOf(target.port))];
  const due: number[] = [];
  const timesMs: number[] = [];
  let failures = 0;
  let underWay = 0;
  const pump = (): void => {
    while (due.length > 0 && idle.length > 0) {
      const [scheduledAt = 0, connection] = [due.shift(), idle.pop()];
      underWay += 1;
      connection?.send(requestFor(target), (status) => {
        underWay -= 1;
        timesMs.push(performance.now() - scheduledAt);
        if (!isDone(status)) failures += 1;
        idle.push(connection);
        pump();
      });
    }
  };
  const beganAt = performance.now();
  for (let nextAt = beganAt; nextAt < beganAt + forMs; ) {
    // Not spun for: ESC and Redis share this core, and would be measured waiting for it.
    await pause(tickMs);
    const now = performance.now();
    for (; nextAt <= now; nextAt += (-Math.log(1 - Math.random()) * 1000) / perSecond) due.push(now);
    pump();
  }
  while (underWay > 0 || due.length > 0) await pause(tickMs);
  return looped(timesMs, failures, isEachTold);
}

/** One request on each connection of the pool; resolves with the last answer. */
async function burst(target: Target): Promise<Burst> {
  let failures = 0;
  let firstAnswerAt = 0;
  const answered = (pools.get(target.port) ?? []).map(
    (connection) =>
      new Promise<void>((resolve) => {
        connection.send(requestFor(target), (status) => {
          firstAnswerAt ||= Date.now();
          if (!isDone(status)) failures += 1;
          resolve();
        });
      }),
  );
  await Promise.all(answered);
  return { failures, firstAnswerAt, lastAnswerAt: Date.now() };
}

answerQuestions({ connect, disconnect, closedLoop, openLoop, burst }, () => undefined);
