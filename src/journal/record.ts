/**
 * How a record is kept: as two JSON texts, so that a replacement writes only what can change.
 * The head is what the request said and stands for ever; the course is everything else. `version` and `sequence` are
 * in neither: the store counts them. Each text bears its own format, since a later release may have written the course over
 * the head of an earlier one; a reader refuses what it does not know (`formats.ts`).
 */
import { hash } from 'node:crypto';
import { type IndexEntry, indexOf, type Transaction } from '../domain/transaction.ts';
import { asWritten, type Part, raised, UnknownFormat } from './formats.ts';

/** A record as a store gives it back. */
export interface Row {
  readonly version: number;
  readonly sequence: number;
  readonly head: string;
  readonly course: string;
}

/** What a store keeps of a record besides its head. */
export interface Form {
  readonly course: string;
  readonly entry: IndexEntry;
}

export function headOf(transaction: Transaction): string {
  const { id, client, method, path, place, policy } = transaction;
  const { idempotencyKey, twin, fingerprint, receivedAt, requestBytes } = transaction;
  const said = { id, client, method, path, place, policy };
  return JSON.stringify(asWritten({ ...said, idempotencyKey, twin, fingerprint, receivedAt, requestBytes }));
}

export function formOf(transaction: Transaction): Form {
  const { version, sequence, id, client, method, path, place, policy, ...rest } = transaction;
  const { idempotencyKey, twin, fingerprint, receivedAt, requestBytes, ...course } = rest;
  return { course: JSON.stringify(asWritten(course)), entry: indexOf(transaction) };
}

/** @throws UnknownFormat if the record is of a format that this version of Northgate does not know. */
export function transactionOf({ version, sequence, head, course }: Row): Transaction {
  const { format: headFormat, ...said } = JSON.parse(head) as Part;
  // The course of a record that was made before courses bore a format is of the head's.
  const { format = headFormat, ...since } = JSON.parse(course) as Part;
  const parts = { ...raised(said, Number(headFormat)), ...raised(since, Number(format)) };
  const record = parts as unknown as Omit<Transaction, 'version' | 'sequence'>;
  // Records made before there were twins have neither.
  return { ...record, twin: record.twin ?? null, joined: record.joined ?? 0, version, sequence };
}

/** For walks that leave to others what they cannot read: null then. */
export function knownOrNull(row: Row): Transaction | null {
  try {
    return transactionOf(row);
  } catch (error) {
    if (error instanceof UnknownFormat) return null;
    throw error;
  }
}

/**
 * Name under which an equal request finds this one: of its idempotency key or of its twin, scoped to the client, and of
 * a form that no client chooses. Null for a record that was made without either.
 */
export function keyHashOf({ client, idempotencyKey, twin }: Transaction): string | null {
  if (idempotencyKey !== null) return hash('sha256', JSON.stringify([client, idempotencyKey]), 'base64url');
  return twin === null ? null : hash('sha256', JSON.stringify([client, 'twin', twin]), 'base64url');
}
