/**
 * The gateway's own errors, one line a code (contract section 3). What ESC answers is never one of these.
 * Invariant: `sent: 'no'` is said only where nothing of the request can have reached ESC.
 */

type Sent = 'no' | 'maybe' | 'yes';

interface ProblemKind {
  readonly status: number;
  readonly title: string;
  /** Whether `Retry-After` belongs to it. */
  readonly retry: boolean;
}

export const problems = {
  'invalid-request': { status: 400, title: 'The request is malformed', retry: false },
  'key-required': { status: 400, title: 'An Idempotency-Key is required', retry: false },
  'key-malformed': { status: 400, title: 'The Idempotency-Key is malformed', retry: false },
  'callback-refused': { status: 400, title: 'The callback URL is not allowed', retry: false },
  unauthorized: { status: 401, title: 'Credentials are missing or wrong', retry: false },
  forbidden: { status: 403, title: 'Not allowed', retry: false },
  'not-found': { status: 404, title: 'There is nothing here', retry: false },
  'method-not-allowed': { status: 405, title: 'The resource does not take this method', retry: false },
  'request-timeout': { status: 408, title: 'The request did not arrive in time', retry: true },
  conflict: { status: 409, title: 'Its status forbids it', retry: false },
  'body-too-large': { status: 413, title: 'The body is too large', retry: false },
  'uri-too-long': { status: 414, title: 'The request target is too long', retry: false },
  'unsupported-media-type': { status: 415, title: 'The media type is not supported', retry: false },
  'key-reused': { status: 422, title: 'The Idempotency-Key belongs to another request', retry: false },
  'rate-limited': { status: 429, title: 'Too many requests', retry: true },
  'headers-too-large': { status: 431, title: 'The header fields are too large', retry: false },
  internal: { status: 500, title: 'A defect in the gateway', retry: false },
  'not-implemented': { status: 501, title: 'The gateway does not know this', retry: false },
  'upstream-unreachable': { status: 502, title: 'ESC cannot be reached', retry: true },
  'upstream-invalid': { status: 502, title: 'ESC answered with something that is not HTTP', retry: true },
  'hold-expired': { status: 503, title: 'The request was held too long and was never sent', retry: true },
  'hold-full': { status: 503, title: 'Too many requests are held', retry: true },
  draining: { status: 503, title: 'The gateway is draining', retry: true },
  'journal-unavailable': { status: 503, title: 'The journal does not accept the request', retry: true },
  'upstream-timeout': { status: 504, title: 'ESC did not answer in time', retry: true },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof problems;

export interface ProblemDetails {
  readonly detail: string;
  readonly sent?: Sent;
  readonly transaction?: string;
  /** Seconds, for codes that can be retried. */
  readonly retryAfterSeconds?: number;
  /** Further header fields that the status demands, such as Allow or WWW-Authenticate. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** Ends a client's or operator's request; caught in one place and rendered as RFC 9457. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: ProblemCode;
  readonly details: ProblemDetails;

  constructor(code: ProblemCode, details: ProblemDetails) {
    super(details.detail, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.details = details;
  }

  get status(): number {
    return problems[this.code].status;
  }
}
