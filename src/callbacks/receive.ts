/**
 * Takes ESC's reports: found by their token, whoever brings them, and journaled with the record they belong to before
 * ESC is told that they were taken. Reports of one transaction are written one after the other.
 * Invariant: what was said to be taken is in the journal. It relays nothing, and asks ESC nothing: who is told does.
 */
import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import { type ReportFacts, type ReportWord, reported } from '../domain/reports.ts';
import { backoffMs } from '../domain/retry.ts';
import type { Transaction } from '../domain/transaction.ts';
import { operationOf } from '../esc/bodies.ts';
import { isKnownEventType, readTerminal } from '../esc/events.ts';
import { fieldValue } from '../esc/headers.ts';
import { type ReportReading, readReport } from '../esc/reports.ts';
import { type Bodies, type Journal, JournalUnavailable } from '../journal/journal.ts';
import { packRequest, unpackRequest } from '../journal/message.ts';
import type { Move, Records } from '../northbound/records.ts';
import { now } from '../pair/clock.ts';
import type { TokenParts, Tokens } from './token.ts';
import type { Turns } from './turns.ts';

export interface ReceiverOptions {
  readonly replica: string;
  readonly tokens: Tokens;
  readonly records: Records;
  /** The same as the relay's. */
  readonly turns: Turns;
  readonly log: Logger;
  /** A replica that was frozen does not know its epoch, so what a report means is read when it does (R28, R32). */
  readonly lease: { untilHeld(deadlineAt: number): Promise<boolean> };
  /** The epoch as this replica knows it. */
  readonly currentEpoch: () => number;
  /** Reads it from the journal, which had another one. Rejects with JournalUnavailable. */
  readonly learnEpoch: () => Promise<void>;
  /** `callbacks.deliverFor`: a token lives so long after what it was made for was deleted (R29). */
  readonly deliverForMs: number;
  /** Called after each report that was journaled; `duplicate` is told too, as a sign of life. */
  readonly onReported: (transaction: Transaction, word: ReportWord) => void;
}

/** ESC does not repeat a report, so the journal gets this long to come back before ESC is told that it is away. */
const journalAwayMaxMs = 30_000;
/** Being written at once; further ones are turned away. */
const receivingMax = 1000;

export class Receiver {
  readonly #options: ReceiverOptions;
  #receiving = 0;

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  /**
   * `unknown`: no token of ours, or of a transaction that the journal keeps no more. `unavailable`: not in the journal,
   * or nobody can tell. Never rejects. `headers` are flat, in ESC's spelling.
   */
  async take(token: string, headers: readonly string[], body: Uint8Array): Promise<Taken> {
    const { tokens, turns, log } = this.#options;
    const parts = tokens.read(token);
    if (parts === null) return 'unknown';
    if (this.#receiving >= receivingMax) return 'unavailable';
    this.#receiving += 1;
    try {
      return await turns.run(parts.transactionId, () => this.#write(parts, { token, headers, body }));
    } catch (error) {
      log.error({ err: error, transaction: parts.transactionId }, 'a report of ESC could not be recorded');
      return 'unavailable';
    } finally {
      this.#receiving -= 1;
    }
  }

  async #write(parts: TokenParts, came: Came): Promise<Taken> {
    const { log, lease, deliverForMs, records } = this.#options;
    const deadlineAt = now() + journalAwayMaxMs;
    if (!(await lease.untilHeld(deadlineAt))) return 'unavailable';
    const { journal } = records;
    const transaction = await untilRead(() => journal.get(parts.transactionId), deadlineAt);
    if (transaction === 'unavailable') return 'unavailable';
    if (transaction === null) return 'unknown';
    if (transaction.endedAt !== null && transaction.endedAt + deliverForMs < now()) return 'unknown';

    const operation = await untilRead(() => operationIn(journal, transaction), deadlineAt);
    if (operation === 'unavailable') return 'unavailable';
    const reading = readReport(came.headers, came.body);
    logOdd(log, transaction, reading);
    const facts = {
      at: now(),
      attempt: parts.attempt,
      isCleanUp: parts.kind === 'clean-up',
      channel: parts.kind === 'events' ? ('events' as const) : ('callback' as const),
      eventType: reading.eventType,
      status: reading.status,
      digest: digestOf(came),
      verdict: readTerminal(operation, reading),
      escTransactionId: reading.escTransactionId,
    };
    return withinTime(this.#record(transaction, facts, { came, deadlineAt }), deadlineAt);
  }

  /**
   * Until it is written. What a report that ends something means depends on the epoch: written only in the one it was read
   * in (R13, R28). What it made of the transaction is told also where it was written too late for ESC to hear of it.
   */
  async #record(
    transaction: Transaction,
    facts: ReportFacts,
    { came, deadlineAt }: { came: Came; deadlineAt: number },
  ): Promise<Taken> {
    const { records, replica, currentEpoch, learnEpoch, onReported } = this.#options;
    for (let failures = 1; ; failures += 1) {
      const epoch = currentEpoch();
      let meant: ReportWord = 'duplicate';
      const changed = await records.changeSurely(transaction, (current) => {
        const made = reported(current, facts, { currentEpoch: epoch, replica });
        meant = made.word;
        if (made.number === null) return null;
        const move = moveOf(current, made.transaction, made.number, came);
        return facts.verdict === null ? move : { ...move, epoch };
      });
      if ('transaction' in changed) {
        onReported(changed.transaction, meant);
        return 'taken';
      }
      if (changed.word !== 'stale-epoch') return changed.word === 'missing' ? 'unknown' : 'unavailable';
      if ((await untilRead(learnEpoch, deadlineAt)) === 'unavailable') return 'unavailable';
      if (currentEpoch() === epoch && !(await pausedBefore(deadlineAt, failures))) return 'unavailable';
    }
  }
}

type Taken = 'taken' | 'unknown' | 'unavailable';

/** What the request asked for, as `readTerminal` wants it. Rejects with JournalUnavailable. */
async function operationIn(
  journal: Journal,
  { id, place, policy }: Transaction,
): Promise<Parameters<typeof readTerminal>[0]> {
  const operation = { resourceType: place.resourceType, kind: policy.kind };
  if (policy.kind !== 'action') return { ...operation, action: null };
  const packed = await journal.body(id, 'request');
  return { ...operation, action: packed === null ? null : operationOf(unpackRequest(packed).body) };
}

/** Asks the journal again while it is away, by the deadline. */
async function untilRead<Read>(ask: () => Promise<Read>, deadlineAt: number): Promise<Read | 'unavailable'> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof JournalUnavailable)) throw error;
    }
    if (!(await pausedBefore(deadlineAt, failures))) return 'unavailable';
  }
}

/** Backs off; false, at once, if that would be past the deadline. */
async function pausedBefore(deadlineAt: number, failures: number): Promise<boolean> {
  const pauseMs = backoffMs(failures, Math.random());
  if (now() + pauseMs > deadlineAt) return false;
  await new Promise((resolve) => setTimeout(resolve, pauseMs));
  return true;
}

interface Came {
  readonly token: string;
  readonly headers: readonly string[];
  readonly body: Uint8Array;
}

/** R29: the same token and bytes. Of the header only what says how it went; the rest may differ between repetitions. */
function digestOf({ token, headers, body }: Came): string {
  const said = ['esc-status-code', 'esc-status-message'].map((name) => fieldValue(headers, name));
  return createHash('sha256')
    .update(JSON.stringify([token, ...said]))
    .update(body)
    .digest('hex');
}

/** With the report's bytes; those of a report that the record dropped are emptied. */
function moveOf(before: Transaction, transaction: Transaction, number: number, { headers, body }: Came): Move {
  const kept = new Set(transaction.reports.map((report) => report.number));
  const bodies: Bodies = {};
  for (const report of before.reports) if (!kept.has(report.number)) bodies[`report-${report.number}`] = nothing;
  bodies[`report-${number}`] = packRequest({ headers, body });
  return { transaction, bodies };
}

const nothing = new Uint8Array();

/** The write goes on after it, so that the report is found when the journal is back. */
async function withinTime(writing: Promise<Taken>, deadlineAt: number): Promise<Taken> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Taken>((resolve) => {
    timer = setTimeout(() => resolve('unavailable'), Math.max(0, deadlineAt - now()));
  });
  try {
    return await Promise.race([writing, late]);
  } finally {
    clearTimeout(timer);
  }
}

function logOdd(log: Logger, { id }: Transaction, { eventType, status }: ReportReading): void {
  if (eventType !== null && status !== null && isKnownEventType(eventType)) return;
  log.warn({ transaction: id, eventType, status }, 'ESC reported what Northgate does not know; it is relayed as it is');
}
