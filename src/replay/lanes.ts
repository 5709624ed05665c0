/**
 * Sends what waits: held transactions in their lanes' order, and unacknowledged ones by way of `replay.ts`, when the
 * gate is open. What waited for the gate is paced (`replay.concurrency`, `rampUp`); what only waits for the one before
 * it in its lane is not.
 * Invariants: an entry that was taken from the table comes back to it or leaves it, whatever happens; nothing is sent while the
 * gate is shut, but for the one trial of maintenance mode (R12).
 */
import type { Logger } from 'pino';
import { type Entry, LaneTable } from '../domain/lane-table.ts';
import { waitsFor } from '../domain/lanes.ts';
import * as moves from '../domain/moves.ts';
import { backoffMs } from '../domain/retry.ts';
import { sentOf, type Transaction } from '../domain/transaction.ts';
import { JournalUnavailable } from '../journal/journal.ts';
import { unpackRequest } from '../journal/message.ts';
import { abandonUnsent } from '../northbound/abandon.ts';
import type { Holds } from '../northbound/holds.ts';
import type { Lanes } from '../northbound/lanes.ts';
import { recordReading } from '../northbound/record-reading.ts';
import type { Room } from '../northbound/room.ts';
import { now } from '../pair/clock.ts';
import type { Replayed } from './conclusions.ts';
import { Pace } from './pace.ts';
import { Replay, type ReplayOptions } from './replay.ts';
import { type Waiting, waitingOf } from './waiting.ts';

export interface LaneSenderOptions extends ReplayOptions {
  readonly replica: string;
  readonly log: Logger;
  readonly holds: Holds;
  /** What is not paced waits for it, in order. */
  readonly room: Room;
  readonly holdMaxMs: number;
  readonly concurrency: number;
  readonly rampUpMs: number;
  /** Between two trials while ESC is in maintenance mode (R12). */
  readonly maintenanceTrialMs: number;
}

const sweepMs = 1000;
const proofMaxMs = 30_000;
const retryMs = 250;
const defectRetryMs = 60_000;

export class LaneSender implements Lanes {
  readonly #options: LaneSenderOptions;
  readonly #replay: Replay;
  readonly #table = new LaneTable();
  readonly #waiting = new Map<string, Waiting>();
  readonly #pace: Pace;
  #backlog = 0;
  #isSweeping = false;
  #sweepTimer: NodeJS.Timeout | null = null;
  #trialTimer: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(options: LaneSenderOptions) {
    this.#options = options;
    this.#replay = new Replay(options);
    this.#pace = new Pace(options.concurrency, options.rampUpMs);
    options.room.onLeft = () => this.#pump();
    options.coordinator.listen({ opened: () => this.#opened(), changed: () => this.#changed() });
  }

  start(): void {
    this.#sweepTimer = setInterval(() => void this.#sweep(), sweepMs);
  }

  /** Sends nothing more; what is being sent ends by itself. */
  close(): void {
    this.#isClosed = true;
    this.#pace.close();
    for (const { timer } of this.#waiting.values()) if (timer !== null) clearTimeout(timer);
    for (const timer of [this.#sweepTimer, this.#trialTimer]) if (timer !== null) clearInterval(timer);
  }

  /** How many wait or are being sent after having waited. */
  get size(): number {
    return this.#waiting.size;
  }

  wait(transaction: Transaction): void {
    const { id } = transaction;
    const known = this.#waiting.get(id);
    if (known !== undefined) {
      known.cameAgain = known.isRunning;
      if (known.timer !== null) this.#unpark(known);
      return;
    }
    const waiting = waitingOf(transaction);
    const { entry, isHeld } = waiting;
    this.#waiting.set(id, waiting);
    if (isHeld) this.#options.holds.add(id, transaction.requestBytes);
    if (!this.#options.coordinator.isOpen) this.#markPaced(waiting);
    this.#table.add(entry);
    this.#pump();
  }

  withdraw(id: string): boolean {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined || waiting.isRunning) return false;
    if (waiting.timer === null) this.#table.remove(waiting.entry);
    else {
      // Parked, it is still taken from the table: given back, it would be sent at once.
      clearTimeout(waiting.timer);
      waiting.timer = null;
      this.#table.leave(waiting.entry);
    }
    this.#drop(waiting);
    this.#pump();
    return true;
  }

  hasTried(id: string): boolean | null {
    return this.#waiting.get(id)?.isTried ?? null;
  }

  keep(id: string): void {
    const waiting = this.#waiting.get(id);
    if (waiting !== undefined) waiting.isPromised = true;
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
      if (!waiting.isHeld) waiting.readyAt ??= this.#options.coordinator.state.readyAt;
      this.#markPaced(waiting);
      waiting.failures = 0;
      if (waiting.timer !== null) this.#unpark(waiting);
    }
    this.#pace.rampFrom(this.#options.coordinator.state.readyAt ?? now());
    this.#pump();
    this.#checkRecovered();
  }

  /** It belongs to what a switchover made wait. */
  #markPaced(waiting: Waiting): void {
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

  #pump(): void {
    if (this.#isClosed || !this.#options.coordinator.isOpen) return;
    const { room } = this.#options;
    for (let entry = this.#table.next(); entry !== null; entry = this.#table.next()) {
      const taken = entry;
      const isPaced = this.#waiting.get(taken.id)?.isPaced === true;
      if (!isPaced && !room.hasRoom) return;
      this.#table.take();
      if (isPaced) this.#pace.run(() => this.#run(taken, false));
      else void this.#run(taken, false);
    }
  }

  /** Takes its room, whether there is some or not: a trial is one, and what is paced has its own bound. */
  async #run(entry: Entry, isTrial: boolean): Promise<void> {
    this.#options.room.enter();
    await this.#runTurn(entry, isTrial);
    this.#options.room.leave();
  }

  /** One turn of one taken entry, which leaves or comes back after it, whatever happens. */
  async #runTurn(entry: Entry, isTrial: boolean): Promise<void> {
    const waiting = this.#waiting.get(entry.id);
    if (waiting === undefined) return this.#leave(entry);
    // Withdrawn while it waited for its pace, it came back with another entry, whose turn comes when this one ends.
    if (waiting.entry !== entry) return this.freshEnds(entry.lane);
    waiting.isRunning = true;
    waiting.cameAgain = false;
    const ran = await this.#turn(waiting, isTrial);
    waiting.isRunning = false;
    const { coordinator } = this.#options;
    if (isTrial) coordinator.maintenance(coordinator.state.maintenance && ran.kind === 'again');
    // It left, and came back in the meantime by way of another gateway: the next turn reads it anew.
    if (ran.kind === 'left' && waiting.cameAgain) return this.#park(waiting, retryMs);
    if (ran.kind === 'left') return this.#leave(entry);
    if (ran.isInTurn !== true) {
      // What it learnt is of now: only a later probe shows that ESC can be asked again (R13).
      waiting.since = now();
      waiting.failures += 1;
    }
    const backoff = waiting.failures <= 1 ? 0 : backoffMs(waiting.failures - 1, Math.random());
    this.#park(waiting, Math.max(ran.delayMs, backoff));
  }

  /** Proof, record, send, and what follows. */
  async #turn(waiting: Waiting, isTrial: boolean): Promise<Replayed> {
    const { records, log } = this.#options;
    if (!isTrial && !(await this.#isProven(waiting))) return { kind: 'again', delayMs: 0 };
    try {
      const transaction = await records.read(waiting.entry.id);
      if (transaction === 'unavailable') return { kind: 'again', delayMs: retryMs };
      // What another replica adopted is that one's to go on with (R32).
      if (transaction === null || transaction.owner !== this.#options.replica) return { kind: 'left' };
      if (!moves.isToBeSent(transaction)) return { kind: 'left' };
      if (transaction.state.status === 'held') return await this.#sendHeld(transaction, waiting);
      waiting.readyAt ??= now();
      return await this.#replay.run(transaction, waiting.readyAt);
    } catch (error) {
      const isAway = error instanceof JournalUnavailable;
      const what = isAway ? 'the journal cannot be read for a sending' : 'it cannot be sent, which is a defect';
      // One that no key here opens, or no code here bears, must not end the process: the next one would adopt it, and end.
      log.error({ err: error, transaction: waiting.entry.id }, `${what}; it is tried again`);
      return { kind: 'again', delayMs: isAway ? retryMs : defectRetryMs };
    }
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
  async #sendHeld(transaction: Transaction, waiting: Waiting): Promise<Replayed> {
    const { coordinator, records, sender, holds } = this.#options;
    const packed = await records.journal.body(transaction.id, 'request');
    if (packed === null) throw new Error(`defect: the request of ${transaction.id} is not in the journal`);
    const { epoch, activeNode: node } = coordinator;
    const marked = await records.changeSurely(transaction, (current) => {
      if (current.state.status !== 'held' || current.owner !== transaction.owner) return null;
      const mark = { epoch, waitsFor: waitsFor(current.place, current.method) };
      return { transaction: moves.marked(current, { epoch, node, now: now(), hasWaited: true }), mark };
    });
    if (marked.word === 'stale-epoch') await coordinator.learnEpoch();
    if (marked.word === 'declined' || marked.word === 'missing') return { kind: 'left' };
    // Another gateway's earlier one is before it: asked again at the same pace, however long that takes.
    if (marked.word === 'behind') return { kind: 'again', delayMs: retryMs, isInTurn: true };
    if (marked.word !== 'changed') return { kind: 'again', delayMs: retryMs };
    holds.giveBack(transaction.id);
    waiting.isTried = true;
    const reading = await sender.send(marked.transaction, unpackRequest(packed));
    if (moves.wasNotTaken(reading)) waiting.isTried = false;
    const recorded = await recordReading(this.#options, marked.transaction, reading);
    if (recorded === null) return { kind: 'left' };
    if (!moves.isToBeSent(recorded)) {
      if (recorded.state.status === 'completed') coordinator.switchovers.count('completed');
      this.#options.watch.begin(recorded);
      return { kind: 'left' };
    }
    waiting.isTried = sentOf(recorded) !== 'no';
    waiting.isHeld = recorded.state.status === 'held';
    if (waiting.isHeld) holds.add(recorded.id, recorded.requestBytes);
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

  /** It keeps its lane until it is tried again, so that the order holds; with the gate shut it simply waits. */
  #park(waiting: Waiting, delayMs: number): void {
    if (this.#isClosed) return;
    waiting.timer = setTimeout(() => this.#unpark(waiting), Math.max(delayMs, 1));
    if (!this.#options.coordinator.isOpen) this.#unpark(waiting);
  }

  #unpark(waiting: Waiting): void {
    if (waiting.timer !== null) clearTimeout(waiting.timer);
    waiting.timer = null;
    this.#table.giveBack(waiting.entry);
    this.#pump();
  }

  /** Held with no waiter and no promise: abandoned `hold.timeout` after receipt (R24). */
  async #sweep(): Promise<void> {
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    const dueBefore = now() - this.#options.holdMaxMs;
    const isOverdue = ({ entry, receivedAt, isHeld, isPromised }: Waiting): boolean =>
      isHeld && !isPromised && receivedAt <= dueBefore && this.#options.waiters.countOf(entry.id) === 0;
    try {
      await Promise.all([...this.#waiting.values()].filter(isOverdue).map((waiting) => this.#abandonOverdue(waiting)));
    } finally {
      this.#isSweeping = false;
    }
  }

  async #abandonOverdue(waiting: Waiting): Promise<void> {
    const transaction = await this.#options.records.read(waiting.entry.id);
    if (transaction === null || transaction === 'unavailable') return;
    // By way of another gateway it may have been promised since it came here.
    if (transaction.promisedAt !== null) waiting.isPromised = true;
    if (transaction.state.status !== 'held' || waiting.isPromised) return;
    await abandonUnsent({ ...this.#options, lanes: this }, transaction, 'hold.timeout ran out and nobody waits');
  }
}
