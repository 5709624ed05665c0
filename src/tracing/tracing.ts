/**
 * Spans of what the gateway does: one trace a transaction, over all its attempts, replicas and callbacks. The record carries
 * the context of the request that brought it, and whoever does something about it later adds a child of that.
 * Invariants: nothing here throws at its caller or is waited for; a record without a context is not traced.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { Report, TraceContext, Transaction } from '../domain/transaction.ts';
import type { UpstreamRequest } from '../upstream/upstream.ts';
import {
  answerAttributes,
  attemptAttributes,
  errorAttributes,
  nameOf,
  type Place,
  receiverAttributes,
  reportAttributes,
  requestAttributes,
  sendingAttributes,
  statusAttributes,
  transactionAttributes,
} from './attributes.ts';
import { contextOf, readContext, spanContextOf, withContext } from './context.ts';

/** A client's request under way. */
export interface RequestTrace {
  /** What the record of the transaction is to keep. */
  readonly context: TraceContext;
  /** Fields as they go on, with this span as the parent of what comes. */
  onward(flat: readonly string[]): string[];
  /** Which transaction it brought, or joined. */
  concerns(transaction: Transaction, isJoined: boolean): void;
}

/** A request of ours under way, to be sent as it stands here. */
export interface SendingTrace {
  readonly headers: readonly string[];
  ended(how: Ended): void;
}

/** What came of it: an answer with its status, or a word and a sentence. */
interface Ended {
  readonly kind: string;
  readonly answer?: { readonly status: number };
  readonly evidence?: string;
  readonly error?: string;
}

/** A wait that is over, as `ops/waits.ts` tells it. */
interface Waited {
  readonly kind: 'hold' | 'replay';
  readonly since: number;
  readonly endedAt: number;
  readonly to?: string;
  readonly verdict?: string;
}

export interface TracingOptions {
  readonly tracer: Tracer;
  readonly close: () => Promise<void>;
  readonly esc: Place;
  /** Path templates by operation id. */
  readonly routes: ReadonlyMap<string, string>;
}

export class Tracing {
  readonly #options: TracingOptions;

  constructor(options: TracingOptions) {
    this.#options = options;
  }

  close(): Promise<void> {
    return this.#options.close();
  }

  /** A client's request for ESC; its span ends with the answer. */
  request(
    { method = '', url = '', rawHeaders }: IncomingMessage,
    response: ServerResponse,
    scheme: string,
  ): RequestTrace {
    const client = readContext(rawHeaders);
    const parent = client === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, client);
    const attributes = requestAttributes(method, url, scheme);
    const span = this.#options.tracer.startSpan(nameOf(method, null), { kind: SpanKind.SERVER, attributes }, parent);
    response.once('close', () => {
      const { headersSent, statusCode } = response;
      span.setAttributes(
        headersSent ? answerAttributes(statusCode, statusCode >= 500) : errorAttributes('client-left'),
      );
      if (!headersSent || statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    });
    return {
      context: contextOf(span.spanContext()),
      onward: (flat) => withContext(flat, span.spanContext()),
      concerns: (transaction, isJoined) => {
        const route = this.#routeOf(transaction);
        span.updateName(nameOf(method, route));
        span.setAttributes(transactionAttributes(transaction, route));
        const other = isJoined ? contextIn(transaction) : null;
        if (other === null) return;
        span.setAttribute('northgate.joined', true);
        span.addLink({ context: other });
      },
    };
  }

  /** An attempt that is marked and may go. */
  attempt(transaction: Transaction, request: UpstreamRequest): SendingTrace | null {
    const attempt = transaction.attempts.at(-1);
    if (attempt === undefined) return null;
    const isEarlier = ({ kind, outcome }: typeof attempt): boolean => kind === 'send' && outcome !== 'never-sent';
    const resends = transaction.attempts.slice(0, -1).filter(isEarlier).length;
    return this.#toEsc(transaction, nameOf(request.method, this.#routeOf(transaction)), request, {
      ...attemptAttributes(attempt, attempt.kind === 'send' ? resends : 0),
    });
  }

  look(transaction: Transaction, request: UpstreamRequest): SendingTrace | null {
    return this.#toEsc(transaction, 'look', request, {});
  }

  /** A record as this replica has written it: its end is told as one span of its whole life. */
  written(transaction: Transaction): void {
    const { state, receivedAt } = transaction;
    if (!('settledAt' in state)) return;
    this.#past(transaction, 'transaction', { from: receivedAt, to: state.settledAt }, statusAttributes(transaction));
  }

  /** A write of the record to the journal. */
  journaled(transaction: Transaction, call: { operation: string; seconds: number; isAvailable: boolean }): void {
    const { operation, seconds, isAvailable } = call;
    const to = instant();
    const attributes = isAvailable ? {} : errorAttributes('unavailable');
    this.#past(transaction, `journal ${operation}`, { from: to - seconds * 1000, to }, attributes, SpanKind.CLIENT);
  }

  /** A hold or a replay that is over. */
  waited(transaction: Transaction, { kind, since, endedAt, to, verdict }: Waited): void {
    const attributes: Attributes = {
      ...statusAttributes(transaction),
      ...(to === undefined ? {} : { 'northgate.hold.end': to }),
      ...(verdict === undefined ? {} : { 'northgate.replay.verdict': verdict }),
    };
    this.#past(transaction, kind, { from: since, to: endedAt }, attributes);
  }

  /** A report of ESC that was journaled. */
  reported(transaction: Transaction, word: string): void {
    const report = transaction.reports.filter(({ from }) => from === 'esc').at(-1);
    if (report === undefined) return;
    const attributes = { ...reportAttributes(report), 'northgate.report.word': word };
    // Of one that came before, only that it came again is new.
    const to = instant();
    this.#past(transaction, 'report', { from: word === 'duplicate' ? to : report.at, to }, attributes, SpanKind.SERVER);
  }

  /** A try to bring a report to a client. */
  delivery(
    transaction: Transaction,
    report: Report,
    to: { url: string; headers: readonly string[] },
  ): SendingTrace | null {
    const attributes = { ...receiverAttributes(to.url), ...reportAttributes(report) };
    return this.#sending(transaction, 'deliver', to.headers, attributes);
  }

  #toEsc(transaction: Transaction, name: string, request: UpstreamRequest, own: Attributes): SendingTrace | null {
    const { method, path, headers } = request;
    const attributes = { ...sendingAttributes(this.#options.esc, method, path), ...own };
    return this.#sending(transaction, name, headers, attributes);
  }

  #sending(
    transaction: Transaction,
    name: string,
    headers: readonly string[],
    attributes: Attributes,
  ): SendingTrace | null {
    const parent = parentIn(transaction);
    if (parent === null) return null;
    const of = { 'northgate.transaction.id': transaction.id, ...attributes };
    const span = this.#options.tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes: of }, parent);
    return {
      headers: withContext(headers, span.spanContext()),
      ended: (how) => endSending(span, how),
    };
  }

  /** A span of what is over; instants as Unix has them, in ms. */
  #past(
    transaction: Transaction,
    name: string,
    { from, to }: { from: number; to: number },
    attributes: Attributes,
    kind = SpanKind.INTERNAL,
  ): void {
    const parent = parentIn(transaction);
    if (parent === null) return;
    const of = { ...transactionAttributes(transaction, this.#routeOf(transaction)), ...attributes };
    const options = { kind, attributes: of, startTime: from };
    this.#options.tracer.startSpan(name, options, parent).end(Math.max(from, to));
  }

  #routeOf({ policy }: Transaction): string | null {
    return policy.operation === null ? null : (this.#options.routes.get(policy.operation) ?? null);
  }
}

/** Now, in ms as Unix has them, with fractions. */
const instant = (): number => performance.timeOrigin + performance.now();

const contextIn = ({ trace: kept }: Transaction): SpanContext | null =>
  kept === undefined ? null : spanContextOf(kept);

function parentIn(transaction: Transaction): Context | null {
  const context = contextIn(transaction);
  return context === null ? null : trace.setSpanContext(ROOT_CONTEXT, context);
}

function endSending(span: Span, { kind, answer, evidence, error }: Ended): void {
  span.setAttribute('northgate.outcome', kind);
  const status = answer?.status ?? null;
  const isAnswerError = status !== null && status >= 400;
  const message = evidence ?? error;
  if (status !== null) span.setAttributes(answerAttributes(status, isAnswerError));
  else if (message !== undefined) span.setAttributes(errorAttributes(kind));
  if (isAnswerError || message !== undefined)
    span.setStatus({ code: SpanStatusCode.ERROR, ...(message === undefined ? {} : { message }) });
  span.end();
}
