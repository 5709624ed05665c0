/** The answers that contract section 3 knows, as a table of its problems; any other answer must be ESC's, or a promise. */
import type { Order, Try } from '../chaos/ledgers.ts';
import { isRead } from './orders.ts';

/** What may be said of whether ESC has it, with each problem. */
const problems: Readonly<Record<string, { status: number; sent: readonly string[]; isOfReads?: boolean }>> = {
  'invalid-request': { status: 400, sent: ['no'] },
  'key-required': { status: 400, sent: ['no'] },
  'key-malformed': { status: 400, sent: ['no'] },
  'callback-refused': { status: 400, sent: ['no'] },
  unauthorized: { status: 401, sent: ['no'] },
  forbidden: { status: 403, sent: ['no'] },
  'not-found': { status: 404, sent: ['no'] },
  'method-not-allowed': { status: 405, sent: ['no'] },
  'body-too-large': { status: 413, sent: ['no'] },
  'key-reused': { status: 422, sent: ['no', 'maybe', 'yes'] },
  'rate-limited': { status: 429, sent: ['no'] },
  'headers-too-large': { status: 431, sent: ['no'] },
  'hold-expired': { status: 503, sent: ['no'] },
  'hold-full': { status: 503, sent: ['no'] },
  draining: { status: 503, sent: ['no'] },
  'journal-unavailable': { status: 503, sent: ['no', 'maybe'] },
  'upstream-unreachable': { status: 502, sent: ['no', 'maybe'], isOfReads: true },
  'upstream-invalid': { status: 502, sent: ['maybe', 'yes'], isOfReads: true },
  'upstream-timeout': { status: 504, sent: ['maybe', 'yes'], isOfReads: true },
};

/** What the simulated ESC answers, of what it was asked here, and what stands in for it (a page of a container, R22). */
const ofEsc: ReadonlySet<number> = new Set([200, 201, 202, 204, 400, 404, 409, 500]);

export function isAllowed(order: Order, { came, status = 0, problem, sent = '', transaction }: Try): boolean {
  if (came !== 'answer') return true;
  if (problem === undefined) return ofEsc.has(status) && (isRead(order) || transaction !== undefined);
  const known = problems[problem];
  if (known === undefined || known.status !== status || !known.sent.includes(sent)) return false;
  return known.isOfReads !== true || isRead(order);
}
