/** A `GatewayError` as an answer: RFC 9457 `application/problem+json` (contract section 3). The one place that renders it. */
import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Logger } from 'pino';
import { GatewayError, problems } from '../domain/problem.ts';
import { fromFramework } from './framework-errors.ts';

export interface ProblemAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function problemAnswer(error: GatewayError): ProblemAnswer {
  const { status, title } = problems[error.code];
  const { detail, sent, transaction, retryAfterSeconds, headers } = error.details;
  // A refusal that names no transaction sent nothing.
  const said = sent ?? (status < 500 && transaction === undefined ? 'no' : undefined);
  const body = JSON.stringify({
    type: `urn:northgate:problem:${error.code}`,
    title,
    status,
    detail,
    ...(transaction === undefined ? {} : { transaction }),
    ...(said === undefined ? {} : { sent: said }),
  });
  return {
    status,
    headers: {
      'Content-Type': 'application/problem+json',
      'Content-Length': String(Buffer.byteLength(body)),
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      ...(retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) }),
      ...headers,
    },
    body,
  };
}

/** The whole of an answer as bytes, for where there is no request to answer; the connection ends after it. */
export function problemText(error: GatewayError): string {
  const { status, headers, body } = problemAnswer(error);
  const lines = Object.entries({ ...headers, Date: new Date().toUTCString(), Connection: 'close' });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${head}\r\n${body}`;
}

/** Whatever was thrown as a `GatewayError`: what is none is a defect of this request, logged here, once. */
export function asGatewayError(error: unknown, log: Logger): GatewayError {
  const known = fromFramework(error);
  if (known instanceof GatewayError) return known;
  log.error({ err: error }, 'a request ended in a defect');
  const detail = 'The gateway failed on this request; its log says more.';
  return new GatewayError('internal', { detail, sent: 'maybe', cause: error });
}

/** Gives the problem, or breaks the connection if an answer has already begun. */
export function giveProblem(response: ServerResponse, error: GatewayError, close: boolean): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { status, headers, body } = problemAnswer(error);
  response.writeHead(status, close ? { ...headers, Connection: 'close' } : headers);
  response.end(body);
}
