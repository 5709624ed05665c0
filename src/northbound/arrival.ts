/**
 * A request that came, as the record that the journal is to keep of it. What makes it equal to another one is said here:
 * the fingerprint that a key must meet again (contract section 3), and the twin of a request without a key (R26).
 */
import { hash, randomUUID } from 'node:crypto';
import type { Channel, TraceContext, Transaction } from '../domain/transaction.ts';
import type { Catalogue } from '../esc/catalogue.ts';
import { fieldValue } from '../esc/headers.ts';
import type { Fingerprints } from './fingerprint.ts';

export interface Arrival {
  readonly method: string;
  readonly path: string;
  /** End-to-end fields as they go to ESC. */
  readonly headers: readonly string[];
  readonly body: Buffer;
  readonly receivedAt: number;
  readonly client: string;
  readonly idempotencyKey: string | null;
  readonly wants: readonly Channel[];
  /** Promised a 202 from the beginning (`Prefer: respond-async`). */
  readonly isPromised: boolean;
  /** Absent or null: it is not traced. */
  readonly trace?: TraceContext | null;
}

export interface TakenBy {
  readonly replica: string;
  readonly catalogue: Catalogue;
  readonly fingerprints: Fingerprints;
  readonly isOpen: boolean;
}

export function transactionOf(arrival: Arrival, { replica, catalogue, fingerprints, isOpen }: TakenBy): Transaction {
  const { method, path, headers, body, receivedAt, client, idempotencyKey, wants, isPromised, trace = null } = arrival;
  const contentType = fieldValue(headers, 'content-type') ?? '';
  const { place, policy } = catalogue.classify({ method, path, body, contentType });
  const fingerprint = fingerprints.of(arrival, receivedAt);
  const compared = [fingerprint, contentType, fieldValue(headers, 'client-transaction-id')];
  return {
    id: `${receivedAt.toString(36).padStart(9, '0')}-${randomUUID()}`,
    version: 1,
    sequence: 0,
    owner: replica,
    client,
    method,
    path,
    place,
    policy,
    idempotencyKey,
    twin: idempotencyKey === null ? hash('sha256', JSON.stringify(compared), 'base64url') : null,
    fingerprint,
    receivedAt,
    requestBytes: body.byteLength,
    state: { status: 'held', since: receivedAt, reason: isOpen ? 'lane' : 'gate' },
    attempts: [],
    wants,
    joined: 0,
    reports: [],
    endedAt: null,
    answer: null,
    escTransactionId: null,
    promisedAt: isPromised ? receivedAt : null,
    ...(trace === null ? {} : { trace }),
  };
}

/** Nobody repeats a request for so long; who sends it again then means another one. */
const twinJoinsForMs = 60 * 60 * 1000;

/** Whether a twin settled so long ago that an equal request is a new transaction, whoever got the old one's answer; a key decides by itself. */
export const isPastJoining = ({ twin, state }: Transaction, now: number): boolean =>
  twin !== null && 'settledAt' in state && state.settledAt + twinJoinsForMs < now;
