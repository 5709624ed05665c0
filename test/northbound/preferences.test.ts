// What is read of Prefer (RFC 7240; standards.md section 6), and how long a client is made to wait by it (R24).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Preferences, patienceOf, readPreferences } from '../../src/northbound/preferences.ts';
import { towardsEsc } from '../../src/upstream/headers.ts';

const prefer = (...lines: string[]): string[] => lines.flatMap((line) => ['Prefer', line]);
const none: Preferences = { isAsync: false, waitMs: null };
const isAsync: Preferences = { isAsync: true, waitMs: null };
const wait = (seconds: number): Preferences => ({ isAsync: false, waitMs: seconds * 1000 });
const both = (seconds: number): Preferences => ({ isAsync: true, waitMs: seconds * 1000 });

const table: readonly (readonly [name: string, lines: readonly string[], read: Preferences])[] = [
  ['nothing', [], none],
  ['an empty field', [''], none],
  ['respond-async', ['respond-async'], isAsync],
  ['PR-05 its name in any case', ['Respond-ASYNC'], isAsync],
  ['PR-05 an empty value is none', ['respond-async=""'], isAsync],
  ['an empty value without quotes', ['respond-async='], isAsync],
  ['a value that it does not have', ['respond-async=no'], none],
  ['parameters of a preference, which mean nothing', ['respond-async; foo="a, wait=3"'], isAsync],
  ['wait', ['wait=5'], wait(5)],
  ['wait in any case', ['WAIT=5'], wait(5)],
  ['wait quoted', ['wait="5"'], wait(5)],
  ['wait quoted with an escape', [String.raw`wait="1\2"`], wait(12)],
  ['white space around the equals sign', ['wait = 5'], wait(5)],
  ['wait of zero', ['wait=0'], wait(0)],
  ['wait with a parameter', ['wait=5;x=6'], wait(5)],
  ['both in one line', ['respond-async, wait=10'], both(10)],
  ['both in two lines', ['wait=10', 'respond-async'], both(10)],
  ['empty elements of the list', [', ,respond-async,, wait=10 ,'], both(10)],
  ['PR-01 the first of repeated ones counts', ['wait=1, wait=2', 'wait=3'], wait(1)],
  ['PR-01 the first counts also where it is bad', ['wait=soon, wait=2'], none],
  [
    'PR-01 unknown ones are passed over',
    ['return=minimal, handling=lenient; x, wait=4, foo="a, respond-async"'],
    wait(4),
  ],
  ['a preference within quotes is none', ['"respond-async"'], none],
  ['quotes without an end', ['foo="x, respond-async, wait=3'], none],
  ['quotes without an end in one line do not reach the next', ['foo="x', 'wait=3'], wait(3)],
  ['names that every object has', ['__proto__, constructor=1, wait=4'], wait(4)],
];

for (const [name, lines, read] of table) {
  test(`Prefer is read: ${name}`, () => assert.deepEqual(readPreferences(prefer(...lines)), read));
}

for (const value of ['', '""', '-1', '+1', '1.5', '1e3', '0x10', ' ', 'abc', '5s', '9999999999', '1 2', '\u0661']) {
  test(`PR-03 a wait of ${JSON.stringify(value)} is ignored`, () =>
    assert.deepEqual(readPreferences(prefer(`wait=${value}, respond-async`)), isAsync));
}

test('PR-02 a preference that Connection lists was meant for the hop, and is not read', () => {
  const came = ['Connection', 'Prefer', 'Prefer', 'respond-async'];
  const headers = towardsEsc(came, { httpVersion: '1.1', pseudonym: 'p', forwardsMax: null });
  assert.deepEqual(readPreferences(headers), none);
});

const holdMaxMs = 60_000;
const patience: readonly (readonly [Preferences, forMs: number, by: string, applied: string | null])[] = [
  [none, holdMaxMs, 'hold', null],
  [isAsync, 0, 'preference', 'respond-async'],
  [wait(0), 0, 'preference', 'wait=0'],
  [wait(5), 5_000, 'preference', 'wait=5'],
  [both(5), 5_000, 'preference', 'respond-async, wait=5'],
  // Longer than the gateway makes anybody wait: its own time runs out, and what was never sent is given up.
  [wait(3600), holdMaxMs, 'hold', 'wait=3600'],
  // Who asked for a 202 is not given up, however long it would have waited for better.
  [both(3600), holdMaxMs, 'preference', 'respond-async, wait=3600'],
];

for (const [preferences, forMs, by, applied] of patience) {
  test(`R24 who prefers ${applied ?? 'nothing'} waits ${forMs} ms, by ${by}`, () =>
    assert.deepEqual(patienceOf(preferences, 1_000, holdMaxMs), { until: 1_000 + forMs, by, applied }));
}

const text = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });
const nearly = fc.string({ unit: fc.constantFrom('"', '\\', ',', ';', '=', ' ', 'wait', 'respond-async', '1') });

test('whatever the field holds, it is read without an error, and a wait is whole seconds', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(text, nearly), { maxLength: 3 }), (lines) => {
      const { waitMs } = readPreferences(prefer(...lines));
      assert.ok(waitMs === null || (Number.isSafeInteger(waitMs) && waitMs >= 0 && waitMs % 1000 === 0));
    }),
  );
});

for (const unit of ['"', '\\', ',', ';', '=', ' ', '"a,', ',wait=', 'a,']) {
  test(`64 KiB of ${JSON.stringify(unit)} are read in linear time`, () => {
    const line = unit.repeat(65_536 / unit.length);
    const beganAt = process.cpuUsage().user;
    for (const each of [line, `"${line}`, `a=${line}x`]) readPreferences(prefer(each));
    // A second is some twenty times what it takes; quadratic would be minutes.
    assert.ok(process.cpuUsage().user - beganAt < 1_000_000);
  });
}
