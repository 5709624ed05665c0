/**
 * A gateway in a process of its own, in front of an ESC that answers at once: its memory is its own, and what floods it
 * does not share its event loop. With it go well-behaved clients, whose waiting is measured, and floods of connections.
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { type EchoEsc, startEcho } from '../support/echo-esc.ts';
import { startGatewayProcess } from '../support/gateway-process.ts';

export interface EndurePlace extends AsyncDisposable {
  readonly esc: EchoEsc;
  readonly url: string;
  readonly opsUrl: string;
  /** Resident memory of the gateway's process in MiB, as its own metrics have it. */
  memory(headers?: Record<string, string>): Promise<number>;
}

export async function startEndurePlace(settings: Readonly<Record<string, string>> = {}): Promise<EndurePlace> {
  await using parts = new AsyncDisposableStack();
  const esc = parts.use(await startEcho());
  const directory = await mkdtemp(join(tmpdir(), 'northgate-'));
  parts.defer(() => rm(directory, { recursive: true, force: true }));
  const gateway = parts.use(
    await startGatewayProcess(
      {
        NORTHGATE_NORTHBOUND_HOST: '127.0.0.1',
        NORTHGATE_NORTHBOUND_PORT: '0',
        NORTHGATE_OPS_PORT: '0',
        NORTHGATE_ESC_VIP: '127.0.0.1',
        NORTHGATE_ESC_REST_SCHEME: 'http',
        NORTHGATE_ESC_REST_PORT: String(esc.port),
        NORTHGATE_ESC_HEALTH_SCHEME: 'http',
        NORTHGATE_ESC_HEALTH_PORT: String(esc.healthPort),
        // A machine that is flooded is slow; an ESC that is asked too late must not count as away.
        NORTHGATE_ESC_HEALTH_TIMEOUT: '10s',
        NORTHGATE_DRAIN_TIMEOUT: '0s',
        NORTHGATE_JOURNAL_URL: `sqlite:${join(directory, 'northgate.db')}`,
        ...settings,
      },
      { leaseTtlMs: 30_000 },
    ),
  );
  const owned = parts.move();
  const { url, opsUrl } = gateway;
  const memory = async (headers: Record<string, string> = {}): Promise<number> => {
    const { body } = await request(`${opsUrl}/metrics`, { headers, headersTimeout: 60_000 });
    const [, bytes = ''] = /^process_resident_memory_bytes (\d+)/m.exec(await body.text()) ?? [];
    return Number(bytes) / 2 ** 20;
  };
  return { esc, url, opsUrl, memory, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

export interface Behaved {
  /** Milliseconds of each request, shortest first. */
  readonly waited: readonly number[];
  readonly statuses: readonly number[];
}

let named = 0;

/** A client that reads and writes in turn, each time over a connection of its own, `count` requests one after another. */
export async function behave(url: string, count: number, headers: Record<string, string> = {}): Promise<Behaved> {
  const waited: number[] = [];
  const statuses: number[] = [];
  for (let done = 0; done < count; done += 1) {
    named += 1;
    const agent = new Agent({ connections: 1, pipelining: 0 });
    const startedAt = performance.now();
    const isRead = done % 2 === 0;
    const answer = await request(`${url}/ESCManager/v0/tenants/behaved-${named}`, {
      dispatcher: agent,
      method: isRead ? 'GET' : 'POST',
      headers: { 'content-type': 'application/xml', ...headers },
      headersTimeout: 60_000,
      ...(isRead ? {} : { body: '<tenant/>' }),
    });
    await answer.body.dump();
    waited.push(performance.now() - startedAt);
    statuses.push(answer.statusCode);
    await agent.destroy();
  }
  return { waited: waited.toSorted((a, b) => a - b), statuses };
}

/** `median 3 ms, worst 20 ms`. */
export const waitedText = ({ waited }: Behaved): string =>
  `median ${Math.round(waited[waited.length >> 1] ?? 0)} ms, worst ${Math.round(waited.at(-1) ?? 0)} ms`;

/** Connections of one flood, all closed at its end. What they are answered is counted, not kept. */
export class Flood implements Disposable {
  readonly sockets: net.Socket[] = [];
  readonly #port: number;
  isOver = false;
  /** Connections that were ended from the other side. */
  ended = 0;
  /** How often each status was answered. */
  readonly statuses = new Map<string, number>();

  constructor(url: string) {
    this.#port = Number(new URL(url).port);
  }

  /** Rejects if the connection is refused. `isReading`: false leaves what comes in the kernel. */
  async connect(isReading = true): Promise<net.Socket> {
    const socket = net.connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    this.sockets.push(socket);
    await once(socket, 'connect');
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.ended += 1;
    });
    if (isReading) socket.on('data', (chunk: Buffer) => this.#count(chunk));
    else socket.pause();
    return socket;
  }

  /** `count` at once, in steps that no queue of a listener is too short for. */
  async connectMany(count: number, first: string, isReading = true): Promise<void> {
    for (let made = 0; made < count; ) {
      const step = Math.min(200, count - made);
      const sockets = await Promise.all(Array.from({ length: step }, () => this.connect(isReading)));
      for (const socket of sockets) socket.write(first, 'latin1');
      made += step;
    }
  }

  /** Again and again, each time over a new connection, `lanes` at once, until the flood is over. */
  async repeat(lanes: number, bytes: string): Promise<void> {
    const lane = async (): Promise<void> => {
      while (!this.isOver) {
        const socket = await this.connect().catch(() => null);
        if (socket === null) continue;
        const closed = once(socket, 'close');
        socket.end(bytes, 'latin1');
        await closed;
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
  }

  #count(chunk: Buffer): void {
    const [, status] = /^HTTP\/1\.1 (\d{3})/.exec(chunk.toString('latin1', 0, 12)) ?? [];
    if (status !== undefined) this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
  }

  [Symbol.dispose](): void {
    this.isOver = true;
    for (const socket of this.sockets) socket.destroy();
  }
}
