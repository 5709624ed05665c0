/** A real gateway in front of an `EchoEsc`, for tests that count bytes. The simulated pair is in `world.ts`. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Gateway } from '../../src/app.ts';
import type { Transaction } from '../../src/domain/transaction.ts';
import { type EchoEsc, type EchoOptions, startEcho } from './echo-esc.ts';
import { connectRaw, connectSecure, type RawClient } from './raw-client.ts';
import { until } from './until.ts';
import { startGatewayWith } from './world.ts';

export interface EchoWorldOptions extends EchoOptions {
  /** Further settings, as `NORTHGATE_…` variables. */
  readonly settings?: Readonly<Record<string, string>>;
}

export class EchoWorld {
  readonly esc: EchoEsc;
  readonly gateway: Gateway;
  readonly directory: string;
  readonly #clients: RawClient[] = [];

  constructor(esc: EchoEsc, gateway: Gateway, directory: string) {
    this.esc = esc;
    this.gateway = gateway;
    this.directory = directory;
  }

  get host(): string {
    return `127.0.0.1:${this.gateway.northbound.port}`;
  }

  /** A connection to the gateway; closed with this world. */
  async connect(): Promise<RawClient> {
    const { port, url } = this.gateway.northbound;
    const client = await (url.startsWith('https') ? connectSecure(port) : connectRaw(port));
    this.#clients.push(client);
    return client;
  }

  /** What the journal holds, newest first. */
  transactions(): Promise<Transaction[]> {
    return this.gateway.journal.list({ limit: 1000 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    try {
      await this.gateway.close();
    } finally {
      await this.esc[Symbol.asyncDispose]();
      await rm(this.directory, { recursive: true, force: true });
    }
  }
}

/** Rejects if the gateway does not start and open; then nothing stays that would keep the test process from ending. */
export async function startEchoWorld(options: EchoWorldOptions = {}): Promise<EchoWorld> {
  await using parts = new AsyncDisposableStack();
  const esc = parts.use(await startEcho(options));
  const directory = await mkdtemp(join(tmpdir(), 'northgate-'));
  parts.defer(() => rm(directory, { recursive: true, force: true }));
  const started = await startGatewayWith({
    NORTHGATE_NORTHBOUND_HOST: '127.0.0.1',
    NORTHGATE_NORTHBOUND_PORT: '0',
    NORTHGATE_OPS_PORT: '0',
    NORTHGATE_ESC_VIP: '127.0.0.1',
    NORTHGATE_ESC_REST_SCHEME: options.tls === undefined ? 'http' : 'https',
    NORTHGATE_ESC_REST_PORT: String(esc.port),
    NORTHGATE_ESC_HEALTH_SCHEME: 'http',
    NORTHGATE_ESC_HEALTH_PORT: String(esc.healthPort),
    NORTHGATE_ESC_HEALTH_INTERVAL: '50ms',
    NORTHGATE_ESC_HEALTH_TIMEOUT: '1s',
    NORTHGATE_DRAIN_TIMEOUT: '0s',
    NORTHGATE_JOURNAL_URL: `sqlite:${join(directory, 'northgate.db')}`,
    ...options.settings,
  });
  const gateway = parts.use(started);
  await until(() => gateway.coordinator.isOpen, 'the gate is open');
  parts.move();
  return new EchoWorld(esc, gateway, directory);
}
