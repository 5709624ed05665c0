/**
 * Where something stands in its trace, as it is carried between processes (W3C Trace Context, level 1). Pure.
 * Invariant: what cannot be read begins no trace and carries no state on (sections 3.2.2 and 4.3); written is version 00.
 */
import { createTraceState, type SpanContext, TraceFlags } from '@opentelemetry/api';
import type { TraceContext } from '../domain/transaction.ts';
import { valuesOf } from '../upstream/headers.ts';

const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const noTrace = '0'.repeat(32);
const noSpan = '0'.repeat(16);
/** A state longer than this is not carried on (section 3.3.1.5 asks for at least so much). */
const stateMaxChars = 512;

/** What a client said of its trace; null: nothing that can be read. `flat` are header fields. */
export function readContext(flat: readonly string[]): SpanContext | null {
  const [parent, ...further] = valuesOf(flat, 'traceparent');
  if (parent === undefined || further.length > 0) return null;
  return spanContextOf({ traceparent: parent.trim(), tracestate: valuesOf(flat, 'tracestate').join(',') });
}

/** The same of what a record keeps, or of what was read from fields. */
export function spanContextOf({ traceparent, tracestate = '' }: TraceContext): SpanContext | null {
  const [, version = '', traceId = '', spanId = '', flags = '', rest] = form.exec(traceparent) ?? [];
  const isKnown = version !== '' && version !== 'ff' && (version !== '00' || rest === undefined);
  if (!isKnown || traceId === noTrace || spanId === noSpan) return null;
  const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED;
  const context = { traceId, spanId, traceFlags, isRemote: true };
  return tracestate === '' ? context : { ...context, traceState: createTraceState(tracestate) };
}

/** As a record keeps it. */
export function contextOf({ traceId, spanId, traceFlags, traceState }: SpanContext): TraceContext {
  const flags = (traceFlags & TraceFlags.SAMPLED).toString(16).padStart(2, '0');
  const traceparent = `00-${traceId}-${spanId}-${flags}`;
  const tracestate = traceState?.serialize() ?? '';
  return tracestate === '' || tracestate.length > stateMaxChars ? { traceparent } : { traceparent, tracestate };
}

/** Header fields with this context in place of the one that they had. */
export function withContext(flat: readonly string[], context: SpanContext): string[] {
  const kept: string[] = [];
  for (let index = 0; index < flat.length; index += 2) {
    const name = flat[index] ?? '';
    if (!fields.has(name.toLowerCase())) kept.push(name, flat[index + 1] ?? '');
  }
  const { traceparent, tracestate } = contextOf(context);
  kept.push('traceparent', traceparent, ...(tracestate === undefined ? [] : ['tracestate', tracestate]));
  return kept;
}

const fields: ReadonlySet<string> = new Set(['traceparent', 'tracestate']);
