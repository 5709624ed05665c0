/**
 * How a record is kept: as two JSON texts, so that a replacement writes only what can change.
 * The head is what the request said and stands for ever; the course is everything else. `version` and `sequence` are
 * in neither: the store counts them. A reader refuses a format that it does not know.
 */
import { hash } from 'node:crypto';
import { type IndexEntry, indexOf, type Transaction } from '../domain/transaction.ts';

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
  const { format, id, client, method, path, place, policy } = transaction;
  const { idempotencyKey, twin, fingerprint, receivedAt, requestBytes } = transaction;
  const said = { format, id, client, method, path, place, policy };
  return JSON.stringify({ ...said, idempotencyKey, twin, fingerprint, receivedAt, requestBytes });
}

export function formOf(transaction: Transaction): Form {
  const { version, sequence, format, id, client, method, path, place, policy, ...rest } = transaction;
  const { idempotencyKey, twin, fingerprint, receivedAt, requestBytes, ...course } = rest;
  return { course: JSON.stringify(course), entry: indexOf(transaction) };
}

/** @throws Error if the record is of a format that this version of Northgate does not know. */
export function transactionOf(row: Row): Transaction {
  const text = `${row.head.slice(0, -1)},${row.course.slice(1)}`;
  const record = JSON.parse(text) as Omit<Transaction, 'format'> & { format: number };
  if (record.format !== 1) {
    throw new Error(`transaction ${record.id} is kept in format ${record.format}, which this Northgate does not know`);
  }
  // Records made before there were twins have neither.
  return {
    ...record,
    format: 1,
    twin: record.twin ?? null,
    joined: record.joined ?? 0,
    version: row.version,
    sequence: row.sequence,
  };
}

/**
 * Name under which an equal request finds this one: of its idempotency key or of its twin, scoped to the client, and of
 * a form that no client chooses. Null for a record that was made without either.
 */
export function keyHashOf({ client, idempotencyKey, twin }: Transaction): string | null {
  if (idempotencyKey !== null) return hash('sha256', JSON.stringify([client, idempotencyKey]), 'base64url');
  return twin === null ? null : hash('sha256', JSON.stringify([client, 'twin', twin]), 'base64url');
}
