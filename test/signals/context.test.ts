/** W3C Trace Context, level 1: what is read of a client's fields, what is ignored, and what goes on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contextOf, readContext, spanContextOf, withContext } from '../../src/tracing/context.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const spanId = '00f067aa0ba902b7';
const good = `00-${traceId}-${spanId}-01`;

test('what a client says of its trace is read: ids and whether it is kept', () => {
  const read = readContext(['TraceParent', ` ${good} `]);
  assert.deepEqual([read?.traceId, read?.spanId, read?.traceFlags], [traceId, spanId, 1]);
  assert.equal(readContext(['traceparent', `00-${traceId}-${spanId}-00`])?.traceFlags, 0);
});

test('flags that level 1 does not know are not carried on', () => {
  const read = spanContextOf({ traceparent: `00-${traceId}-${spanId}-ff` });
  assert.ok(read !== null);
  assert.deepEqual(contextOf(read), { traceparent: good });
});

test('a later version is read as far as it is like this one, and written as this one', () => {
  const read = spanContextOf({ traceparent: `cc-${traceId}-${spanId}-01-what-the-future-will-be` });
  assert.ok(read !== null);
  assert.deepEqual(contextOf(read), { traceparent: good });
});

for (const [what, fields] of Object.entries({
  'no field': [],
  'two fields': ['traceparent', good, 'traceparent', good],
  'a version that is forbidden': ['traceparent', `ff-${traceId}-${spanId}-01`],
  'more than version 00 has': ['traceparent', `${good}-more`],
  'a trace of zeros': ['traceparent', `00-${'0'.repeat(32)}-${spanId}-01`],
  'a span of zeros': ['traceparent', `00-${traceId}-${'0'.repeat(16)}-01`],
  'upper case': ['traceparent', good.toUpperCase()],
  'too short a trace': ['traceparent', `00-${traceId.slice(1)}-${spanId}-01`],
  nonsense: ['traceparent', 'nonsense'],
  'a state alone': ['tracestate', 'a=1'],
})) {
  test(`${what}: begins no trace`, () => assert.equal(readContext(fields), null));
}

test('the state of others is kept in order, from several fields, and dropped where it is none', () => {
  const read = readContext(['tracestate', 'a=1,b=2', 'traceparent', good, 'Tracestate', 'c=3']);
  assert.equal(read?.traceState?.serialize(), 'a=1,b=2,c=3');
  const odd = readContext(['traceparent', good, 'tracestate', 'NO KEY,=,']);
  assert.ok(odd !== null);
  assert.deepEqual(contextOf(odd), { traceparent: good });
});

test('what goes on bears our span in place of the fields that came', () => {
  const read = readContext(['traceparent', good, 'tracestate', 'a=1']);
  assert.ok(read !== null);
  const onward = withContext(['Accept', '*/*', 'Traceparent', 'old', 'TRACESTATE', 'old=1'], read);
  assert.deepEqual(onward, ['Accept', '*/*', 'traceparent', good, 'tracestate', 'a=1']);
});
