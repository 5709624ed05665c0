// The simulated ESC pair: two nodes and a VIP on loopback addresses with real TCP, HTTP and TLS, for tests, the demo and
// rehearsals (reference/esc.md 10). This file composes the parts and is what a test holds in its hands. What is silent
// here is a connection that is taken and never answered: loopback cannot drop a SYN.
import { randomUUID } from 'node:crypto';
import type { Operation } from './admission.ts';
import { Cluster, type Served, type SwitchoverOptions } from './cluster.ts';
import { startControl } from './control.ts';
import { recoveryEvents } from './events.ts';
import { type CrashOrder, type CrashPoint, Faults, type Injection, type Match } from './faults.ts';
import { BoundedLog, type Effect, type ExecutedRequest, Vim } from './ledger.ts';
import type { Life } from './life.ts';
import { Network } from './network.ts';
import type { SimNode } from './node.ts';
import { type PairOptions, type PairSettings, pairSettings } from './profiles.ts';
import type { Resource } from './resources.ts';
import { type HealthOverride, HttpServers } from './servers.ts';
import type { Cause, Phase } from './takeover.ts';

export type SimulatedPair = Pair;

/** Starts a pair whose first node is active and READY. Rejects if an address or port cannot be had. */
export async function startPair(options: PairOptions = {}): Promise<SimulatedPair> {
  const pair = new Pair(pairSettings(options));
  await pair.start();
  return pair;
}

class Pair {
  readonly #settings: PairSettings;
  readonly #cluster: Cluster;
  readonly #network: Network<Served>;
  readonly #faults = new Faults();
  readonly #vim: Vim;
  readonly #requests: BoundedLog<ExecutedRequest>;
  readonly #servers: HttpServers;
  #control: Awaited<ReturnType<typeof startControl>> | undefined;
  #isInMaintenance = false;

  constructor(settings: PairSettings) {
    this.#settings = settings;
    this.#vim = new Vim(settings.limits.ledgerMax);
    this.#requests = new BoundedLog(settings.limits.requestsMax);
    this.#cluster = new Cluster(settings);
    this.#network = new Network<Served>(settings, {
      modeOf: (place, port) => this.#cluster.modeOf(place, port),
      receiverOf: (place, port) => this.#cluster.receiverOf(place, port),
      attach: (connection) => this.#servers.attach(connection),
    });
    this.#cluster.join(this.#network);
    this.#servers = new HttpServers(settings, this.#cluster, {
      settings,
      vim: this.#vim,
      faults: this.#faults,
      requests: this.#requests,
      isInMaintenance: () => this.#isInMaintenance,
      crash: (order, life, operation, settled) => this.#crash(order, life, operation, settled),
    });
  }

  async start(): Promise<void> {
    await this.#network.start();
    if (this.#settings.controlPort !== undefined) this.#control = await startControl(this, this.#settings.controlPort);
  }

  get vip(): string {
    return this.#settings.vip;
  }

  get nodes(): readonly [string, string] {
    return this.#settings.nodes;
  }

  get ports(): { rest: number; health: number; control: number | undefined } {
    return { ...this.#network.ports, control: this.#control?.port };
  }

  /** `http` or `https`, of REST and health alike. */
  get scheme(): 'http' | 'https' {
    return this.#settings.tls ? 'https' : 'http';
  }

  /** Address of the node that has the VIP. */
  get activeNode(): string {
    return this.#cluster.active.address;
  }

  /** How far the active is: P4 is READY, P0 means that there is none yet. */
  get phase(): Phase {
    return this.#cluster.phase;
  }

  /** Effects on the fake VIM, oldest first. */
  get ledger(): readonly Effect[] {
    return this.#vim.log.entries;
  }

  /** What stands on the VIM, as `TYPE ID`. */
  get vim(): readonly string[] {
    return this.#vim.standing();
  }

  /** Requests that a node executed, oldest first; answers of a container, of maintenance, INIT and 401 are not. */
  get requests(): readonly ExecutedRequest[] {
    return this.#requests.entries;
  }

  get isInMaintenance(): boolean {
    return this.#isInMaintenance;
  }

  /** The replicated store. */
  resources(): readonly Resource[] {
    return this.#cluster.store.all();
  }

  /** The services that run on the active node, in the order of their start. */
  services(): readonly string[] {
    return this.#cluster.active.running;
  }

  /** Both nodes' roles and phases, for people. */
  state(): Record<string, unknown> {
    const nodes = this.#cluster.nodes.map(({ address, keepalived, rest, health, phase, running }) => {
      return { address, keepalived, rest, health, phase, running };
    });
    const { vip, ports, scheme, activeNode, phase, isInMaintenance } = this;
    return { vip, ports, scheme, activeNode, phase, maintenance: isInMaintenance, nodes };
  }

  /** Begins a switchover; resolves when its first symptoms are there. One under way is overtaken. */
  switchover(cause: Cause, options: SwitchoverOptions = {}): Promise<void> {
    return this.#cluster.switchover(cause, options);
  }

  /** A planned switchover back by an operator: ESC never fails back by itself. */
  async failback(): Promise<void> {
    await this.#cluster.bringPeerBack();
    await this.switchover('planned');
  }

  /** Lets a switchover go on that was told to stop at a phase. */
  proceed(): Promise<void> {
    return this.#cluster.proceed();
  }

  /** Resolves when the active is READY. */
  ready(): Promise<void> {
    return this.#cluster.ready();
  }

  /** The lost node is back as standby, without waiting for its time. */
  bringPeerBack(): Promise<void> {
    return this.#cluster.bringPeerBack();
  }

  /** All REST requests get 503; running work goes on; it outlives a switchover. */
  maintenance(isOn: boolean): void {
    this.#isInMaintenance = isOn;
  }

  splitBrain(isOn: boolean): Promise<void> {
    return this.#cluster.splitBrain(isOn);
  }

  /** Stops a node's processes (SIGSTOP). It keeps the VIP unless a switchover takes it away. */
  freeze(address: string): void {
    this.#cluster.freeze(this.#node(address));
  }

  thaw(address: string): void {
    this.#cluster.thaw(this.#node(address));
  }

  /** The path between clients and the VIP dies, without a switchover. */
  cutPath(): void {
    this.#network.cutPath();
  }

  /** The path is back: what clients sent and did not reset is delivered now, also if they closed meanwhile. */
  healPath(): void {
    this.#network.healPath();
  }

  /** One-shot: the active dies when the next matching request reaches the point. */
  crashAt(point: CrashPoint, match?: Match, options: Pick<CrashOrder, 'cause' | 'leftover'> = {}): void {
    this.#faults.crashAt({ point, ...(match ? { match } : {}), ...options });
  }

  /** A fault for the next matching request, or the next `times` ones. */
  inject(injection: Injection): void {
    this.#faults.inject(injection);
  }

  /** Injected faults that no request has met yet. */
  get faultsWaiting(): number {
    return this.#faults.waiting;
  }

  /** Forgets crashes and injections that have not happened yet. */
  clearFaults(): void {
    this.#faults.clear();
  }

  overrideHealth(override: HealthOverride): void {
    this.#servers.healthOverride = override;
  }

  /** ESC recovers a VM by itself; its events go to Callback-ESC-Events. Whether there is such a VM. */
  async recoverMachine(deployment: string, group: string): Promise<boolean> {
    const { store, active } = this.#cluster;
    const row = store.get(deployment);
    const from = row?.machines.find((each) => each.group === group);
    if (!row || !from || !active.life) return false;
    const to = { ...from, uuid: randomUUID() };
    const changed = { ...row, machines: row.machines.map((each) => (each === from ? to : each)) };
    store.commit(changed);
    const { transaction, eventsUrl } = row;
    const id = `${deployment}/${group}`;
    this.#vim.apply({ at: Date.now(), node: active.address, kind: 'recovered', resourceType: 'vm', id, transaction });
    if (eventsUrl === undefined) return true;
    const events = recoveryEvents(from, to);
    await active.life.report(events.map((event) => ({ url: eventsUrl, transaction, event, resource: changed })));
    return true;
  }

  async close(): Promise<void> {
    await this.#control?.close();
    this.#cluster.close();
    await this.#network.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #node(address: string): SimNode {
    const node = this.#cluster.nodes.find((each) => each.address === address);
    if (!node) throw new Error(`${address} is not a node of this pair`);
    return node;
  }

  #crash({ cause = 'dead-vm', leftover }: CrashOrder, life: Life, operation: Operation, settled?: Resource): void {
    const { resource } = operation;
    const rows = { stuck: resource, error: { ...resource, state: { is: 'error' } as const }, active: settled };
    if (leftover === 'absent') life.store.remove(resource.id);
    else if (leftover) life.store.commit(rows[leftover] ?? resource);
    void this.switchover(cause);
  }
}
