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
 * journal cannot be read; the report then bears no event, which is better than none at all. `isPatient`: it is read again
 * and again until the journal is back, for whoever writes as patiently.
 */
export async function actionOf(
  records: Records,
  { id, policy }: Transaction,
  isPatient = false,
): Promise<string | null> {
  if (policy.kind !== 'action') return null;
  const packed = await (isPatient ? records.readBodySurely(id, 'request') : records.readBody(id, 'request'));
  return packed === null ? null : operationOf(unpackRequest(packed).body);
}

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
