/**
 * The whole of it for a scenario: a simulated ESC pair, a gateway in front of it, and requests as an orchestrator makes
 * them. Everything real but the scale of time: sockets, journal file, processes' clocks.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Agent, request } from 'undici';
import { type Gateway, type Internals, startGateway } from '../../src/app.ts';
import { readConfig, refusalText } from '../../src/config/reader.ts';
import { type SimulatedPair, startPair } from '../../src/sim/pair.ts';
import type { PairOptions } from '../../src/sim/profiles.ts';
import { watched } from './answer-watch.ts';
import { ownAddresses } from './own-network.ts';
import { until } from './until.ts';

/** A switchover in well under a second of silence, refusals, a starting container, INIT and READY. */
export const briefly: PairOptions = {
  ...ownAddresses(),
  restPort: 0,
  healthPort: 0,
  timeScale: 0.004,
  peerReturnMs: 20_000,
};

export interface WorldOptions {
  readonly pair?: PairOptions;
  /** Further settings, as `NORTHGATE_…` variables. */
  readonly settings?: Readonly<Record<string, string>>;
  /** What no configuration key sets. */
  readonly internals?: Internals;
}

export interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export class World {
  readonly pair: SimulatedPair;
  readonly directory: string;
  readonly #settings: Readonly<Record<string, string>>;
  readonly #agent = new Agent({ connections: null, pipelining: 1 });
  gateway: Gateway;

  constructor(pair: SimulatedPair, directory: string, settings: Readonly<Record<string, string>>, gateway: Gateway) {
    this.pair = pair;
    this.directory = directory;
    this.#settings = settings;
    this.gateway = gateway;
  }

  /** Sends a request to the gateway and waits for its answer. */
  async send(method: string, path: string, body?: string, headers: Record<string, string> = {}): Promise<Told> {
    const answer = await request(`${this.gateway.northbound.url}${path}`, {
      dispatcher: this.#agent,
      method: method as 'GET',
      headers: { 'content-type': 'application/xml', ...headers },
      headersTimeout: 60_000,
      ...(body === undefined ? {} : { body }),
    });
    return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() };
  }

  createTenant(id: string): Promise<Told> {
    return this.send('POST', `/ESCManager/v0/tenants/${id}`, tenantXml(id));
  }

  /** Ends this gateway (drained) and starts another on the same journal. */
  async restartGateway(): Promise<void> {
    await this.gateway.close();
    this.gateway = await startGatewayWith(this.#settings);
  }

  async open(): Promise<void> {
    await until(() => this.gateway.coordinator.isOpen, 'the gate is open');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
    try {
      await this.gateway.close();
    } finally {
      await this.pair.close();
      await rm(this.directory, { recursive: true, force: true });
    }
  }
}

/** Rejects if the gateway does not start and open; then nothing stays that would keep the test process from ending. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'northgate-'));
  await using parts = new AsyncDisposableStack();
  parts.defer(() => rm(directory, { recursive: true, force: true }));
  const pair = parts.use(await startPair({ ...briefly, ...options.pair }));
  const settings = { ...settingsFor(pair, directory), ...options.settings };
  const gateway = parts.use(await startGatewayWith(settings, options.internals));
  const world = new World(pair, directory, settings, gateway);
  await world.open();
  parts.move();
  return world;
}

/**
 * Settings of a gateway for this pair that reacts quickly. How often it asks is short; how long it waits for an answer
 * is not: a process that gets little of its machine for a moment must not take the pair for silent, `fall` times in a row.
 */
export function settingsFor(pair: SimulatedPair, directory: string): Record<string, string> {
  return {
    NORTHGATE_NORTHBOUND_HOST: '127.0.0.1',
    NORTHGATE_NORTHBOUND_PORT: '0',
    NORTHGATE_OPS_PORT: '0',
    NORTHGATE_ESC_VIP: pair.vip,
    NORTHGATE_ESC_NODES: pair.nodes.join(','),
    NORTHGATE_ESC_REST_SCHEME: pair.scheme,
    NORTHGATE_ESC_REST_PORT: String(pair.ports.rest),
    NORTHGATE_ESC_HEALTH_SCHEME: pair.scheme,
    NORTHGATE_ESC_HEALTH_PORT: String(pair.ports.health),
    NORTHGATE_ESC_HEALTH_INTERVAL: '50ms',
    NORTHGATE_ESC_HEALTH_TIMEOUT: '1s',
    NORTHGATE_ESC_TIMEOUTS_CONNECT: '5s',
    NORTHGATE_REPLAY_RAMP_UP: '0s',
    NORTHGATE_DRAIN_TIMEOUT: '0s',
    NORTHGATE_COMPLETION_ASK_AFTER: '150ms',
    NORTHGATE_REPLAY_STUCK_AFTER: '500ms',
    NORTHGATE_JOURNAL_URL: `sqlite:${join(directory, 'northgate.db')}`,
  };
}

export async function startGatewayWith(
  settings: Readonly<Record<string, string>>,
  internals: Internals = {},
): Promise<Gateway> {
  const reading = readConfig({ environment: settings });
  if ('errors' in reading) throw new Error(refusalText(reading));
  const log = pino({ level: process.env.NORTHGATE_TEST_LOG ?? 'silent' });
  return watched(await startGateway(reading.config, log, internals));
}

export const tenantXml = (name: string): string =>
  `<tenant xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><name>${name}</name></tenant>`;

export const networkXml = (name: string): string =>
  `<network xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><name>${name}</name></network>`;

export const deploymentXml = (name: string, network?: string): string =>
  `<deployment xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><name>${name}</name><vm_group><name>g1</name>` +
  `<image>img</image><flavor>flv</flavor><bootup_time>600</bootup_time>` +
  `${network === undefined ? '' : `<interfaces><interface><nicid>0</nicid><network>${network}</network></interface></interfaces>`}` +
  '</vm_group></deployment>';

export const uniqueId = (prefix: string): string => `${prefix}-${randomUUID().slice(0, 8)}`;
