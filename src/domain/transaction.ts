/**
 * A transaction: its record, its statuses and the one table of legal moves (rule R1).
 * Invariant: every change of status anywhere in the product goes through `moved`, so an illegal move is a defect.
 * It does not decide when to move; it says what a move makes of the record.
 */
import { groupsOf, type Place } from './lanes.ts';

/** Thirteen decimal digits of time and a random tail, so that ids sort roughly by arrival; opaque to clients. */
export type TransactionId = string;
/** Milliseconds since the epoch of Unix. */
export type Instant = number;

/** How ESC acknowledges the operation (R3). */
export type Ack = 'answer' | 'report' | 'resource' | 'occurrence';
/** Whether what ESC did not answer may be sent again (R17). */
export type ReplayPolicy = 'auto' | 'operator' | 'never';
/** What the operation does to its resource; decides how a look is read. */
export type OperationKind = 'create' | 'update' | 'delete' | 'action' | 'other';

/** What the catalogue and `policies` said when the request came; kept, so that a later change of either rewrites no past. */
export interface Policy {
  /** Operation id of the catalogue, null where it knows none. */
  readonly operation: string | null;
  readonly kind: OperationKind;
  readonly ack: Ack;
  readonly replay: ReplayPolicy;
  readonly completeWithinMs: number;
  /** Path to GET to learn what became of it, null where nothing can be looked at. */
  readonly look: string | null;
  /** The operation's first 2xx of the catalogue (R22). */
  readonly successStatus: number;
}

/** One sending. Without `outcome` it has not ended, or its gateway died. */
export interface Attempt {
  readonly number: number;
  readonly kind: 'send' | 'clean-up';
  readonly epoch: number;
  /** Own address of the node believed active, null if unknown. */
  readonly node: string | null;
  readonly at: Instant;
  readonly endedAt?: Instant;
  readonly outcome?: 'answered' | 'never-sent' | 'unknown';
  /** A sentence: error or status that the outcome was read from. */
  readonly evidence?: string;
  readonly status?: number;
  readonly escTransactionId?: string;
}

export type State =
  | { readonly status: 'held'; readonly since: Instant; readonly reason: 'gate' | 'lane' | 'maintenance' }
  | {
      readonly status: 'in-flight';
      readonly since: Instant;
      readonly epoch: number;
      readonly attempt: number;
      /** It was held or unacknowledged before, so others go on waiting for it (R9) until it is answered. */
      readonly hasWaited: boolean;
    }
  | {
      readonly status: 'accepted';
      readonly since: Instant;
      /** Epoch of the attempt that ESC accepted, or in which a look found it under way. */
      readonly epoch: number;
      /** Last sign of life: the answer, a report, a state that changed (R14, R31). */
      readonly signAt: Instant;
      /** Found under way after a switchover: from here on silence for `replay.stuckAfter` reads as broken (R14). */
      readonly isWatched: boolean;
    }
  | { readonly status: 'unacknowledged'; readonly since: Instant; readonly reason: string }
  | { readonly status: 'awaiting-operator'; readonly since: Instant; readonly reason: string }
  | { readonly status: 'completed' | 'failed' | 'abandoned'; readonly settledAt: Instant; readonly reason: string };

export type Status = State['status'];
export type SettledStatus = 'completed' | 'failed' | 'abandoned';

/** What the client is to be told; its bytes are kept in the journal beside the record. */
export interface RecordedAnswer {
  readonly status: number;
  readonly bodyBytes: number;
  readonly at: Instant;
  /** `esc`: ESC's own bytes. `made-up`: the effect was proven otherwise (R22). */
  readonly from: 'esc' | 'made-up';
}

/** How an answer or event of ESC reaches the client: the `Callback` URL, or `Callback-ESC-Events`. */
export type Channel = 'callback' | 'events';

/** What becomes of a report on its way to the client (R30). `dueAt` is when it is tried next. */
export type Delivery =
  | { readonly state: 'none'; readonly why: string }
  | {
      readonly state: 'waiting';
      readonly since: Instant;
      readonly dueAt: Instant;
      readonly tries: number;
      readonly lastError: string | null;
    }
  | { readonly state: 'delivered'; readonly at: Instant; readonly tries: number }
  | { readonly state: 'dead'; readonly at: Instant; readonly tries: number; readonly lastError: string };

/** One report of ESC, or one made up in its form. Its head and body are kept in the journal as `report-NUMBER`. */
export interface Report {
  /** 1, 2, … in the order of arrival, which is the order of delivery. */
  readonly number: number;
  readonly at: Instant;
  /** Attempt whose token it bore. */
  readonly attempt: number;
  readonly channel: Channel;
  readonly from: 'esc' | 'made-up';
  readonly eventType: string | null;
  readonly status: 'success' | 'failure' | null;
  /** How it ends its operation; absent: it does not. */
  readonly verdict?: 'success' | 'failure';
  /** SHA-256 of token and bytes, hex: equal reports are one (R29). */
  readonly digest: string;
  /** The same report for another URL: number of the one whose bytes it has, and which of the joined URLs it is for (1, 2, …). */
  readonly copyOf?: number;
  readonly joined?: number;
  readonly delivery: Delivery;
}

/** Where the request stands in its client's trace, or in one made for it (W3C Trace Context): its fields as they go on. */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string;
}

export interface Transaction {
  readonly id: TransactionId;
  /** Raised by the journal with every write; 1 when created. */
  readonly version: number;
  /** Given by the journal at creation; the order of arrival (R10). */
  readonly sequence: number;
  /** Replica that took it or adopted it. */
  readonly owner: string;
  readonly client: string;
  readonly method: string;
  /** Request target byte for byte: path and query. */
  readonly path: string;
  readonly place: Place;
  readonly policy: Policy;
  readonly idempotencyKey: string | null;
  /**
   * Names the request without a key by all that R26 compares: an equal one joins while this is the newest of its lane
   * and its answer was not handed over. Null with a key, which decides alone.
   */
  readonly twin: string | null;
  /** Of method, target and body (`northbound/fingerprint.ts`): an equal request is found again by it, and nothing can be told from it. */
  readonly fingerprint: string;
  readonly receivedAt: Instant;
  readonly requestBytes: number;
  readonly state: State;
  readonly attempts: readonly Attempt[];
  /** Channels that the client gave a URL for; the URLs are with the request, sealed. */
  readonly wants: readonly Channel[];
  /** How many further Callback URLs joining requests named (R26); kept sealed beside the record as `joined`. */
  readonly joined: number;
  readonly reports: readonly Report[];
  /** When a later transaction deleted what this one created; its events may come until then (R29). Null: it stands, or never did. */
  readonly endedAt: Instant | null;
  readonly answer: RecordedAnswer | null;
  /** The id of ESC's first answer that the client was given (R21). */
  readonly escTransactionId: string | null;
  /** When a client was promised a result by 202, before there was an answer (R24); null if none was. */
  readonly promisedAt: Instant | null;
  /** ESC's id, where the client may have heard it before that promise, and so knows the transaction by it; absent: by its own id (R21). */
  readonly promisedAs?: string;
  /** Absent where tracing was off when it came. */
  readonly trace?: TraceContext;
  /** An operator's last order to send it once more (R2); good until an attempt numbered above `afterAttempt` may have left. */
  readonly operatorReplay?: { readonly at: Instant; readonly by: string; readonly afterAttempt: number };
}

/** Rule R1, whole. */
export const legalMoves: Readonly<Record<Status, readonly Status[]>> = {
  held: ['in-flight', 'abandoned'],
  'in-flight': ['held', 'accepted', 'completed', 'failed', 'unacknowledged'],
  accepted: ['completed', 'failed', 'unacknowledged'],
  unacknowledged: ['in-flight', 'accepted', 'completed', 'failed', 'awaiting-operator'],
  'awaiting-operator': ['in-flight', 'completed', 'failed'],
  completed: [],
  failed: [],
  abandoned: [],
};

export const statuses = Object.keys(legalMoves) as readonly Status[];

export const isSettled = (status: Status): status is SettledStatus => legalMoves[status].length === 0;

/** Waiting to be sent: held, or unacknowledged and to be replayed. */
export const isWaiting = (status: Status): boolean => status === 'held' || status === 'unacknowledged';

/** Whether it makes its lane busy (R8): held, in flight without an answer, or unacknowledged. */
export const occupiesLane = (status: Status): boolean => isWaiting(status) || status === 'in-flight';

/** What is replaced beside the state in one move. */
export type Changes = Partial<
  Pick<Transaction, 'attempts' | 'answer' | 'escTransactionId' | 'promisedAt' | 'owner' | 'reports' | 'endedAt'>
>;

/** The record after a move to `state`. An illegal move is a defect and throws. The version is the journal's to raise. */
export function moved(transaction: Transaction, state: State, changes: Changes = {}): Transaction {
  const from = transaction.state.status;
  if (!legalMoves[from].includes(state.status)) {
    throw new Error(`defect: transaction ${transaction.id} cannot go from ${from} to ${state.status} (rule R1)`);
  }
  if (state.status === 'abandoned' && sentOf(transaction) !== 'no') {
    throw new Error(`defect: transaction ${transaction.id} was sent and cannot be abandoned (rule R1)`);
  }
  return { ...transaction, ...changes, state };
}

/** Whether ESC may have it: `yes` once it answered an attempt, `maybe` after an attempt of unknown outcome, else `no`. */
export function sentOf(transaction: Pick<Transaction, 'attempts'>): 'no' | 'maybe' | 'yes' {
  const sends = transaction.attempts.filter((attempt) => attempt.kind === 'send');
  if (sends.some((attempt) => attempt.outcome === 'answered')) return 'yes';
  return sends.some((attempt) => attempt.outcome !== 'never-sent') ? 'maybe' : 'no';
}

/** Whether an operator's order to send it once more stands: no attempt since then can have reached ESC. */
export function isReplayOrdered({ operatorReplay, attempts, state }: Transaction): boolean {
  if (operatorReplay === undefined || isSettled(state.status)) return false;
  const { afterAttempt } = operatorReplay;
  return attempts.every(
    ({ number, outcome, kind }) => number <= afterAttempt || outcome === 'never-sent' || kind === 'clean-up',
  );
}

/** What the journal keeps beside the record so that it can be found; see `journal/journal.ts`. */
export interface IndexEntry {
  readonly status: Status;
  /** Unsettled, or with a delivery that waits: somebody has to look after it, and adopts it from a dead replica (R30). */
  readonly isOpen: boolean;
  readonly hasDeadLetter: boolean;
  /** From when `journal.retention` counts; null: it must stay. */
  readonly doneAt: Instant | null;
  /** False without key and twin, and once abandoned: both are free again (R24). */
  readonly holdsKey: boolean;
  readonly owner: string;
  readonly client: string;
  readonly receivedAt: Instant;
  /** Of the request: all of them stay findable by lane. */
  readonly lane: string;
  /** Whether the lane's queue (R8, R10) holds it. */
  readonly occupiesLane: boolean;
  /** Groups that list it while others must wait for it (R9); empty otherwise. */
  readonly groups: readonly string[];
}

/** Whether a report of it still has to reach the client. */
const hasWaitingDelivery = ({ reports }: Transaction): boolean =>
  reports.some(({ delivery }) => delivery.state === 'waiting');

/** Unsettled, or with a delivery that waits. */
export const isOpen = (transaction: Transaction): boolean =>
  !isSettled(transaction.state.status) || hasWaitingDelivery(transaction);

/** A deployment that stands sends events for as long as it does; its creation is where they find their client (R29). */
const mayReport = ({ state, policy, place, wants, endedAt }: Transaction): boolean =>
  state.status === 'completed' &&
  policy.kind === 'create' &&
  place.resourceType === 'deployments' &&
  wants.length > 0 &&
  endedAt === null;

function doneAtOf(transaction: Transaction): Instant | null {
  const { state, endedAt } = transaction;
  if (!('settledAt' in state) || hasWaitingDelivery(transaction) || mayReport(transaction)) return null;
  return endedAt ?? state.settledAt;
}

/** Whether others wait for it by R9: while it waits, and while it is sent after having waited. */
const isListed = (state: State): boolean =>
  isWaiting(state.status) || (state.status === 'in-flight' && state.hasWaited);

export function indexOf(transaction: Transaction): IndexEntry {
  const { state, place } = transaction;
  return {
    status: state.status,
    isOpen: isOpen(transaction),
    hasDeadLetter: transaction.reports.some(({ delivery }) => delivery.state === 'dead'),
    doneAt: doneAtOf(transaction),
    holdsKey: (transaction.idempotencyKey ?? transaction.twin) !== null && state.status !== 'abandoned',
    owner: transaction.owner,
    client: transaction.client,
    receivedAt: transaction.receivedAt,
    lane: place.lane,
    occupiesLane: occupiesLane(state.status),
    groups: isListed(state) ? groupsOf(place) : [],
  };
}
