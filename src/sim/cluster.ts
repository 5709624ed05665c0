// Who of the two nodes has the VIP, and the walk of a switchover: the active's memory dies (P0), the VIP moves and the
// peer's services start one by one (P1), its container answers (P2), the application comes up (P3), READY (P4), and some
// time later the lost node is back as standby. The store is the only thing that both nodes share. It knows no HTTP.
import type { Report } from './callbacks.ts';
import { Life } from './life.ts';
import type { Connection, Place, PortName, Network as PortNetwork, Receiver } from './network.ts';
import { type SimNode, standbyNode } from './node.ts';
import type { PairSettings } from './profiles.ts';
import { ResourceStore } from './resources.ts';
import { runningServices, startOrder } from './services.ts';
import {
  type Cause,
  causes,
  type Phase,
  type PhaseDurations,
  type PortMode,
  phaseDurations,
  type Symptoms,
} from './takeover.ts';
import { Timetable } from './timetable.ts';

/** Whom a connection belongs to: the node it reached and the life that served there at that time. */
export type Served = { node: SimNode; life: Life | undefined };
export type Network = PortNetwork<Served>;

/** Options of one switchover: any symptom, any phase's duration, and a phase to stay in until `proceed`. */
export type SwitchoverOptions = Partial<Symptoms> & { phases?: Partial<PhaseDurations>; stopAt?: Phase };

export class Cluster {
  readonly store: ResourceStore;
  readonly nodes: readonly [SimNode, SimNode];
  readonly order: readonly string[];
  readonly #settings: PairSettings;
  readonly #timetable: Timetable;
  #network: Network | undefined;
  #owner: SimNode;
  #isSplit = false;
  readonly #turns: Record<PortName, number> = { rest: 0, health: 0 };
  #readyWaiters: (() => void)[] = [];
  #lateReports: Report[] = [];

  constructor(settings: PairSettings) {
    this.#settings = settings;
    this.#timetable = new Timetable(settings.timeScale);
    this.order = startOrder(settings.services);
    this.store = new ResourceStore(settings.replicationLagCommits);
    const standbyHealth = settings.profiles.standbyHealth === 'refused' ? 'refused' : 'serving';
    this.nodes = [standbyNode(settings.nodes[0], 0, standbyHealth), standbyNode(settings.nodes[1], 1, standbyHealth)];
    this.#owner = this.nodes[0];
    this.#makeReady(this.#owner);
    this.#owner.life = new Life(settings, this.#owner.address, this.store);
  }

  /** Tells the cluster where its ports are opened and closed. Once, before anything else. */
  join(network: Network): void {
    this.#network = network;
  }

  /** The node that has the VIP. */
  get active(): SimNode {
    return this.#owner;
  }

  get standby(): SimNode {
    return this.nodes[this.#owner.place === 0 ? 1 : 0];
  }

  get phase(): Phase {
    return this.#owner.life?.isAlive === true ? this.#owner.phase : 'P0';
  }

  get isPeerBack(): boolean {
    return this.standby.keepalived === 'BACKUP';
  }

  /** What a place's port does at this moment. */
  modeOf(place: Place, port: PortName): PortMode {
    return (place === 'vip' ? this.#owner : this.nodes[place])[port];
  }

  /** Who gets a connection that is made now; in a split brain the nodes take turns at the VIP. */
  receiverOf(place: Place, port: PortName): Receiver<Served> {
    const node = place === 'vip' ? this.#vipNode(port) : this.nodes[place];
    const isFrozen = node.life?.isFrozen === true;
    return { mode: node[port], condition: isFrozen ? 'frozen' : 'running', owner: { node, life: node.life } };
  }

  /** Resolves when the active is READY; at once if it is. */
  ready(): Promise<void> {
    if (this.phase === 'P4') return Promise.resolve();
    return new Promise((resolve) => this.#readyWaiters.push(resolve));
  }

  /** Begins a switchover to the other node. Resolves when its first symptoms are there; a running one is overtaken. */
  async switchover(cause: Cause, options: SwitchoverOptions = {}): Promise<void> {
    const symptoms: Symptoms = { ...causes[cause], ...options };
    const old = this.#owner;
    const next = this.standby;
    this.#timetable.cancel();
    this.#isSplit = false;
    const durations = phaseDurations(this.store.list('deployment').length, symptoms, {
      ...this.#settings.phases,
      ...options.phases,
    });
    this.#lose(old, symptoms);
    const steps: [Phase, number, () => void][] = [
      ['P0', durations.P0, () => this.#moveVip(old, next, symptoms, durations)],
      ['P1', durations.P1, () => this.#startContainer(next)],
      ['P2', durations.P2, () => this.#startApplication(next, durations)],
      ['P3', durations.P3, () => this.#becomeReady(next)],
    ];
    const endOf = (step: () => void) => (): void => {
      step();
      void this.#network?.settle();
    };
    this.#timetable.begin(
      steps.map(([name, durationMs, step]) => ({ name, durationMs, end: endOf(step) })),
      options.stopAt,
    );
    await this.#network?.settle();
  }

  /** Lets a switchover that stays in a phase go on. */
  async proceed(): Promise<void> {
    this.#timetable.proceed();
    await this.#network?.settle();
  }

  /** The node that was lost is back and follows; its ports do what a standby's do. */
  async bringPeerBack(): Promise<void> {
    const peer = this.standby;
    peer.life?.end();
    for (const connection of this.#connectionsOf(peer)) connection.wire.reset();
    const { address, place } = peer;
    Object.assign(peer, standbyNode(address, place, this.#standbyHealth()));
    await this.#network?.settle();
  }

  /** The node's processes stop running; its kernel does not, and keepalived is another matter: see `switchover`. */
  freeze(node: SimNode): void {
    node.life?.freeze();
    for (const { wire } of this.#connectionsOf(node)) wire.freeze();
  }

  /** The node runs on, and executes what reached it meanwhile: late, whoever has the VIP by now. */
  thaw(node: SimNode): void {
    node.life?.thaw();
    for (const { wire } of this.#connectionsOf(node)) wire.thaw();
    if (node !== this.#owner) this.#timetable.later(this.#settings.peerReturnMs, () => void this.#returnPeer());
  }

  /** Both nodes answer the VIP, connection by connection; when it ends, the second one's writes are lost. */
  async splitBrain(isOn: boolean): Promise<void> {
    const other = this.standby;
    if (isOn === this.#isSplit || this.phase !== 'P4') return;
    if (isOn) {
      other.life?.end();
      other.life = new Life(this.#settings, other.address, this.store);
      other.life.isolate(false);
      this.#makeReady(other);
    }
    this.#isSplit = isOn;
    if (!isOn) await this.bringPeerBack();
    await this.#network?.settle();
  }

  close(): void {
    this.#timetable.cancel();
    for (const node of this.nodes) node.life?.end();
    for (const waiter of this.#readyWaiters.splice(0)) waiter();
  }

  /** P0: the active's memory is gone; what its connections see follows the cause. */
  #lose(old: SimNode, symptoms: Symptoms): void {
    const { life } = old;
    if (symptoms.leftover === 'error' && life) this.#leaveInError(life);
    const livesOn = life !== undefined && (life.isFrozen || symptoms.oldNodeFinishes);
    if (livesOn) life.isolate(!life.isFrozen);
    else this.#lateReports.push(...(life?.end() ?? []));
    this.store.loseUnreplicated();
    old.keepalived = symptoms.rest === 'refused' ? 'STOP' : 'FAULT';
    old.phase = 'P0';
    old.rest = symptoms.rest;
    old.health = symptoms.health;
    old.brokenCode = symptoms.healthCode;
    for (const { wire, port } of this.#connectionsOf(old)) {
      if (livesOn && life.isFrozen) continue;
      if (port === 'health' && symptoms.health === 'serving') continue;
      wire.die(symptoms.established);
    }
  }

  #leaveInError(life: Life): void {
    for (const id of life.busy) {
      const row = this.store.get(id);
      if (row) this.store.commit({ ...row, state: { is: 'error' } });
    }
  }

  /** P1: the VIP is the other node's, where nothing listens yet; services start in the order of `depend_on`. */
  #moveVip(old: SimNode, next: SimNode, symptoms: Symptoms, durations: PhaseDurations): void {
    next.life?.end();
    Object.assign(next, standbyNode(next.address, next.place, this.#standbyHealth()));
    next.keepalived = 'SWITCHING_TO_MASTER';
    next.phase = 'P1';
    next.life = new Life(this.#settings, next.address, this.store);
    this.#owner = next;
    for (const { wire, place } of this.#connectionsOf(old)) if (place === 'vip') wire.move(symptoms.atMove);
    const startMs = durations.P1 + durations.P2;
    for (let started = 1; started < this.order.length; started++) {
      this.#timetable.later((startMs * started) / this.order.length, () => {
        // A phase that was told to stay keeps its services where they are; one that was cut short has started them all.
        const isStarting = next.phase === 'P1' || next.phase === 'P2';
        if (isStarting && !this.#timetable.isStopped)
          next.running = runningServices(this.order, started / this.order.length);
        // The monitor itself runs once the file system with its configuration is there.
        if (next.running.includes('filesystem')) next.health = 'serving';
        void this.#network?.settle();
      });
    }
  }

  /** P2: the application container takes connections, without its application. */
  #startContainer(next: SimNode): void {
    next.phase = 'P2';
    next.rest = 'serving';
    next.health = 'serving';
  }

  /** P3: everything runs; VIM connections are set up, provisioning is refused. */
  #startApplication(next: SimNode, durations: PhaseDurations): void {
    next.phase = 'P3';
    next.running = this.order;
    next.keepalived = 'MASTER';
    const earlyMs = this.#settings.profiles.healthReadyEarlyMs;
    if (earlyMs > 0) {
      this.#timetable.later(Math.max(durations.P3 - earlyMs, 0), () => {
        next.saysReady = true;
      });
    }
  }

  #becomeReady(next: SimNode): void {
    this.#makeReady(next);
    if (!this.isPeerBack) this.#timetable.later(this.#settings.peerReturnMs, () => void this.#returnPeer());
    if (this.#settings.profiles.callbackAfterSwitchover === 'late') void next.life?.report(this.#lateReports);
    this.#lateReports = [];
    for (const waiter of this.#readyWaiters.splice(0)) waiter();
  }

  #makeReady(node: SimNode): void {
    Object.assign(node, { keepalived: 'MASTER', rest: 'serving', health: 'serving', phase: 'P4', saysReady: true });
    node.running = this.order;
    node.brokenCode = undefined;
  }

  /** A frozen node does not come back by itself, but some time after its thaw. */
  async #returnPeer(): Promise<void> {
    if (!this.standby.life?.isFrozen) await this.bringPeerBack();
  }

  #standbyHealth(): SimNode['health'] {
    return this.#settings.profiles.standbyHealth === 'refused' ? 'refused' : 'serving';
  }

  #vipNode(port: PortName): SimNode {
    if (!this.#isSplit) return this.#owner;
    this.#turns[port] += 1;
    return this.#turns[port] % 2 === 1 ? this.#owner : this.standby;
  }

  #connectionsOf(node: SimNode): Connection<Served>[] {
    return [...(this.#network?.connections ?? [])].filter(({ owner }) => owner.node === node);
  }
}
