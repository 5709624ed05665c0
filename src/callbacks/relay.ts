/**
 * Brings reports to the clients: to each URL of a transaction in the order of their numbers, one at a time, until taken
 * or out of time (R30). What is to be delivered stands in the records; in memory is only which of them to look at, and when.
 * Invariants: a report that was not recorded as delivered is tried again, by this replica or the next one; nothing is relayed
 * while the HTTP answer is not handed over, or is still under way (R23).
 */
import PQueue from 'p-queue';
import type { Logger } from 'pino';
import {
  deadLettered,
  delivered,
  deliveryBackoffMs,
  failedTry,
  nextDeliveries,
  nextDelivery,
} from '../domain/deliveries.ts';
import { knownTransactionId } from '../domain/reports.ts';
import { backoffMs } from '../domain/retry.ts';
import type { Report, Transaction } from '../domain/transaction.ts';
import { callbackUrls } from '../esc/callback-headers.ts';
import { escTransactionIdOf } from '../esc/headers.ts';
import { withKnownTransactionId } from '../esc/known-transaction-id.ts';
import { unpackRequest, unpackUrls } from '../journal/message.ts';
import type { Records } from '../northbound/records.ts';
import { Timetable } from '../northbound/timetable.ts';
import { now } from '../pair/clock.ts';
import type { Tracing } from '../tracing/tracing.ts';
import type { Allow } from './allow.ts';
import { Deliverer, type DeliveryRequest, type Tried } from './delivery.ts';
import type { Turns } from './turns.ts';

export interface RelayOptions {
  readonly replica: string;
  readonly records: Records;
  /** The same as the receiver's. */
  readonly turns: Turns;
  readonly log: Logger;
  readonly allow: Allow;
  /** `callbacks.deliverFor`. */
  readonly deliverForMs: number;
  /** Whether a client of this replica still waits for the HTTP answer of this transaction (R23). */
  readonly isAnswerPending: (id: string) => boolean;
  /** How often the journal is asked what this replica owns: other replicas receive reports for it too. */
  readonly sweepEveryMs?: number;
  /** Told of each try that has ended, with the report as it is recorded then. */
  readonly onTried?: (report: Report) => void;
  readonly tracing?: Tracing | null;
}

const deliveriesAtOnceMax = 64;
/** To one origin, so that a client that is slow or gone does not keep the others waiting. */
const deliveriesPerOriginMax = 8;
const sweepEveryMs = 5_000;
const sweepPage = 500;
/** A transaction whose answer is pending is looked at again so often, should nobody say that it was handed over. */
const answerPollMs = 1_000;
const afterDefectMs = 60_000;
/** Longer than any try, its record included, as a rule. */
const tryingMaxMs = 60_000;
const closeMaxMs = 2_000;

export class Relay {
  readonly #options: RelayOptions;
  readonly #deliverer: Deliverer;
  readonly #timetable: Timetable;
  readonly #sending = new PQueue({ concurrency: deliveriesAtOnceMax });
  readonly #origins = new Map<string, PQueue>();
  readonly #end = new AbortController();
  /** Of each transaction, the URLs at which one is being delivered: 0 is the client's, 1, 2, … those that joined. */
  readonly #trying = new Map<string, Map<number, Promise<void>>>();
  #sweepTimer: NodeJS.Timeout | null = null;
  #sweep: Promise<void> | null = null;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#deliverer = new Deliverer(options.allow);
    this.#timetable = new Timetable((id) => this.#deliverSafely(id), now);
  }

  /** Takes up the deliveries of this replica that the journal holds; rejects with JournalUnavailable. */
  async start(): Promise<void> {
    await this.#sweepOnce();
    this.#sweepTimer = setInterval(() => {
      this.#sweep ??= this.#sweepOnce()
        .catch((error: unknown) => this.#options.log.error({ err: error }, 'deliveries cannot be looked for'))
        .finally(() => {
          this.#sweep = null;
        });
    }, this.#options.sweepEveryMs ?? sweepEveryMs);
  }

  /** Begins no more; what is being sent may end, in bounded time, and otherwise is sent again by whoever comes next. */
  async close(): Promise<void> {
    if (this.#sweepTimer !== null) clearInterval(this.#sweepTimer);
    const patience = setTimeout(() => this.#end.abort(new Error('the gateway ends')), closeMaxMs);
    await Promise.all([this.#timetable.close(), this.#sweep]);
    await Promise.all([...this.#trying.values()].flatMap((tries) => [...tries.values()]));
    clearTimeout(patience);
    await this.#deliverer.close();
  }

  /**
   * Something changed of it: a report came, its answer was handed over, it was adopted, a dead letter is to go again. The
   * record may be an older one where this replica knows already that there is something to deliver.
   */
  wake(transaction: Transaction): void {
    const { id, owner } = transaction;
    if (this.#timetable.has(id)) {
      this.#timetable.set(id, now());
      return;
    }
    const next = nextDelivery(transaction);
    if (next !== null && owner === this.#options.replica) this.#timetable.set(id, next.delivery.dueAt);
  }

  /** The client has its HTTP answer, so what waits for that may go (R23). */
  handedOver(id: string): void {
    if (this.#timetable.has(id)) this.#timetable.set(id, now());
  }

  /** Transactions with something to deliver, as far as this replica knows. */
  get size(): number {
    return this.#timetable.size;
  }

  async #sweepOnce(): Promise<void> {
    const { records, replica } = this.#options;
    for (let afterSequence = 0; !this.#timetable.isClosed; ) {
      const page = await records.journal.open({ afterSequence, limit: sweepPage, owner: replica });
      for (const transaction of page) if (!this.#timetable.has(transaction.id)) this.wake(transaction);
      const last = page.at(-1);
      if (page.length < sweepPage || last === undefined) return;
      afterSequence = last.sequence;
    }
  }

  /** A defect of one delivery is no reason to stop the others. */
  async #deliverSafely(id: string): Promise<number | null> {
    try {
      return await this.#deliver(id);
    } catch (error) {
      this.#options.log.error({ err: error, transaction: id }, 'a delivery ended in a defect; it is tried again');
      return now() + afterDefectMs;
    }
  }

  /** Begins what is due of one transaction, for each URL apart. @returns when it is to be looked at again; null: nothing is left. */
  async #deliver(id: string): Promise<number | null> {
    const { records, replica, isAnswerPending } = this.#options;
    // What ends while the record is read is not in it yet.
    const busy = new Set(this.#trying.get(id)?.keys());
    const transaction = await records.read(id);
    if (transaction === 'unavailable') return now() + backoffMs(3, Math.random());
    if (transaction === null || transaction.owner !== replica) return null;
    const next = nextDeliveries(transaction).filter(({ report }) => !busy.has(report.joined ?? 0));
    const due = next.filter(({ delivery }) => delivery.dueAt <= now());
    const isEarly = isAnswerPending(id) || transaction.state.status === 'in-flight';
    if (due.length > 0 && isEarly) return now() + answerPollMs;
    for (const { report } of due) this.#begin(transaction, report);
    const later = next.filter((each) => !due.includes(each)).map(({ delivery }) => delivery.dueAt);
    // Whatever is being delivered has it looked at again when it ends.
    if (this.#trying.has(id)) later.push(now() + tryingMaxMs);
    return later.length === 0 ? null : Math.min(...later);
  }

  #begin(transaction: Transaction, report: Report): void {
    const { id } = transaction;
    const tries = this.#trying.get(id) ?? new Map<number, Promise<void>>();
    this.#trying.set(id, tries);
    const { joined = 0 } = report;
    const ended = this.#carryOut(transaction, report).then((againAt) => {
      tries.delete(joined);
      if (tries.size === 0) this.#trying.delete(id);
      this.#timetable.set(id, againAt);
    });
    tries.set(joined, ended);
  }

  /** One try and its record. Never rejects. @returns when its transaction is to be looked at again. */
  async #carryOut(transaction: Transaction, report: Report): Promise<number> {
    try {
      const tried = await this.#try(transaction, report);
      // Cut off by the end of this gateway, which says nothing of the client.
      if (!this.#end.signal.aborted || tried.kind === 'taken') await this.#record(transaction, report.number, tried);
      return now();
    } catch (error) {
      this.#options.log.error({ err: error, transaction: transaction.id }, 'a delivery ended in a defect');
      return now() + afterDefectMs;
    }
  }

  async #try(transaction: Transaction, report: Report): Promise<Tried> {
    const { records } = this.#options;
    const { id } = transaction;
    try {
      const url = await this.#urlFor(id, report);
      const packed = await records.journal.body(id, `report-${report.copyOf ?? report.number}`);
      if (url === null || packed === null || packed.byteLength === 0) {
        return { kind: 'refused', error: 'the journal has lost its bytes, or the URL that it is for' };
      }
      const came = unpackRequest(packed);
      const known = knownTransactionId(transaction);
      const { headers, body } =
        known === null ? came : withKnownTransactionId(came, escTransactionIdOf(came.headers) ?? known, known);
      const signal = this.#end.signal;
      const delivery = { url, id: deliveryId(id, report.number), headers, body, signal };
      return await this.#inTurn(url, () => this.#tryTraced(transaction, report, delivery));
    } catch (error) {
      return { kind: 'failed', error: (error as Error).message };
    }
  }

  async #tryTraced(transaction: Transaction, report: Report, delivery: DeliveryRequest): Promise<Tried> {
    const traced = this.#options.tracing?.delivery(transaction, report, delivery) ?? null;
    const tried = await this.#deliverer.try(traced === null ? delivery : { ...delivery, headers: traced.headers });
    traced?.ended(tried);
    return tried;
  }

  async #urlFor(id: string, { channel, joined }: Report): Promise<string | null> {
    const { journal } = this.#options.records;
    if (joined !== undefined) return unpackUrls(await journal.body(id, 'joined'))[joined - 1] ?? null;
    const request = await journal.body(id, 'request');
    return request === null ? null : callbackUrls(unpackRequest(request).headers)[channel];
  }

  #inTurn(url: string, work: () => Promise<Tried>): Promise<Tried> {
    const origin = URL.canParse(url) ? new URL(url).origin : '';
    let queue = this.#origins.get(origin);
    if (queue === undefined) {
      queue = new PQueue({ concurrency: deliveriesPerOriginMax });
      queue.on('idle', () => this.#origins.delete(origin));
      this.#origins.set(origin, queue);
    }
    return queue.add(() => this.#sending.add(work));
  }

  /** What came of it, in the record. */
  async #record(transaction: Transaction, number: number, tried: Tried): Promise<void> {
    const { records, turns, deliverForMs, log } = this.#options;
    const changed = await turns.run(transaction.id, () =>
      records.changeSurely(transaction, (current) => {
        const made = outcomeOf(current, number, tried, deliverForMs);
        return made === null ? null : { transaction: made };
      }),
    );
    const current = 'transaction' in changed ? changed.transaction : null;
    const report = current?.reports.find((each) => each.number === number);
    if (report !== undefined) this.#options.onTried?.(report);
    const { delivery } = report ?? {};
    if (delivery?.state === 'dead') {
      const { tries, lastError } = delivery;
      log.error({ deadLetter: deliveryId(transaction.id, number), tries, lastError }, 'a callback was given up');
    }
  }
}

/** Of the `Northgate-Delivery` field, and of a dead letter: the same on every try (R30). */
export const deliveryId = (transactionId: string, number: number): string => `${transactionId}-${number}`;

function outcomeOf(current: Transaction, number: number, tried: Tried, deliverForMs: number): Transaction | null {
  if (tried.kind === 'taken') return delivered(current, number, now());
  const { delivery } = current.reports.find((report) => report.number === number) ?? {};
  if (delivery?.state !== 'waiting') return null;
  const { error } = tried;
  const endsAt = delivery.since + deliverForMs;
  if (tried.kind === 'refused' || now() >= endsAt) return deadLettered(current, number, { error, now: now() });
  const dueAt = Math.min(endsAt, now() + deliveryBackoffMs(delivery.tries + 1, Math.random()));
  return failedTry(current, number, { error, dueAt });
}
