/** How answers of the ops API are declared: views as JSON, and every problem that its listener can give. */
import Type, { type TSchema } from 'typebox';
import { problems } from '../domain/problem.ts';
import { words } from '../ops/schema-kinds.ts';

export const problemSchema = Type.Object(
  {
    type: words(Object.keys(problems).map((code) => `urn:northgate:problem:${code}`)),
    title: Type.String(),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.String(),
    transaction: Type.Optional(Type.String()),
    sent: Type.Optional(words(['no', 'maybe', 'yes'])),
  },
  { $id: 'Problem', description: 'An error of the gateway (RFC 9457).' },
);

const problemContent = { 'application/problem+json': { schema: { $ref: 'Problem#' } } };

const meaning: Readonly<Record<number, string>> = {
  400: 'The request is malformed.',
  401: 'The token is missing or wrong.',
  403: 'The token’s role does not allow it, or another site’s page asked.',
  404: 'There is no such thing.',
  408: 'The request did not arrive in time.',
  409: 'The transaction’s status forbids it.',
  413: 'The body is too large.',
  414: 'The request target is too long.',
  415: 'The body is not JSON.',
  429: 'Too many at once, or too many log-ins that failed.',
  431: 'The header fields are too large.',
  500: 'A defect in the gateway.',
  501: 'The method is not known.',
  503: 'The journal does not answer.',
};

const always = [400, 401, 403, 408, 414, 429, 431, 500, 501, 503];

type Declared = Record<number, unknown>;

/** A view under 200 or another status, beside what the listener may always answer and `also`. */
export function answers(success: Declared, ...also: readonly number[]): Declared {
  const declared: Declared = { ...success };
  for (const status of [...always, ...also]) {
    declared[status] = { description: meaning[status] ?? '', content: problemContent };
  }
  return declared;
}

/** For what is open to everyone: no token is asked for. */
export function openAnswers(success: Declared): Declared {
  const { 401: _, 403: __, 429: ___, ...declared } = answers(success);
  return { ...declared, ...success };
}

export const json = (description: string, schema: TSchema) => ({
  description,
  content: { 'application/json': { schema } },
});

export const text = (description: string, mediaType: string) => ({
  description,
  content: { [mediaType]: { schema: { type: 'string' } } },
});

export const bodyProblems: readonly number[] = [413, 415];
