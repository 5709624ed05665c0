/**
 * Sends what waits: held transactions in their lanes' order, and unacknowledged ones by way of `replay.ts`, when the
 * gate is open. What waited for the gate is paced (`replay.concurrency`, `rampUp`); what only waits for the one before
 * it in its lane is not.
 * Invariants: an entry that was taken from the table comes back to it or leaves it, whatever happens; nothing is sent while the
 * gate is shut, but for the one trial of maintenance mode (R12).
 */
import PQueue from 'p-queue';
import type { Logger } from 'pino';
import { type Entry, LaneTable } from '../domain/lane-table.ts';
import { groupsOf, waitsFor } from '../domain/lanes.ts';
import * as moves from '../domain/moves.ts';
import { rampedConcurrency } from '../domain/retry.ts';
import type { Transaction } from '../domain/transaction.ts';
import { unpackRequest } from '../journal/message.ts';
import { abandonUnsent } from '../northbound/abandon.ts';
import type { Holds } from '../northbound/holds.ts';
import { recordReading } from '../northbound/record-reading.ts';
import type { Lanes } from '../northbound/transact.ts';
import { now } from '../pair/clock.ts';
import { Replay, type Replayed, type ReplayOptions } from './replay.ts';

export interface LaneSenderOptions extends ReplayOptions {
  readonly log: Logger;
  readonly holds: Holds;
  readonly holdMaxMs: number;
  readonly concurrency: number;
  readonly rampUpMs: number;
  /** Between two trials while ESC is in maintenance mode (R12). */
  readonly maintenanceTrialMs: number;
}

interface Waiting {
  readonly entry: Entry;
  readonly receivedAt: number;
  readonly isHeld: boolean;
  /** It waited for the gate, so it is paced. */
  isPaced: boolean;
  /** Only a probe asked after this instant shows that ESC can be asked or sent to (R13). */
  since: number;
  /** First READY seen while it was unacknowledged (R18). */
  readyAt: number | null;
}

const rampStepMs = 100;
const sweepMs = 1000;
const proofMaxMs = 30_000;
const retryMs = 250;

export class LaneSender implements Lanes {
  readonly #options: LaneSenderOptions;
  readonly #replay: Replay;
  readonly #table = new LaneTable();
  readonly #waiting = new Map<string, Waiting>();
  readonly #queue: PQueue;
  readonly #timers = new Set<NodeJS.Timeout>();
  #backlog = 0;
  #rampTimer: NodeJS.Timeout | null = null;
  #sweepTimer: NodeJS.Timeout | null = null;
  #trialTimer: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(options: LaneSenderOptions) {
    this.#options = options;
    this.#replay = new Replay(options);
    this.#queue = new PQueue({ concurrency: 1 });
    options.coordinator.listen({ opened: () => this.#opened(), changed: () => this.#changed() });
  }

  start(): void {
    this.#sweepTimer = setInterval(() => this.#sweep(), sweepMs);
  }

  /** Sends nothing more; what is being sent ends by itself. */
  close(): void {
    this.#isClosed = true;
    this.#queue.clear();
    for (const timer of this.#timers) clearTimeout(timer);
    for (const timer of [this.#rampTimer, this.#sweepTimer, this.#trialTimer]) if (timer !== null) clearInterval(timer);
  }

  /** How many wait or are being sent after having waited. */
  get size(): number {
    return this.#waiting.size;
  }

  wait(transaction: Transaction): void {
    const { id, sequence, place, method, state } = transaction;
    const entry: Entry = {
      id,
      sequence,
      lane: place.lane,
      groups: groupsOf(place),
      waitsFor: waitsFor(place, method),
    };
    const since = 'since' in state && transaction.attempts.length > 0 ? state.since : 0;
    const isHeld = state.status === 'held';
    const waiting: Waiting = {
      entry,
      receivedAt: transaction.receivedAt,
      isHeld,
      isPaced: false,
      since,
      readyAt: null,
    };
    this.#waiting.set(id, waiting);
    if (isHeld) this.#options.holds.take(id, transaction.requestBytes);
    if (!this.#options.coordinator.isOpen) this.#pace(waiting);
    this.#table.add(entry);
    this.#pump();
  }

  forget(transaction: Transaction): void {
    const waiting = this.#waiting.get(transaction.id);
    if (waiting === undefined) return;
    this.#table.remove(waiting.entry);
    this.#drop(waiting);
    this.#pump();
  }

  freshBegins(lane: string): void {
    this.#table.laneBegins(lane);
  }

  freshEnds(lane: string): void {
    this.#table.laneEnds(lane);
    this.#pump();
  }

  #opened(): void {
    if (this.#trialTimer !== null) clearInterval(this.#trialTimer);
    this.#trialTimer = null;
    for (const waiting of this.#waiting.values()) {
      waiting.readyAt ??= this.#options.coordinator.state.readyAt;
      this.#pace(waiting);
    }
    this.#ramp();
    this.#pump();
    this.#checkRecovered();
  }

  /** It belongs to what a switchover made wait. */
  #pace(waiting: Waiting): void {
    if (waiting.isPaced) return;
    waiting.isPaced = true;
    this.#backlog += 1;
    if (waiting.isHeld) this.#options.coordinator.switchovers.count('held');
  }

  #changed(): void {
    const { reason } = this.#options.coordinator.gate();
    if (reason !== 'maintenance' || this.#trialTimer !== null) return;
    this.#trialTimer = setInterval(() => this.#tryOne(), this.#options.maintenanceTrialMs);
  }

  /** One held transaction is tried; with none, the gate is opened and the next request is the trial (R12). */
  #tryOne(): void {
    const { coordinator } = this.#options;
    if (coordinator.gate().reason !== 'maintenance') return;
    const entry = this.#table.take();
    if (entry === null) coordinator.maintenance(false);
    else void this.#run(entry, true);
  }

  #ramp(): void {
    const { coordinator, concurrency, rampUpMs } = this.#options;
    const sinceReadyMs = now() - (coordinator.state.readyAt ?? now());
    this.#queue.concurrency = rampedConcurrency(concurrency, rampUpMs, sinceReadyMs);
    if (this.#rampTimer !== null) clearTimeout(this.#rampTimer);
    this.#rampTimer = null;
    if (this.#queue.concurrency < concurrency && !this.#isClosed) {
      this.#rampTimer = setTimeout(() => this.#ramp(), rampStepMs);
    }
  }

  #pump(): void {
    if (this.#isClosed || !this.#options.coordinator.isOpen) return;
    for (let entry = this.#table.take(); entry !== null; entry = this.#table.take()) {
      const taken = entry;
      if (this.#waiting.get(taken.id)?.isPaced) void this.#queue.add(() => this.#run(taken, false));
      else void this.#run(taken, false);
    }
  }

  /** One turn of one taken entry: proof, record, send, and what follows. */
  async #run(entry: Entry, isTrial: boolean): Promise<void> {
    const waiting = this.#waiting.get(entry.id);
    if (waiting === undefined) return this.#leave(entry);
    if (!isTrial && !(await this.#isProven(waiting))) return this.#giveBack(waiting, 0);
    const transaction = await this.#options.records.read(entry.id);
    if (transaction === 'unavailable') return this.#giveBack(waiting, retryMs);
    if (transaction === null || !moves.isToBeSent(transaction)) return this.#leave(entry);
    const ran =
      transaction.state.status === 'held'
        ? await this.#sendHeld(transaction)
        : await this.#replay.run(transaction, waiting.readyAt ?? now());
    if (isTrial)
      this.#options.coordinator.maintenance(this.#options.coordinator.state.maintenance && ran.kind === 'again');
    if (ran.kind === 'left') return this.#leave(entry);
    waiting.since = now();
    this.#giveBack(waiting, ran.delayMs);
  }

  /** Whether the gate is open and a probe asked after the last bad sign said READY (R13). */
  async #isProven({ since }: Waiting): Promise<boolean> {
    const { coordinator } = this.#options;
    if (this.#isClosed || !coordinator.isOpen) return false;
    const { provenAt } = coordinator.state;
    if (provenAt !== null && provenAt > since) return true;
    return (await coordinator.confirmReady(since, coordinator.epoch, proofMaxMs)) === 'ready' && coordinator.isOpen;
  }

  /** A held transaction was never sent: whatever ESC answers is its answer. */
  async #sendHeld(transaction: Transaction): Promise<Replayed> {
    const { coordinator, records, sender, holds } = this.#options;
    const packed = await records.journal.body(transaction.id, 'request');
    if (packed === null) throw new Error(`defect: the request of ${transaction.id} is not in the journal`);
    const { epoch, activeNode: node } = coordinator;
    const marked = await records.change(transaction, (current) => {
      if (current.state.status !== 'held') return null;
      const mark = { epoch, waitsFor: waitsFor(current.place, current.method) };
      return { transaction: moves.marked(current, { epoch, node, now: now(), hasWaited: true }), mark };
    });
    if (marked.word === 'stale-epoch') await coordinator.learnEpoch();
    if (marked.word === 'declined' || marked.word === 'missing') return { kind: 'left' };
    if (marked.word !== 'changed') return { kind: 'again', delayMs: retryMs };
    holds.giveBack(transaction.id);
    const reading = await sender.send(marked.transaction, unpackRequest(packed));
    const recorded = await recordReading(this.#options, marked.transaction, reading);
    if (recorded === null || !moves.isToBeSent(recorded)) {
      if (recorded?.state.status === 'completed') coordinator.switchovers.count('completed');
      return { kind: 'left' };
    }
    if (recorded.state.status === 'held') holds.take(recorded.id, recorded.requestBytes);
    return { kind: 'again', delayMs: 0 };
  }

  #leave(entry: Entry): void {
    this.#table.leave(entry);
    const waiting = this.#waiting.get(entry.id);
    if (waiting !== undefined) this.#drop(waiting);
    this.#pump();
  }

  #drop(waiting: Waiting): void {
    this.#waiting.delete(waiting.entry.id);
    this.#options.holds.giveBack(waiting.entry.id);
    if (waiting.isPaced) this.#backlog -= 1;
    this.#checkRecovered();
  }

  #checkRecovered(): void {
    const { coordinator } = this.#options;
    if (this.#backlog === 0 && coordinator.isOpen) coordinator.switchovers.recovered(now());
  }

  /** Keeps its lane until then: the order holds while it waits to be tried again. */
  #giveBack(waiting: Waiting, delayMs: number): void {
    const giveBack = (): void => {
      if (this.#waiting.has(waiting.entry.id)) this.#table.giveBack(waiting.entry);
      else this.#table.leave(waiting.entry);
      this.#pump();
    };
    if (delayMs === 0 && !this.#options.coordinator.isOpen) {
      giveBack();
      return;
    }
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        giveBack();
      },
      Math.max(delayMs, 1),
    );
    this.#timers.add(timer);
  }

  /** Held with no waiter and no promise: abandoned `hold.timeout` after receipt (R24). */
  #sweep(): void {
    const dueBefore = now() - this.#options.holdMaxMs;
    for (const [id, { receivedAt }] of this.#waiting) {
      if (receivedAt > dueBefore || this.#options.waiters.countOf(id) > 0) continue;
      void this.#abandonOverdue(id);
    }
  }

  async #abandonOverdue(id: string): Promise<void> {
    const transaction = await this.#options.records.read(id);
    if (transaction === null || transaction === 'unavailable') return;
    const abandoned = await abandonUnsent(this.#options, transaction, 'hold.timeout ran out and nobody waits');
    if (abandoned === null) return;
    this.#options.coordinator.switchovers.count('abandoned');
    this.forget(abandoned);
  }
}
