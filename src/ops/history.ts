/**
 * How many transactions were held, replayed and ended in each of the last minutes, for the console's time line. Counted
 * in memory from the journal's announcements, so that looking costs no read; what happened before this process started
 * is read once from the newest records, bounded. For people: an announcement that is lost is not counted.
 */
import { setImmediate as immediate } from 'node:timers/promises';
import { type Instant, isSettled, type Status, type Transaction } from '../domain/transaction.ts';
import type { Change, Journal } from '../journal/journal.ts';
import { now } from '../pair/clock.ts';

export const counted = ['completed', 'failed', 'abandoned', 'held', 'replayed'] as const;
export type Counted = (typeof counted)[number];
type Counts = Readonly<Record<Counted, number>>;

export interface Span {
  /** When it begins; it lasts `spanMs`. */
  readonly at: Instant;
  readonly counts: Counts;
}

export interface HistoryView {
  readonly spanMs: number;
  /** Oldest first, without a gap, up to now. */
  readonly spans: readonly Span[];
  /** What happened before it is not counted. */
  readonly since: Instant;
}

const minuteMs = 60_000;
const minutesMax = 24 * 60;
const readRecordsMax = 5000;
const readAtOnce = 250;
const rememberedMax = 50_000;
/** One that waited longer between its receipt and its first attempt was held. */
const heldLongerThanMs = 1000;

export class History {
  readonly #journal: Journal;
  readonly #minutes = new Map<number, Record<Counted, number>>();
  /** The status each was last seen in; the newest of them. */
  readonly #statuses = new Map<string, Status>();
  readonly #beganAt = now();
  readonly #unsubscribe: () => void;
  #since = this.#beganAt;
  #isClosed = false;

  constructor(journal: Journal) {
    this.#journal = journal;
    this.#unsubscribe = journal.subscribe((change) => this.#changed(change));
  }

  /** Reads what the journal knows of the time before. Never rejects: without it the time line begins now. */
  async readBack(): Promise<void> {
    let beforeSequence = Number.MAX_SAFE_INTEGER;
    const from = this.#beganAt - minutesMax * minuteMs;
    try {
      for (let read = 0; read < readRecordsMax && !this.#isClosed; read += readAtOnce) {
        const page = await this.#journal.list({ beforeSequence, limit: readAtOnce });
        for (const transaction of page) this.#record(transaction);
        const last = page.at(-1);
        this.#since = last === undefined ? from : Math.min(this.#since, Math.max(from, last.receivedAt));
        if (page.length < readAtOnce) this.#since = from;
        if (page.length < readAtOnce || last === undefined || last.receivedAt < from) return;
        beforeSequence = last.sequence;
        // Requests get their turn in between.
        await immediate();
      }
    } catch {
      // The time line then begins later, and says so.
    }
  }

  /** The last `hours` (1 to 24) in spans of so many minutes. */
  view(hours: number, spanMinutes: number): HistoryView {
    const spanMs = spanMinutes * minuteMs;
    const end = Math.floor(now() / spanMs) * spanMs;
    const spans: Span[] = [];
    for (let at = end - hours * 60 * minuteMs + spanMs; at <= end; at += spanMs) {
      const counts = empty();
      for (let minute = at / minuteMs; minute < (at + spanMs) / minuteMs; minute += 1) {
        for (const what of counted) counts[what] += this.#minutes.get(minute)?.[what] ?? 0;
      }
      spans.push({ at, counts });
    }
    return { spanMs, spans, since: this.#since };
  }

  close(): void {
    this.#isClosed = true;
    this.#unsubscribe();
  }

  #changed({ id, status }: Change): void {
    const before = this.#statuses.get(id);
    if (before === status) return;
    this.#statuses.delete(id);
    this.#statuses.set(id, status);
    const [oldest] = this.#statuses.size > rememberedMax ? this.#statuses.keys() : [];
    if (oldest !== undefined) this.#statuses.delete(oldest);
    const at = now();
    if (status === 'held') this.#count('held', at);
    else if (isSettled(status)) this.#count(status, at);
    else if (status === 'in-flight' && (before === 'unacknowledged' || before === 'awaiting-operator'))
      this.#count('replayed', at);
  }

  /** What the record says of the time before this process. */
  #record(transaction: Transaction): void {
    for (const [what, at] of pastOf(transaction)) {
      if (at < this.#beganAt) this.#count(what, at);
    }
  }

  #count(what: Counted, at: Instant): void {
    const minute = Math.floor(at / minuteMs);
    const oldest = Math.floor(now() / minuteMs) - minutesMax;
    if (minute <= oldest) return;
    const counts = this.#minutes.get(minute) ?? empty();
    counts[what] += 1;
    this.#minutes.set(minute, counts);
    if (this.#minutes.size > minutesMax) {
      for (const each of this.#minutes.keys()) if (each <= oldest) this.#minutes.delete(each);
    }
  }
}

const empty = (): Record<Counted, number> => ({ completed: 0, failed: 0, abandoned: 0, held: 0, replayed: 0 });

/** Pure. */
export function pastOf({ receivedAt, attempts, state }: Transaction): [Counted, Instant][] {
  const past: [Counted, Instant][] = [];
  const sends = attempts.filter(({ kind }) => kind === 'send');
  const firstAt = sends[0]?.at ?? ('settledAt' in state ? state.settledAt : Number.POSITIVE_INFINITY);
  if (firstAt - receivedAt > heldLongerThanMs) past.push(['held', receivedAt]);
  for (const [index, { at }] of sends.entries()) {
    if (sends.slice(0, index).some(({ outcome }) => outcome !== 'never-sent')) past.push(['replayed', at]);
  }
  if ('settledAt' in state) past.push([state.status, state.settledAt]);
  return past;
}
