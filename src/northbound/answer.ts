/**
 * What a client is given: ESC's answer byte for byte but for the exceptions of R25, with the gateway's own fields added,
 * or a 202 that names the transaction. The answer has been recorded before (R23).
 */
import type { ServerResponse } from 'node:http';
import type { Answer } from '../domain/outcome.ts';
import { knownTransactionId } from '../domain/reports.ts';
import { isSettled, type Transaction } from '../domain/transaction.ts';
import { escTransactionIdOf } from '../esc/headers.ts';
import { withKnownTransactionId } from '../esc/known-transaction-id.ts';
import { northboundOf, rawPathOf, readPath } from '../esc/request-path.ts';
import { endToEnd, firstValue } from '../upstream/headers.ts';

/** Where the client called and where ESC is, to turn ESC's own authority into the gateway's (R25). */
export interface Authorities {
  /** `http://host:port` as the client wrote it in Host. */
  readonly own: string;
  readonly esc: readonly string[];
}

/** Fields whose value is a reference, and fields that hold references in angle brackets (RFC 8288 section 3). */
const referenceFields: ReadonlySet<string> = new Set(['location', 'content-location']);
const linkField = 'link';

/** ESC's header list as the client gets it: end-to-end fields in order and spelling, ESC's authority replaced. */
export function towardsClient(
  { status, headers }: { readonly status: number; readonly headers: readonly string[] },
  authorities: Authorities,
): string[] {
  // A 204 has no length (RFC 9110 section 8.6), whatever ESC says.
  const kept = endToEnd(headers, status === 204 ? contentLength : undefined);
  for (let index = 0; index < kept.length; index += 2) {
    const name = (kept[index] ?? '').toLowerCase();
    const value = kept[index + 1] ?? '';
    if (referenceFields.has(name)) kept[index + 1] = withOwnAuthority(value, authorities);
    else if (name === linkField) {
      kept[index + 1] = value.replace(/<[^<>]*>|"[^"]*"/g, (part) =>
        part.startsWith('<') ? `<${withOwnAuthority(part.slice(1, -1), authorities)}>` : part,
      );
    }
  }
  return kept;
}

/** Only of what the gateway serves too: anything else of ESC's host, such as its portal, would be 404 here. */
function withOwnAuthority(reference: string, { own, esc }: Authorities): string {
  const [, authority = '', rest = ''] = /^(?:https?:)?\/\/([^/?#]*)(.*)$/is.exec(reference) ?? [];
  const host = authority.replace(/:\d*$/, '').replace(/^\[|\]$/g, '');
  const isEsc = host !== '' && esc.some((known) => known.toLowerCase() === host.toLowerCase());
  const path = rawPathOf(rest);
  return isEsc && northboundOf(path, readPath(path)) !== null ? `${own}${rest}` : reference;
}

export interface GivenAnswer {
  readonly transaction: Transaction;
  /** As ESC gave it, or made up. */
  readonly answer: Answer;
  /** From the journal, to a client that asked when it was there already. */
  readonly isReplayed?: boolean;
}

/** The final answer of a transaction. */
export function giveAnswer(response: ServerResponse, given: GivenAnswer, own: Authorities): void {
  const { transaction, isReplayed = false } = given;
  const { status, headers: came, body } = asKnown(transaction, given.answer);
  const headers = towardsClient({ status, headers: came }, own);
  headers.push('Northgate-Transaction', transaction.id, 'Northgate-Attempts', String(attemptsOf(transaction)));
  if (isReplayed) headers.push('Idempotent-Replayed', 'true');
  // What a client gets depends on what it prefers, also where it said nothing (RFC 7240 section 2).
  headers.push('Vary', 'Prefer');
  response.sendDate = firstValue(headers, 'date') === '';
  const hasBody = status !== 204 && status !== 304;
  if (hasBody && firstValue(headers, 'content-length') === '') headers.push('Content-Length', String(body.byteLength));
  response.writeHead(status, headers);
  response.end(hasBody ? body : undefined);
}

/** Under the transaction id that the client knows: who was promised a result first knows another one than ESC's (R21). */
function asKnown(transaction: Transaction, answer: Answer): Answer {
  const known = knownTransactionId(transaction);
  const said = escTransactionIdOf(answer.headers);
  if (known === null || said === null || known === said) return answer;
  const { headers, body } = withKnownTransactionId(answer, said, known);
  if (body === answer.body) return { ...answer, headers };
  return { status: answer.status, headers: endToEnd(headers, contentLength), body };
}

const contentLength: ReadonlySet<string> = new Set(['content-length']);

/** Sendings, also those that the record keeps no more. */
const attemptsOf = ({ attempts }: Transaction): number => {
  const last = attempts.at(-1)?.number ?? 0;
  const cleanUps = attempts.filter((attempt) => attempt.kind === 'clean-up').length;
  return last - cleanUps;
};

export interface Promised {
  readonly retryAfterSeconds: number;
  /** What was honoured of the client's preferences (RFC 7240 section 3); null: it had none. */
  readonly applied: string | null;
}

/**
 * Not finished in the client's time; the gateway goes on (contract section 3). The id is the one that the client knows
 * from now on (R21). A promise that the journal did not take in time (R35) names none: ESC's own may be in the record by now.
 */
export function givePromise(response: ServerResponse, transaction: Transaction, promised: Promised): void {
  const known = knownTransactionId(transaction) ?? (isSettled(transaction.state.status) ? transaction.id : null);
  const location = `/northgate/v1/transactions/${transaction.id}`;
  const body = JSON.stringify({ id: transaction.id, status: transaction.state.status, location });
  response.writeHead(202, [
    'Content-Type',
    'application/json',
    'Content-Length',
    String(Buffer.byteLength(body)),
    'Cache-Control',
    'no-store',
    'Location',
    location,
    'Retry-After',
    String(promised.retryAfterSeconds),
    ...(known === null ? [] : ['ESC-Transaction-ID', known]),
    'Northgate-Transaction',
    transaction.id,
    'Northgate-Attempts',
    String(attemptsOf(transaction)),
    'Vary',
    'Prefer',
    ...(promised.applied === null ? [] : ['Preference-Applied', promised.applied]),
  ]);
  response.end(body);
}
