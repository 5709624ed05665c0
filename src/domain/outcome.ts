/**
 * What became of one attempt, as far as the gateway can know.
 * Invariant: `never-sent` is certain (rule R11); everything without a complete answer that is not certain is `unknown`.
 */

/** ESC's complete answer to one attempt. Header names keep ESC's spelling; `headers` is flat: name, value, name, value, … */
export interface Answer {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: Uint8Array;
}

export type Outcome =
  | { readonly kind: 'answered'; readonly answer: Answer }
  /** No byte was handed to a socket, or the connection was refused (R11). */
  | { readonly kind: 'never-sent'; readonly evidence: string }
  | { readonly kind: 'unknown'; readonly evidence: string };

const gatewayTimeoutOrStartingContainer = (status: number): boolean => status === 404 || status >= 500;

/**
 * Whether an answer may come from a container that is still starting, or from maintenance mode, and so counts only
 * when a probe sent after it says READY in the same epoch (R12): a 503, or a 404 or 5xx with an HTML or empty body.
 */
export function isDoubtful(answer: { status: number; contentType: string; bodyBytes: number }): boolean {
  if (answer.status === 503) return true;
  if (!gatewayTimeoutOrStartingContainer(answer.status)) return false;
  return answer.bodyBytes === 0 || answer.contentType.toLowerCase().includes('html');
}

/** ESC took it: a 2xx. A redirect takes nothing, and is an answer like a refusal. Not defined: nobody answered. */
export const isTaken = (status: number | undefined): boolean => status !== undefined && status >= 200 && status < 300;
