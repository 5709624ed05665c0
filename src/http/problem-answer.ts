/** A `GatewayError` as an answer: RFC 9457 `application/problem+json` (contract section 3). The one place that renders it. */
import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Logger } from 'pino';
import { GatewayError, type ProblemCode, problems } from '../domain/problem.ts';

export interface ProblemAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function problemAnswer(error: GatewayError): ProblemAnswer {
  const { status, title } = problems[error.code];
  const { detail, sent, transaction, retryAfterSeconds, headers } = error.details;
  const body = JSON.stringify({
    type: `urn:northgate:problem:${error.code}`,
    title,
    status,
    detail,
    ...(transaction === undefined ? {} : { transaction }),
    ...(sent === undefined ? {} : { sent }),
  });
  return {
    status,
    headers: {
      'Content-Type': 'application/problem+json',
      'Content-Length': String(Buffer.byteLength(body)),
      'Cache-Control': 'no-store',
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

/** What fastify refuses by itself on the gateway's own resources, by the status that it would give. */
const fastifyRefusals: Readonly<Record<number, ProblemCode>> = {
  400: 'invalid-request',
  404: 'not-found',
  413: 'body-too-large',
  414: 'uri-too-long',
  415: 'unsupported-media-type',
};

/** Whatever was thrown as a `GatewayError`: what is none is a defect of this request, logged here, once. */
export function asGatewayError(error: unknown, log: Logger): GatewayError {
  if (error instanceof GatewayError) return error;
  const { code, statusCode, message } = error as { code?: string; statusCode?: number; message?: string };
  const refusal = code?.startsWith('FST_ERR_') ? fastifyRefusals[statusCode ?? 0] : undefined;
  if (refusal !== undefined) return new GatewayError(refusal, { detail: `${message}.`, sent: 'no', cause: error });
  log.error({ err: error }, 'a request ended in a defect');
  return new GatewayError('internal', {
    detail: 'The gateway failed on this request; its log says more.',
    sent: 'maybe',
    cause: error,
  });
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
