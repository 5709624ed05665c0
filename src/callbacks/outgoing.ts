/**
 * The requests of attempts as they go to ESC: with the gateway's own URLs in place of the client's, a token an attempt.
 * Without `callbacks.publicUrl` they go as they came, and ESC reports to the client itself.
 */
import type { Transaction } from '../domain/transaction.ts';
import { withCallbackUrls } from '../esc/callback-headers.ts';
import { fieldValue } from '../esc/headers.ts';
import type { RequestMessage } from '../journal/message.ts';
import type { UpstreamRequest } from '../upstream/upstream.ts';
import { callbackUrl, type TokenKind, type Tokens } from './token.ts';

export interface ReportingTo {
  readonly publicUrl: string;
  readonly tokens: Tokens;
}

const urlFor = ({ publicUrl, tokens }: ReportingTo, { id, attempts }: Transaction, kind: TokenKind): string =>
  callbackUrl(publicUrl, tokens.make({ transactionId: id, attempt: attempts.at(-1)?.number ?? 1, kind }));

/** The last attempt's request. Operations that the catalogue does not know report only where their client asked for it. */
export function outgoing(to: ReportingTo | null, transaction: Transaction, message: RequestMessage): RequestMessage {
  const { wants, policy } = transaction;
  if (to === null || (policy.ack !== 'report' && wants.length === 0)) return message;
  // Only what the client itself asked for: given both, ESC might report the same event to both.
  const asksForEvents = fieldValue(message.headers, 'callback-esc-events') !== null;
  const events = asksForEvents ? urlFor(to, transaction, 'events') : null;
  return {
    ...message,
    headers: withCallbackUrls(message.headers, { callback: urlFor(to, transaction, 'callback'), events }),
  };
}

/** Deletes what the transaction created (R20). */
export function cleanUp(
  to: ReportingTo | null,
  transaction: Transaction,
  credentials: readonly string[],
): UpstreamRequest {
  const { look } = transaction.policy;
  if (look === null) throw new Error(`defect: nothing is known to delete for ${transaction.id}`);
  const callback = to === null ? [] : ['Callback', urlFor(to, transaction, 'clean-up')];
  return { method: 'DELETE', path: look, headers: [...credentials, ...callback], body: null };
}
