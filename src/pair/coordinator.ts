/**
 * Carries out what `domain/switchover.ts` decides: asks the health monitors, bumps the epoch in the journal, tells the
 * rest of the gateway when the gate opens and when an epoch ended. The path of a switchover is `#carryOut`.
 * Invariant: state changes only in `#apply`, by an event; timers and sockets only make events.
 */
import type { Logger } from 'pino';
import { admission, witnessMaxMs, witnessOf } from '../domain/active-node.ts';
import type { Observation } from '../domain/health.ts';
import { isInDoubt } from '../domain/health.ts';
import { initialPair, type PairState } from '../domain/pair-state.ts';
import { backoffMs } from '../domain/retry.ts';
import {
  causeOf,
  decide,
  type GateMode,
  gateOf,
  type HoldReason,
  type PairEffect,
  type PairEvent,
  type PairRules,
} from '../domain/switchover.ts';
import type { Instant } from '../domain/transaction.ts';
import type { Journal } from '../journal/journal.ts';
import type { ConnectOptions } from '../upstream/sockets.ts';
import { now } from './clock.ts';
import { endEpochSurely } from './epoch-bump.ts';
import { type PairListener, PairListeners } from './listeners.ts';
import { Prober, type ProberOptions } from './prober.ts';
import { Sentinel } from './sentinel.ts';
import { Switchovers } from './switchovers.ts';

export interface CoordinatorOptions {
  readonly journal: Journal;
  readonly log: Logger;
  readonly vip: string;
  readonly nodes: readonly string[];
  readonly probe: Omit<ProberOptions, 'host' | 'onObservation'>;
  readonly rest: ConnectOptions;
  readonly rules: PairRules;
  /** Not running for so long, in ms, is a sleep that trust does not outlive (R5): the lease's time. */
  readonly sleepMs: number;
  /** Whether another replica's lease has held since before this one's began, so that somebody watched the pair all the time. Rejects with JournalUnavailable. */
  readonly isCovered: () => Promise<boolean>;
}

const heartbeatMs = 500;
/** A connection whose certificate must be asked for waits no longer. */
const admissionMaxMs = 5_000;

export class Coordinator {
  readonly switchovers: Switchovers;
  readonly #options: CoordinatorOptions;
  readonly #listeners = new PairListeners();
  readonly #vipProber: Prober;
  readonly #nodeProbers: ReadonlyMap<string, Prober>;
  readonly #probers: readonly Prober[];
  readonly #sentinel: Sentinel;
  #state: PairState;
  #gateShown: GateMode = 'holding';
  #settleTimer: NodeJS.Timeout | null = null;
  #heartbeat: NodeJS.Timeout | null = null;
  #beatAt = 0;
  #isClosed = false;

  constructor(options: CoordinatorOptions) {
    this.#options = options;
    this.switchovers = new Switchovers(options.journal);
    this.#state = initialPair(0, options.nodes, now());
    const prober = (host: string, onObservation: (observation: Observation) => void) =>
      new Prober({ ...options.probe, host, onObservation });
    this.#vipProber = prober(options.vip, (observation) => this.#vipObserved(observation));
    this.#nodeProbers = new Map(
      options.nodes.map((node) => [
        node,
        prober(node, (observation) => this.#apply({ kind: 'node-observed', node, observation })),
      ]),
    );
    this.#probers = [this.#vipProber, ...this.#nodeProbers.values()];
    this.#sentinel = new Sentinel(options.rest, (evidence) => this.badSign(evidence));
  }

  /**
   * A start ends trust in what an earlier process sent, unless another replica watched the pair meanwhile (R5): the epoch
   * is bumped before anything is probed or sent. Rejects if the journal cannot be read or written.
   */
  async start(): Promise<void> {
    const { journal, isCovered } = this.#options;
    const epoch = await journal.epoch();
    const isKept = epoch > 0 && (await isCovered());
    const begun = isKept ? { word: 'kept' as const, epoch } : await journal.bumpEpoch(epoch, null);
    if (begun.word === 'unavailable') throw new Error('the journal does not take the epoch', { cause: begun.cause });
    this.#state = initialPair(begun.epoch, this.#options.nodes, now());
    for (const prober of this.#probers) prober.start();
    this.#sentinel.start();
    this.#beatAt = Date.now();
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatMs);
  }

  /** A process that was frozen wakes here: its timers come late. */
  #beat(): void {
    const wall = Date.now();
    const sleptMs = wall - this.#beatAt - heartbeatMs;
    this.#beatAt = wall;
    if (sleptMs >= this.#options.sleepMs) this.#apply({ kind: 'woke', sleptMs });
  }

  close(): void {
    this.#isClosed = true;
    if (this.#heartbeat !== null) clearInterval(this.#heartbeat);
    for (const prober of this.#probers) prober.close();
    this.#sentinel.close();
    this.#listeners.close();
    if (this.#settleTimer !== null) clearTimeout(this.#settleTimer);
  }

  listen(listener: PairListener): void {
    this.#listeners.add(listener);
  }

  get state(): PairState {
    return this.#state;
  }

  get epoch(): number {
    return this.#state.epoch;
  }

  /** Own address of the node believed active. */
  get activeNode(): string | null {
    return this.#state.activeNode;
  }

  gate(): { mode: GateMode; reason: HoldReason } {
    return gateOf(this.#state, now(), this.#options.rules);
  }

  get isOpen(): boolean {
    return this.gate().mode === 'open';
  }

  /** A bad sign in live traffic or on the resting connection: every monitor is asked at once, nothing is decided (R6). */
  badSign(evidence: string): void {
    this.#options.log.debug({ evidence }, 'a bad sign: all health monitors are asked');
    this.askNow();
  }

  askNow(): void {
    for (const prober of this.#probers) prober.askNow();
  }

  byHand(mode: 'open' | 'holding' | 'draining'): void {
    this.#apply({ kind: 'by-hand', mode });
  }

  /** ESC does not have what it accepted in this epoch: the epoch ends (R5). */
  distrust(why: string): void {
    this.#apply({ kind: 'distrusted', why, now: now() });
  }

  maintenance(on: boolean): void {
    if (this.#state.maintenance === on) return;
    this.#options.log.info(on ? 'ESC answers 503 under READY: maintenance mode' : 'ESC takes requests again');
    this.#apply({ kind: 'maintenance', on });
  }

  /** Another replica may have bumped: the journal said `stale-epoch`, or time has passed. Rejects with JournalUnavailable. */
  async learnEpoch(): Promise<void> {
    const epoch = await this.#options.journal.epoch();
    this.#apply({ kind: 'epoch-is', epoch, now: now() });
  }

  /**
   * The journal is on a server that may lack what was confirmed: trust in this epoch ends (R34). Resolves when this replica
   * knows a later one, whoever began it, or on close.
   */
  async endEpoch(epoch: number): Promise<void> {
    for (let failures = 1; this.epoch <= epoch && !this.#isClosed; failures += 1) {
      await this.learnEpoch().catch(() => undefined);
      if (this.epoch < epoch) await new Promise((resolve) => setTimeout(resolve, backoffMs(failures, Math.random())));
      if (this.epoch === epoch) await this.#ended(() => this.#apply({ kind: 'journal-changed', now: now() }));
    }
  }

  /** Resolves when this epoch has ended, or on close. */
  #ended(begin: () => void): Promise<void> {
    return this.#listeners.wait<void>({ deadlineMs: null, late: undefined, closed: undefined }, (finish) => {
      // Ordered when it listens: the order may be answered at once.
      queueMicrotask(begin);
      return { epochEnded: () => finish() };
    });
  }

  /**
   * Waits for a VIP probe sent after `after` that says READY in `epoch` (R12). `ended`: the epoch ended first, or
   * `deadlineMs` passed.
   */
  confirmReady(after: Instant, epoch: number, deadlineMs: number): Promise<'ready' | 'ended'> {
    this.askNow();
    return this.#listeners.wait<'ready' | 'ended'>({ deadlineMs, late: 'ended', closed: 'ended' }, (finish) => {
      if (this.epoch !== epoch) finish('ended');
      return {
        epochEnded: () => finish('ended'),
        proven: (askedAt) => {
          if (askedAt <= after) this.askNow();
          else if (this.#state.readyAt !== null && !this.#state.bumping) finish('ready');
        },
      };
    });
  }

  /**
   * Whether a new connection to the VIP is to the node that this epoch trusts (R6), by its certificate; null: it is, else
   * why it must not be used. Another node's ends the epoch at once.
   */
  async refusalOf(certificate: string): Promise<string | null> {
    const { epoch } = this;
    const isAsked = admission(this.#state, certificate) === 'ask';
    if (isAsked && (await this.confirmReady(now(), epoch, admissionMaxMs)) === 'ended') {
      return 'nobody could tell which node answers at the VIP';
    }
    this.#apply({ kind: 'connected', certificate, now: now() });
    return this.#state.certificate === certificate ? null : 'another node answers at the VIP';
  }

  /**
   * Whether the answer to a look, got until `after`, may be believed: the node that serves says READY by its own monitor to
   * a later question, in the same epoch. False: another node may have answered at the VIP; look again.
   */
  confirmServing(after: Instant, epoch: number): Promise<boolean> {
    const witness = witnessOf(this.#state, now());
    if (witness === null) return Promise.resolve(true);
    this.#nodeProbers.get(witness)?.askNow();
    return this.#listeners.wait<boolean>({ deadlineMs: witnessMaxMs, late: false, closed: false }, (finish) => {
      if (this.epoch !== epoch) finish(false);
      return {
        epochEnded: () => finish(false),
        changed: () => {
          const last = this.#state.nodes[witness]?.last ?? null;
          if (last === null || last.at <= after) this.#nodeProbers.get(witness)?.askNow();
          else finish(last.health === 'ready' && !this.#state.bumping);
        },
      };
    });
  }

  /** Waits until the gate is open; `draining` ends the wait, and so does the client's leaving (as `expired`). */
  untilOpen(deadlineAt: Instant, hasLeft: AbortSignal): Promise<'open' | 'draining' | 'expired'> {
    const deadlineMs = Math.max(0, deadlineAt - now());
    return this.#listeners.wait<'open' | 'draining' | 'expired'>(
      { deadlineMs, late: 'expired', closed: 'draining', signal: hasLeft },
      (finish) => ({
        opened: () => finish('open'),
        changed: () => {
          if (this.gate().mode === 'draining') finish('draining');
        },
      }),
    );
  }

  #vipObserved(observation: Observation): void {
    this.#apply({ kind: 'vip-observed', observation });
    // Not the answer of another node, nor one that has just ended the epoch.
    if (this.#state.provenAt === observation.at && !this.#state.bumping) {
      this.#listeners.tell((listener) => listener.proven?.(observation.at));
    }
  }

  #apply(event: PairEvent): void {
    if (this.#isClosed) return;
    const { state, effects } = decide(this.#state, event, this.#options.rules);
    this.#state = state;
    for (const effect of effects) this.#carryOut(effect);
    this.#vipProber.inDoubt = isInDoubt(state.vip) || state.readyAt === null;
    if (event.kind === 'node-observed') {
      this.switchovers.found({ to: state.activeNode, cause: state.readyAt === null ? 'unknown' : causeOf(state) });
    }
    this.#showGate();
    this.#listeners.tell((listener) => listener.changed?.());
  }

  #carryOut(effect: PairEffect): void {
    switch (effect.kind) {
      case 'bump':
        this.#options.log.warn({ epoch: effect.epoch, why: effect.why }, 'the epoch ends: the gate is shut');
        this.#bump(effect).catch((error: unknown) => {
          throw new Error('defect: bumping must end in an epoch', { cause: error });
        });
        return;
      case 'ask-covered':
        this.#options.log.warn({ sleptMs: effect.sleptMs }, 'this gateway did not run for a while');
        void this.#askCovered();
        return;
      case 'epoch-ended':
        this.#listeners.tell((listener) => listener.epochEnded?.(effect.epoch));
        this.askNow();
        return;
      case 'ready': {
        const { activeNode } = this.#state;
        this.#options.log.info({ epoch: effect.epoch, activeNode }, 'the pair is ready');
        this.switchovers.ready(effect.epoch, effect.at, { to: activeNode, cause: causeOf(this.#state) });
        // Which node it is, the nodes tell.
        this.askNow();
        return;
      }
    }
  }

  /** What another replica learnt of the pair meanwhile is in the journal's epoch; with nobody awake, nothing is. */
  async #askCovered(): Promise<void> {
    let isCovered = false;
    try {
      isCovered = await this.#options.isCovered();
      if (isCovered) await this.learnEpoch();
    } catch (error) {
      this.#options.log.error({ err: error }, 'whether another gateway was awake cannot be read');
      isCovered = false;
    }
    this.#apply({ kind: 'covered', isCovered, now: now() });
  }

  async #bump({ epoch, at, isSwitchover }: Extract<PairEffect, { kind: 'bump' }>): Promise<void> {
    const { journal, log } = this.#options;
    const record = isSwitchover ? Switchovers.began(epoch + 1, at, this.#state.activeNode) : null;
    const bumped = await endEpochSurely({ journal, log, epoch, record, isClosed: () => this.#isClosed });
    if (bumped === null) return;
    if (bumped.word === 'bumped' && record !== null) this.switchovers.begin({ ...record, epoch: bumped.epoch });
    this.#apply({ kind: 'epoch-is', epoch: bumped.epoch, now: now() });
  }

  #showGate(): void {
    const { mode, reason } = this.gate();
    if (reason === 'settling') this.#openLater();
    if (mode === this.#gateShown) return;
    this.#gateShown = mode;
    this.#options.log.info({ gate: mode, reason, epoch: this.epoch }, `the gate is ${mode}`);
    if (mode === 'open') this.#listeners.tell((listener) => listener.opened?.());
  }

  /** READY was `settle` ago when the gate opens, however often READY came and went in between. */
  #openLater(): void {
    const { readyAt } = this.#state;
    if (this.#settleTimer !== null) clearTimeout(this.#settleTimer);
    const dueAt = (readyAt ?? now()) + this.#options.rules.settleMs;
    this.#settleTimer = setTimeout(() => this.#showGate(), Math.max(1, dueAt - now()));
  }
}
