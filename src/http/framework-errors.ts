/** What fastify refuses in its own words, as the gateway's problems: every error of a listener has one form. */
import type { FastifyError } from 'fastify';
import { GatewayError, type ProblemCode } from '../domain/problem.ts';
import { JournalUnavailable } from '../journal/journal.ts';

const codeOfStatus: Readonly<Record<number, ProblemCode>> = {
  400: 'invalid-request',
  404: 'not-found',
  405: 'method-not-allowed',
  413: 'body-too-large',
  414: 'uri-too-long',
  415: 'unsupported-media-type',
  431: 'headers-too-large',
};

/** Gives back what it does not know: a defect, or a `GatewayError` already. */
export function fromFramework(error: unknown): unknown {
  if (error instanceof GatewayError || !(error instanceof Error)) return error;
  if (error instanceof JournalUnavailable) {
    const detail = 'The journal does not answer; try again.';
    return new GatewayError('journal-unavailable', { detail, sent: 'no', retryAfterSeconds: 5, cause: error });
  }
  const { statusCode, validation, validationContext, message } = error as Partial<FastifyError> & Error;
  if (validation !== undefined) {
    const detail = `The ${validationContext ?? 'request'} is not what this takes: ${message}.`;
    return new GatewayError('invalid-request', { detail, sent: 'no', cause: error });
  }
  const code = codeOfStatus[statusCode ?? 0];
  return code === undefined ? error : new GatewayError(code, { detail: `${message}.`, sent: 'no', cause: error });
}
