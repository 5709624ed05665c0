/**
 * One whole lab: two nodes with keepalived on a bridge, the store behind them, and the gateway, Redis and the clients in
 * namespaces of their own. This is what a cause holds in its hands. Nothing here judges.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Load } from '../chaos/load.ts';
import { makeCertificate } from '../config/certificate.ts';
import { run } from './commands.ts';
import type { NodeStart } from './esc-node.ts';
import type { GatewayStart, OpsQuestion } from './gateway-program.ts';
import { Keepalived, type Vrrp } from './keepalived.ts';
import { folderPrefix } from './leftovers.ts';
import { addresses, Network, type NodeName } from './network.ts';
import { Resident } from './resident.ts';
import { callbackPort, gatewaySettings, northboundPort, type Pace, redisPort } from './settings.ts';
import type { Sighting } from './sightings.ts';
import { Store } from './store.ts';

export interface PairOptions {
  readonly name: string;
  readonly vrrp: Vrrp;
  readonly pace: Pace;
  readonly clients: number;
  readonly seed: number;
  /** Whether ESC speaks HTTPS, each node with a certificate of its own. */
  readonly isSecure: boolean;
  /** Where logs and configurations stay; without it nothing does. */
  readonly keep?: string | undefined;
}

/** Only what never comes takes as long, however slow the machine. */
const waitMaxMs = 300_000;
const calmMaxMs = 3_000;
const startsMax = 5;
const pollMs = 50;
const nodeProgram = fileURLToPath(new URL('esc-node.ts', import.meta.url));
const nodes: readonly NodeName[] = ['esc1', 'esc2'];

export class Pair implements AsyncDisposable {
  readonly network: Network;
  readonly store = new Store();
  readonly folder: string;
  readonly sightings: Sighting[] = [];
  readonly options: PairOptions;
  /** Of each node, for its own address and the VIP. */
  readonly #certificates: Readonly<Record<NodeName, NodeStart['certificate']>>;
  readonly #keepaliveds: Readonly<Record<NodeName, Keepalived>>;
  #gateway: Resident<Sighting> | null = null;
  #load: Load | null = null;

  constructor(options: PairOptions) {
    this.options = options;
    this.network = new Network(options.name);
    const { keep, name, seed } = options;
    this.folder =
      keep === undefined ? mkdtempSync(join(tmpdir(), folderPrefix())) : join(resolve(keep), `${name}-${seed}`);
    mkdirSync(this.folder, { recursive: true });
    const certificateOf = (node: NodeName): NodeStart['certificate'] =>
      options.isSecure ? makeCertificate(node, [addresses[node], addresses.vip]) : null;
    this.#certificates = { esc1: certificateOf('esc1'), esc2: certificateOf('esc2') };
    this.#keepaliveds = { esc1: this.#keepalivedOf('esc1'), esc2: this.#keepalivedOf('esc2') };
  }

  /** The clients; there once the pair has started. */
  get load(): Load {
    if (this.#load === null) throw new Error('the clients have not been started');
    return this.#load;
  }

  keepalived(node: NodeName): Keepalived {
    return this.#keepaliveds[node];
  }

  /** The node whose services hold the role; a cause begins with a pair that has one. */
  get active(): NodeName {
    const node = this.store.readyNode;
    if (node === null) throw new Error(`${this.options.name}: no node is active`);
    return node;
  }

  peerOf(node: NodeName): NodeName {
    return node === 'esc1' ? 'esc2' : 'esc1';
  }

  /** A signal to the services of a node, if they run. */
  signalServices(node: NodeName, signal: NodeJS.Signals): void {
    const pid = Number(readFileSync(this.#fileOf(node, 'services.pid'), 'utf8'));
    if (pid > 0) process.kill(pid, signal);
  }

  /** The ops API's answer; rejects if there is none. */
  ops<Body>(path: string, body?: object): Promise<Body> {
    if (this.#gateway === null) throw new Error('the gateway has not been started');
    const question: OpsQuestion = body === undefined ? { path } : { path, body };
    return this.#gateway.ask<Body>('ops', question);
  }

  /** Resolves when the first node is active, the other one follows, the gate is open, and the clients are at work. */
  async start(): Promise<void> {
    await this.store.listen(join(this.folder, 'store'));
    this.#startRedis();
    this.keepalived('esc1').start();
    await this.until(() => this.network.holdsVip('esc1'), 'the first node has the VIP');
    this.keepalived('esc2').start();
    await this.#untilRedisAnswers();
    await this.#startGateway();
    await this.untilStable();
    const calling = { host: addresses.gateway, port: northboundPort, callbackHost: addresses.clients, callbackPort };
    const { seed, clients } = this.options;
    const ledgerFile = join(this.folder, 'clients.json');
    this.#load = new Load({ ...calling, seed, clients, ledgerFile }, this.network.inside('clients'));
    await this.#load.start();
  }

  /** Resolves when the gate was shut after this time. */
  async untilShut(since: number): Promise<Sighting> {
    return this.#untilSeen('shut', since);
  }

  /** Resolves when the gate was shut after this time and opened again. */
  async untilOpen(since: number): Promise<Sighting> {
    return this.#untilSeen('open', (await this.untilShut(since)).at);
  }

  /** Resolves when nothing waits to be sent or looked at, or after a while: what cannot be done now goes on by itself. */
  async untilCalm(): Promise<void> {
    const deadlineAt = Date.now() + calmMaxMs;
    while (Date.now() < deadlineAt) {
      const { transactions } = await this.ops<{ transactions: Record<string, number> | null }>('/v1/pair');
      if (transactions !== null && transactions.held === 0 && transactions.unacknowledged === 0) return;
      await pause(pollMs);
    }
  }

  /** Resolves when one node has role and VIP, the other one neither, both have their keepalived, and the gateway sees it so. */
  async untilStable(): Promise<void> {
    await this.until(async () => {
      const node = this.store.readyNode;
      if (node === null || this.sightings.at(-1)?.kind === 'shut' || this.sightings.length === 0) return false;
      if (nodes.some((each) => !this.keepalived(each).isRunning)) return false;
      if (!(await this.network.holdsVip(node)) || (await this.network.holdsVip(this.peerOf(node)))) return false;
      const seen = await this.ops<{ gate: string; activeNode: string }>('/v1/pair');
      return seen.gate === 'open' && seen.activeNode === addresses[node];
    }, 'one node serves, the other follows, and the gate is open');
  }

  async until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
    const deadlineAt = Date.now() + waitMaxMs;
    while (!(await condition())) {
      if (Date.now() > deadlineAt)
        throw new Error(`${this.options.name}: waited ${waitMaxMs} ms in vain until ${what}`);
      await pause(pollMs);
    }
  }

  /** Its processes end with their namespaces; here ends what is in this process. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close();
    if (this.options.keep === undefined) rmSync(this.folder, { recursive: true, force: true });
  }

  async #untilSeen(kind: Sighting['kind'], since: number): Promise<Sighting> {
    const find = (): Sighting | undefined => this.sightings.find((each) => each.kind === kind && each.at >= since);
    await this.until(() => find() !== undefined, `the gate was ${kind}`);
    const found = find();
    if (found === undefined) throw new Error('defect: it was seen');
    return found;
  }

  /** As a supervisor does: one that cannot start, because its machine gives it or Redis no time, is started again. */
  async #startGateway(): Promise<void> {
    const errorFile = join(this.folder, 'gateway.errors');
    const logFile = join(this.folder, 'gateway.log');
    const certificateFile = this.options.isSecure ? this.#writeCertificates() : null;
    const start: GatewayStart = { settings: gatewaySettings(this.options.pace, certificateFile), logFile };
    for (let number = 1; ; number += 1) {
      const see = (news: Sighting): void => void this.sightings.push(news);
      const gateway = new Resident<Sighting>('gateway-program', this.network.inside('gateway'), errorFile, see);
      this.#gateway = gateway;
      try {
        await gateway.ask('start', start);
        return;
      } catch (error) {
        await gateway[Symbol.asyncDispose]();
        if (number === startsMax) throw error;
      }
    }
  }

  #startRedis(): void {
    const folder = join(this.folder, 'redis');
    mkdirSync(folder);
    const given = ['--bind', addresses.redis, '--port', String(redisPort), '--dir', folder, '--save', ''];
    const durable = ['--appendonly', 'yes', '--appendfsync', 'always', '--protected-mode', 'no'];
    const [command = '', ...words] = [...this.network.inside('redis'), 'redis-server', ...given, ...durable];
    spawn(command, words, { stdio: 'ignore' });
  }

  async #untilRedisAnswers(): Promise<void> {
    const [command = '', ...words] = [...this.network.inside('redis'), 'redis-cli', '-h', addresses.redis, 'ping'];
    await this.until(
      () =>
        run(command, ...words).then(
          (answer) => answer.includes('PONG'),
          () => false,
        ),
      'Redis answers',
    );
  }

  #keepalivedOf(node: NodeName): Keepalived {
    const folder = join(this.folder, node);
    mkdirSync(folder);
    const { scale } = this.options.pace;
    const start: NodeStart = {
      node,
      storePath: join(this.folder, 'store'),
      readyFile: join(folder, 'ready'),
      timeScale: 1 / scale,
      certificate: this.#certificates[node],
    };
    const services = [process.execPath, nodeProgram, JSON.stringify(start)];
    return new Keepalived({ node, vrrp: this.options.vrrp, inside: this.network.inside(node), folder, services });
  }

  #writeCertificates(): string {
    const file = join(this.folder, 'esc.pem');
    writeFileSync(file, nodes.map((node) => this.#certificates[node]?.cert ?? '').join(''));
    return file;
  }

  #fileOf(node: NodeName, name: string): string {
    return join(this.folder, node, name);
  }
}
