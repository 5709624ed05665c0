/**
 * What a client is given: ESC's answer byte for byte but for the exceptions of R25, with the gateway's own fields added,
 * or a 202 that names the transaction. The answer has been recorded before (R23).
 */
import type { ServerResponse } from 'node:http';
import type { Answer } from '../domain/outcome.ts';
import type { Transaction } from '../domain/transaction.ts';
import { endToEnd, firstValue } from '../upstream/headers.ts';

/** Where the client called and where ESC is, to turn ESC's own authority into the gateway's (R25). */
export interface Authorities {
  /** `http://host:port` as the client wrote it in Host. */
  readonly own: string;
  readonly esc: readonly string[];
}

const namingFields: ReadonlySet<string> = new Set(['location', 'content-location', 'link']);

/** ESC's header list as the client gets it: end-to-end fields in order and spelling, ESC's authority replaced. */
export function towardsClient(headers: readonly string[], authorities: Authorities): string[] {
  const kept = endToEnd(headers);
  for (let index = 0; index < kept.length; index += 2) {
    if (!namingFields.has((kept[index] ?? '').toLowerCase())) continue;
    kept[index + 1] = withOwnAuthority(kept[index + 1] ?? '', authorities);
  }
  return kept;
}

function withOwnAuthority(value: string, { own, esc }: Authorities): string {
  return value.replace(/https?:\/\/(\[[^\]]+\]|[^/:?#\s>]+)(:\d+)?/gi, (url: string, host: string) =>
    esc.includes(host.replace(/^\[|\]$/g, '')) ? own : url,
  );
}

/** The final answer of a transaction. */
export function giveAnswer(response: ServerResponse, transaction: Transaction, answer: Answer, own: Authorities): void {
  const headers = towardsClient(answer.headers, own);
  headers.push('Northgate-Transaction', transaction.id, 'Northgate-Attempts', String(attemptsOf(transaction)));
  response.sendDate = firstValue(headers, 'date') === '';
  const hasBody = answer.status !== 204 && answer.status !== 304;
  if (hasBody && firstValue(headers, 'content-length') === '')
    headers.push('Content-Length', String(answer.body.byteLength));
  response.writeHead(answer.status, headers);
  response.end(hasBody ? answer.body : undefined);
}

const attemptsOf = (transaction: Transaction): number =>
  transaction.attempts.filter((attempt) => attempt.kind === 'send').length;

/** Not finished in the client's time; the gateway goes on (contract section 3). */
export function givePromise(response: ServerResponse, transaction: Transaction, retryAfterSeconds: number): void {
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
    String(retryAfterSeconds),
    'Northgate-Transaction',
    transaction.id,
    'Northgate-Attempts',
    String(attemptsOf(transaction)),
  ]);
  response.end(body);
}
