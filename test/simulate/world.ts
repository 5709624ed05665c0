/**
 * One simulated world: pair, journal, three replicas and their clients, all drawn from one seed. It holds the parts and
 * what is asked of every step; the course of things is in `run.ts`, what goes wrong in `troubles.ts`.
 */

import type { DatabaseSync } from 'node:sqlite';
import type { Config } from '../../src/config/schema.ts';
import { sentOf, type Transaction } from '../../src/domain/transaction.ts';
import { attemptOf } from '../chaos/attempts.ts';
import type { Disturbance, Heard, Order } from '../chaos/ledgers.ts';
import { type Random, randomOf } from '../chaos/random.ts';
import type { Violation } from '../chaos/views.ts';
import { Clock, type Owner } from './clock.ts';
import type { ClientAnswer } from './conversation.ts';
import type { EdgeWorld } from './edges/world.ts';
import { JournalServer } from './journal-server.ts';
import { memoryDatabase, memoryJournal } from './journal-store.ts';
import type { Asked } from './line.ts';
import { Lines } from './lines.ts';
import { checkHold, type Done } from './operators.ts';
import { SimulatedPair } from './pair.ts';
import { nodes, vip } from './places.ts';
import { Reads } from './reads.ts';
import { Replica } from './replica.ts';
import { leaseMs, timeScale } from './times.ts';

const replicaCount = 3;
/** Of a container whose application is not there yet. */
const pageStatuses: ReadonlySet<number> = new Set([404, 503]);
const startsAt = Date.UTC(2026, 0, 1);

export class World implements EdgeWorld {
  readonly clock = new Clock(startsAt);
  readonly random: Random;
  readonly lines: Lines;
  readonly pair: SimulatedPair;
  readonly server: JournalServer;
  readonly replicas: readonly Replica[];
  readonly reads: Reads;
  readonly orders: Order[] = [];
  readonly heard: Heard[] = [];
  readonly disturbances: Disturbance[] = [];
  readonly violations: Violation[] = [];
  /** What operators did in the middle of the trouble. */
  readonly operated: Done[] = [];
  /** Something is being done to the journal. */
  isJournalBusy = false;
  readonly story: string[] = [];
  receiverMode: EdgeWorld['receiverMode'] = 'up';
  readonly #isTold: boolean;
  /** Seeds differ in what goes wrong, and how often. */
  readonly #lineShare: number;
  readonly #lookedAt = new Map<string, number>();
  readonly #sentAt = new Map<string, number>();
  readonly #database: DatabaseSync = memoryDatabase();

  constructor(seed: number, { config, isTold }: { config: Config; isTold: boolean }) {
    this.#isTold = isTold;
    this.random = randomOf(seed);
    this.lines = new Lines(this.clock, this.random.fork(), this.complain);
    this.#lineShare = this.random.pick([0, 0.02, 0.06, 0.15] as const);
    this.pair = new SimulatedPair(this.lines, {
      vip,
      nodes,
      timeScale,
      peerReturnMs: this.random.pick([5_000, 20_000, 100_000] as const),
      profiles: {
        acceptedStatus: this.random.pick([200, 201] as const),
        callbackAfterSwitchover: this.random.pick(['lost', 'late'] as const),
        callbackOrder: this.random.pick(['kept', 'kept', 'reversed'] as const),
        callbackCopies: this.random.pick([1, 1, 2] as const),
        containerAnswer: this.random.pick(['not-found', 'unavailable', 'alternating'] as const),
        standbyHealth: this.random.pick(['refused', '5xxx'] as const),
      },
      workMs: { tenant: 5_000, network: 10_000, deployment: 30_000, operation: 10_000 },
    });
    this.server = new JournalServer({
      store: memoryJournal(this.#database, () => Math.floor(this.clock.now)),
      database: this.#database,
      clock: this.clock,
      random: this.random.fork(),
      tell: this.tell,
      complain: this.complain,
      moved: this.#checkPage,
    });
    this.reads = new Reads({
      clock: this.clock,
      pair: this.pair,
      replicas: () => this.replicas,
      complain: this.complain,
    });
    this.server.mishapShare = this.random.pick([0, 0.01, 0.04, 0.12] as const);
    const onDisconnect = this.random.pick(['keep', 'keep', 'cancel'] as const);
    const settings: Config = { ...config, hold: { ...config.hold, onDisconnect } };
    this.replicas = Array.from({ length: replicaCount }, (_, index) => {
      const name = `replica-${index + 1}`;
      return new Replica({ name, config: settings, link: (owner) => this.server.link(owner) });
    });
  }

  get isTroubled(): boolean {
    return this.server.isTroubled;
  }

  set isTroubled(isTroubled: boolean) {
    this.server.isTroubled = isTroubled;
    this.lines.mishapShare = isTroubled ? this.#lineShare : 0;
  }

  /** Something is done to the parts; it ends when `to` is set. */
  readonly disturb = (what: string, mayRepeat: boolean): Disturbance => {
    this.tell('TROUBLE', what);
    const made = { from: Math.floor(this.clock.now), to: Number.POSITIVE_INFINITY, what, mayRepeat };
    this.disturbances.push(made);
    return made;
  };

  readonly tell = (what: string, ...details: unknown[]): void => {
    if (!this.#isTold) return;
    const at = (this.clock.now - startsAt).toFixed(3).padStart(10);
    this.story.push(`${at} ${what} ${details.join(' ')}`);
  };

  readonly complain = (rule: string, says: string, transaction: string | null = null): void => {
    this.tell('VIOLATION', rule, says, transaction ?? '');
    this.violations.push({ rule, says, transaction, order: null });
  };

  /** Journal before send, by who holds its lease, in an epoch that was the journal's a moment ago (R5, R10, R32). */
  leaves(owner: Owner, { method, path, headers }: Asked): void {
    if (method === 'GET') return void this.#lookedAt.set(path, this.clock.now);
    const callback = headers[headers.findIndex((name) => name.toLowerCase() === 'callback') + 1] ?? '';
    const as = attemptOf({ headers: { callback } });
    if (as === null) return void this.complain('sent without a token', callback);
    this.tell(owner.name, 'sends', as.transaction, 'attempt', as.attempt);
    const record = this.server.known(as.transaction);
    const attempt = record?.attempts.find(({ number }) => number === as.attempt);
    if (attempt === undefined)
      return void this.complain('sent before it was journaled', `attempt ${as.attempt}`, as.transaction);
    const { epochs } = this.server;
    const ended = epochs.find(({ epoch }) => epoch === attempt.epoch + 1);
    if (ended !== undefined && ended.since + leaseMs < this.clock.now)
      this.complain('sent in an epoch long over', `${attempt.epoch}`, as.transaction);
    this.#checkLease(owner, as.transaction);
    if (record !== undefined) checkHold(this, owner, record, as.attempt);
    const mayHaveIt = record?.attempts.some(({ number, outcome }) => number < as.attempt && outcome !== 'never-sent');
    if (mayHaveIt === true) this.#checkLook(as.transaction, record?.policy.look ?? null);
    this.#sentAt.set(as.transaction, this.clock.now);
  }

  #checkLease(owner: Owner, transaction: string): void {
    const replica = this.replicas.find((each) => each.owner === owner)?.gateway?.replica;
    // Its lease was lost with the rest, and is there again when it was renewed.
    if (replica === undefined || this.server.lostAt + leaseMs > this.clock.now) return;
    const lease = this.#database.prepare('SELECT expires_at FROM leases WHERE replica = ?').get(replica);
    if (Number(lease?.expires_at ?? 0) < this.clock.now)
      this.complain('sent without a lease (R32)', replica, transaction);
  }

  /** What can be looked at is looked at before it is sent again (promise 2). */
  #checkLook(transaction: string, look: string | null): void {
    const sentAt = this.#sentAt.get(transaction) ?? 0;
    if (look === null || (this.#lookedAt.get(look) ?? 0) > sentAt) return;
    this.complain('sent again without a look', look, transaction);
  }

  /** What a node says that is not READY counts only after a probe that says READY (R12). */
  readonly #checkPage = (before: Transaction, { id, attempts, owner }: Transaction, by: Owner): void => {
    const last = attempts.at(-1);
    const isNew = last?.outcome === 'answered' && before.attempts.at(-1)?.outcome !== 'answered';
    const saidAt = this.pair.early.get(`${id}.${last?.number}`);
    // What a node that goes still answers to what had reached it is ESC's own word.
    if (!isNew || !pageStatuses.has(last?.status ?? 0)) return;
    if (saidAt === undefined || before.owner !== owner) return;
    if ((this.pair.saidReady.get(by) ?? 0) < saidAt) this.complain('a page was believed (R12)', `${last.status}`, id);
  };

  /** Record before answer: what a client is told stands in the journal at that moment (R23). */
  readonly checkTold = ({ status, headers }: ClientAnswer): void => {
    const id = headers['northgate-transaction'];
    if (id === undefined) return;
    const record = this.server.known(id);
    if (record === undefined) return void this.complain('told of what is not journaled', `${status}`, id);
    const isPromise = status === 202 && record.answer?.status !== 202;
    // A sweep, or the gateway that adopts it, would give it up.
    const mayBeGivenUp = record.state.status === 'held' && record.promisedAt === null;
    if (isPromise && mayBeGivenUp) this.complain('promised before it was recorded (R24)', `${sentOf(record)}`, id);
    if (isPromise) return;
    if (record.answer?.status !== status)
      this.complain('answered before it was recorded', `${status}, recorded ${record.answer?.status}`, id);
    if (record.state.status === 'abandoned') this.complain('answered, and abandoned', `${sentOf(record)}`, id);
  };

  close(): void {
    for (const replica of this.replicas) replica.kill();
    this.#database.close();
  }
}
