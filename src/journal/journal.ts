/**
 * The port of the journal: the durable record of transactions. Two stores keep it (sqlite/, redis/) and one contract
 * suite holds both to what stands here.
 * Invariants: a word that says it was written is durable as `journal.durability` promises; every write may run twice
 * and the second run finds it done; records are replaced by compare-and-set only. A store knows nothing of statuses' meaning:
 * what it indexes is what `indexOf` in `domain/transaction.ts` says.
 */

import type { Instant, Status, Transaction, TransactionId } from '../domain/transaction.ts';
import type { Digests } from './digests.ts';

/** Conditions of *mark in-flight*, checked with the write in one atomic step (rule R10). */
export interface MarkConditions {
  /** Must be the journal's current epoch, else `stale-epoch`. */
  readonly epoch: number;
  /** Groups that must list no transaction of lower sequence (R9), else `behind`. The lane itself is always checked (R8). */
  readonly waitsFor: readonly string[];
}

/** Names of what is kept apart from a record: the request, the answer, URLs that joined, and reports by their number (`report-1`). */
export type BodyName = 'request' | 'response' | 'joined' | `report-${number}`;

/** Bytes kept apart from the record, sealed at rest, by name; what is not named stays as it is. */
export type Bodies = Partial<Record<BodyName, Uint8Array>>;

export interface Creation {
  /** The record to keep, held. `version` and `sequence` are ignored: the journal gives 1 and the next sequence. */
  readonly transaction: Transaction;
  readonly request: Uint8Array;
  /** The same record in flight, kept instead if these conditions hold at the moment of writing. */
  readonly inFlight?: { readonly transaction: Transaction; readonly mark: MarkConditions };
}

export type Created =
  /** Kept as given: in flight if that was asked and its conditions held, else held. */
  | { readonly word: 'created'; readonly transaction: Transaction }
  /** Another transaction of the same client holds the idempotency key, or is its joinable twin. */
  | { readonly word: 'key-taken'; readonly transaction: Transaction }
  | Unavailable;

/**
 * The object is the write: the same object again (after `unavailable`) finds itself done; an equal other one is another
 * write and finds `stale-version`.
 */
export interface Replacement {
  /** The record as it shall be; its `version` is the one that was read and must still stand. */
  readonly transaction: Transaction;
  readonly bodies?: Bodies;
  /** Present for the move to in-flight. */
  readonly mark?: MarkConditions;
  /** What the move concludes was learnt in this epoch: it must be the journal's current one, else `stale-epoch`. */
  readonly epoch?: number;
}

export type Replaced =
  /** With the version raised by one. */
  | { readonly word: 'replaced'; readonly transaction: Transaction }
  | { readonly word: 'stale-version' | 'stale-epoch' | 'behind' | 'missing' }
  | Unavailable;

/** The store did not confirm in time. The write may or may not be there. */
export interface Unavailable {
  readonly word: 'unavailable';
  readonly cause: unknown;
}

/** Thrown by reads only; writes return the word. */
export class JournalUnavailable extends Error {
  override readonly name = 'JournalUnavailable';
}

export type ListQuery = {
  /** At most one of these three narrows the index that is walked; none: all transactions. */
  readonly status?: Status;
  readonly lane?: string;
  readonly client?: string;
  readonly receivedSince?: Instant;
  /** Exclusive. */
  readonly receivedUntil?: Instant;
  /** Only sequences below this; the last one of the page before. */
  readonly beforeSequence?: number;
  /** 1 to 1000. */
  readonly limit: number;
};

/** One end of an epoch and what followed; kept as JSON under the epoch that it began. */
export interface SwitchoverRecord {
  readonly epoch: number;
  readonly cause: 'failover' | 'planned' | 'unknown';
  readonly detectedAt: Instant;
  readonly readyAt: Instant | null;
  readonly recoveredAt: Instant | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly held: number;
  readonly replayed: number;
  readonly reconciled: number;
  readonly completed: number;
  readonly abandoned: number;
}

/** A record as a replica knows it to have been confirmed, to be written back to a journal that came back older (R34). */
export interface Restoration {
  /** With the version and the sequence that the journal had given it. */
  readonly transaction: Transaction;
  /** The version that was found in its place and is replaced, a lower one; 0: none was found. */
  readonly over: number;
  /** Those that are known; what is not named stays as it is. */
  readonly bodies: Bodies;
  /** Its twin's name was released. */
  readonly isReleased: boolean;
}

type Restored =
  /** Its key too, unless it was free again. */
  | { readonly word: 'restored' }
  /** But its key belongs to another transaction by now. */
  | { readonly word: 'key-taken' }
  /** Something else stands in its place than was read there: nothing was written. */
  | { readonly word: 'stale-version' }
  | Unavailable;

export interface Lease {
  readonly replica: string;
  /** By the store's clock: on Redis the server's. */
  readonly expiresAt: Instant;
  /** By the same clock: since when it has held without a gap. */
  readonly since: Instant;
  /** By the same clock: it holds still. */
  readonly isLive: boolean;
}

export interface Change {
  readonly id: TransactionId;
  readonly version: number;
  readonly status: Status;
  /** Whose it is from now on. */
  readonly owner: string;
  /** Written by another replica. */
  readonly isForeign: boolean;
}

/** What the store promises of a write that it confirmed, and what it was asked to promise. */
export interface Durability {
  readonly promised: string;
  readonly kept: boolean;
  /** A sentence for operators: what was found and what to do; empty if kept. */
  readonly detail: string;
}

export interface Journal {
  /** Of all gateways on this journal the same, whatever its key is now. */
  readonly digests: Digests;
  /**
   * Creates unless the idempotency key is taken by another transaction of the client, or without a key, the newest
   * transaction of its lane is its twin and was not released (R26). Same id again: finds it created.
   */
  create(creation: Creation): Promise<Created>;
  /** Which transaction `create` of this one would meet now; null: none. Nothing is written. */
  holder(transaction: Transaction): Promise<Transaction | null>;
  /** Its answer was handed over: its twin joins no more. A key stays taken. */
  release(transaction: Transaction): Promise<'released' | Unavailable>;
  /** Compare-and-set with the index entries in one step. */
  replace(replacement: Replacement): Promise<Replaced>;
  /**
   * Writes a record back in one step with its bodies, index entries and key, if what was read in its place still stands; no
   * transaction gets its sequence or a lower one afterwards. The same object again finds itself done.
   */
  restore(restoration: Restoration): Promise<Restored>;
  get(id: TransactionId): Promise<Transaction | null>;
  body(id: TransactionId, which: BodyName): Promise<Uint8Array | null>;
  /** Newest first. */
  list(query: ListQuery): Promise<Transaction[]>;
  /** Open ones (unsettled, or with a delivery that waits) in the order of arrival, from a sequence on (exclusive), at most `limit` (1 to 1000); with `owner` only that one's. */
  open(query: { afterSequence: number; limit: number; owner?: string }): Promise<Transaction[]>;
  /** Those with a dead letter, newest first, below a sequence (exclusive) if given; at most `limit` (1 to 1000). */
  deadLetters(query: { beforeSequence?: number; limit: number }): Promise<Transaction[]>;
  counts(): Promise<Record<Status, number>>;
  /** 0 before the first bump. */
  epoch(): Promise<number>;
  /**
   * Compare-and-set: `bumped` makes it `expected + 1` and keeps the switchover's record (null keeps none: a gateway's
   * start ends trust, but is no switchover); `stale` gives the epoch found.
   */
  bumpEpoch(
    expected: number,
    record: SwitchoverRecord | null,
  ): Promise<{ word: 'bumped' | 'stale'; epoch: number } | Unavailable>;
  /** Makes the epoch at least this, which somebody knew it to be before the journal came back older (R34); gives what stands. */
  raiseEpoch(known: number): Promise<{ readonly word: 'raised'; readonly epoch: number } | Unavailable>;
  /** Replaces the record of that epoch (last write wins; readers are people). */
  putSwitchover(record: SwitchoverRecord): Promise<'written' | Unavailable>;
  /** Newest first. */
  switchovers(limit: number): Promise<SwitchoverRecord[]>;
  renewLease(replica: string, ttlMs: number): Promise<'renewed' | Unavailable>;
  /** Ends it now, and tells the other replicas. */
  endLease(replica: string): Promise<'ended' | Unavailable>;
  /** Ended leases included for a day, so that a starting replica can tell what time was covered (R5). */
  leases(): Promise<Lease[]>;
  /** Calls the listener after each write seen, own ones and other replicas'. Best effort: readers also poll (R32). Returns the end of it. */
  subscribe(listener: (change: Change) => void): () => void;
  /** Calls the listener when another replica ended its lease. Best effort, like `subscribe`. Returns the end of it. */
  subscribeLeases(listener: (replica: string) => void): () => void;
  /**
   * Calls the listener with the run id of each server that is another than the one before: after a fail-over or a restart,
   * what was confirmed may be missing there (R34). Told before anything is asked of it. An embedded journal never tells.
   * Returns the end of it.
   */
  subscribeServer(listener: (runId: string) => void): () => void;
  /**
   * Whether the journal was last taken at its word on the server that it is on now. False: others may be writing back what that
   * one lacks (R34). An embedded journal always is. Rejects with JournalUnavailable.
   */
  isTrusted(): Promise<boolean>;
  /** From now on it is. */
  trust(): Promise<'trusted' | Unavailable>;
  /** Removes up to `limit` transactions that were done (`doneAt`) before the instant, with bodies, keys and indexes; returns how many. */
  prune(doneBefore: Instant, limit: number): Promise<number>;
  /** Reads what the store really promises and holds it against the configuration. */
  durability(): Promise<Durability>;
  close(): Promise<void>;
}

/** One step of sealing anew over some records, in the order of arrival. */
export interface Resealed {
  /** Read in this step. */
  readonly records: number;
  /** Values that were written anew. */
  readonly values: number;
  /** Values that no key opens: an old key is missing. */
  readonly unopened: number;
  /** Sequence of the last one; null: there are no more. */
  readonly last: number | null;
  /** When the newest request was received that was ever found under an earlier key; 0: none was. */
  readonly earlierUntil: number;
}

/** As a store gives it; gateways never re-encrypt. */
export interface StoredJournal extends Journal {
  /**
   * Seals up to `limit` records (1 to 1000) from a sequence on (exclusive) anew, as far as they are not under the present key;
   * safe beside gateways. Rejects with JournalUnavailable.
   */
  reseal(afterSequence: number, limit: number): Promise<Resealed>;
}
