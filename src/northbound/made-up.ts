/**
 * Adds the completion report that ESC never sent to a settled record, in ESC's form, as a delivery with its bytes
 * (R2, R18, R30). A client that wants none, or has one, gets none.
 */
import { createHash } from 'node:crypto';
import { knownTransactionId, madeUp } from '../domain/reports.ts';
import type { Transaction } from '../domain/transaction.ts';
import { operationOf } from '../esc/bodies.ts';
import { type MadeUpFacts, madeUpReport } from '../esc/made-up.ts';
import { packRequest, unpackRequest } from '../journal/message.ts';
import type { Move, Records } from './records.ts';

export interface MadeUpOptions {
  /** 200 for success; else the refusal's own status. */
  readonly status: MadeUpFacts['status'];
  /** What a look showed; null: nothing, or nothing is there. */
  readonly look: MadeUpFacts['look'];
  /** The operation named in the body of an action; null for others. */
  readonly action?: string | null;
  readonly now: number;
}

/**
 * What `MadeUpOptions.action` is to be: which event ends an action stands in its request only. Null also where the
 * journal cannot be read; the report then bears no event, which is better than none at all.
 */
export async function actionOf(records: Records, { id, policy }: Transaction): Promise<string | null> {
  return policy.kind === 'action' ? actionIn(await records.readBody(id, 'request')) : null;
}

/** The same, read again and again while the journal is away: for a record that waits for it all the same. */
export async function actionOfSurely(records: Records, { id, policy }: Transaction): Promise<string | null> {
  return policy.kind === 'action' ? actionIn(await records.readBodySurely(id, 'request')) : null;
}

const actionIn = (packed: Uint8Array | null): string | null =>
  packed === null ? null : operationOf(unpackRequest(packed).body);

export function withMadeUpReport(transaction: Transaction, { status, look, action = null, now }: MadeUpOptions): Move {
  const { place, policy, id, attempts } = transaction;
  const told = knownTransactionId(transaction) ?? attempts.findLast((each) => each.escTransactionId)?.escTransactionId;
  const { headers, body, eventType } = madeUpReport({
    place,
    kind: policy.kind,
    action,
    escTransactionId: told ?? id,
    status,
    look,
  });
  const digest = createHash('sha256').update(`made up for ${id}\n`).update(body).digest('hex');
  const verdict = status.code < 400 ? 'success' : 'failure';
  const made = madeUp(transaction, { status: verdict, eventType, digest, now });
  if (made.number === null) return { transaction };
  return { transaction: made.transaction, bodies: { [`report-${made.number}`]: packRequest({ headers, body }) } };
}
