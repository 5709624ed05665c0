// What is read of an Idempotency-Key (standards.md section 5, I-01 and I-06): which key it is, or that it is none.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GatewayError } from '../../src/domain/problem.ts';
import { readKey } from '../../src/northbound/idempotency-key.ts';
import { towardsEsc } from '../../src/upstream/headers.ts';

/** The problem's code, or null where it is a key. */
function codeOf(headers: readonly string[], isRequired = false): string | null {
  try {
    readKey(headers, isRequired);
    return null;
  } catch (error) {
    assert.ok(error instanceof GatewayError, String(error));
    assert.equal(error.details.sent, 'no');
    return error.code;
  }
}

const field = (...values: string[]): string[] => values.flatMap((value) => ['Idempotency-Key', value]);

const keys: readonly (readonly [name: string, value: string, key: string])[] = [
  ['a quoted string', '"8e03978e-40d5"', '8e03978e-40d5'],
  ['a bare token, the same key', '8e03978e-40d5', '8e03978e-40d5'],
  ['one character', '"a"', 'a'],
  ['a space within quotes', '"a b"', 'a b'],
  ['an escaped quote', String.raw`"a\"b"`, 'a"b'],
  ['an escaped backslash', String.raw`"a\\"`, 'a\\'],
  ['a backslash of a bare token, as it stands', String.raw`a\b`, String.raw`a\b`],
  ['a quote inside of a bare token', 'a"b', 'a"b'],
  ['a bare token with semicolon and comma', 'a;b,c', 'a;b,c'],
  ['parameters, which mean nothing', '"k";v=1', 'k'],
  ['several parameters with spaces', '"k" ; v=1; w="x"', 'k'],
  ['white space around', ' \t"k"\t ', 'k'],
  ['255 characters, quoted', `"${'x'.repeat(255)}"`, 'x'.repeat(255)],
  ['255 characters, bare', 'x'.repeat(255), 'x'.repeat(255)],
  ['255 characters that are written as 510', `"${String.raw`\"`.repeat(255)}"`, '"'.repeat(255)],
  ['what looks like a command of a store', '"a:{b}*\' OR 1=1"', "a:{b}*' OR 1=1"],
  ['the name of a property that every object has', '__proto__', '__proto__'],
];

for (const [name, value, key] of keys) {
  test(`I-01 an Idempotency-Key is taken: ${name}`, () => {
    assert.equal(readKey(field(value), false), key);
    assert.equal(readKey(field(value), true), key);
  });
}

const malformed: readonly (readonly [name: string, ...values: string[]])[] = [
  ['empty', ''],
  ['white space only', '  '],
  ['an empty string', '""'],
  ['an empty string with parameters', '"";v=1'],
  ['256 characters, quoted', `"${'x'.repeat(256)}"`],
  ['256 characters, bare', 'x'.repeat(256)],
  ['no end', '"abc'],
  ['only a quote', '"'],
  ['an end that is escaped', String.raw`"abc\"`],
  ['an escape of what needs none', String.raw`"a\b"`],
  ['something after the end', '"abc"d'],
  ['a list of strings', '"a", "b"'],
  ['a space in a bare token', 'a b'],
  ['a tab within quotes', '"a\tb"'],
  ['non-ASCII within quotes', '"schl\u00fcssel"'],
  ['non-ASCII, bare', 'schl\u00fcssel'],
  ['a no-break space before a bare token', '\u00a0abc'],
  ['a no-break space after a string', '"abc"\u00a0'],
  ['DEL', '"a\u007f"'],
  ['the field twice', '"a"', '"b"'],
  ['the field twice with the same key', '"a"', '"a"'],
  ['the field twice, once empty', '"a"', ''],
];

for (const [name, ...values] of malformed) {
  test(`I-01 an Idempotency-Key is refused as malformed: ${name}`, () => {
    assert.equal(codeOf(field(...values)), 'key-malformed');
    assert.equal(codeOf(field(...values), true), 'key-malformed');
  });
}

test('without an Idempotency-Key there is none, and key-required where one must be', () => {
  assert.equal(readKey(['Content-Type', 'a/b'], false), null);
  assert.equal(codeOf([], true), 'key-required');
});

test('the field is found in whatever spelling', () => {
  assert.equal(readKey(['x', 'y', 'IDEMPOTENCY-KEY', 'k'], false), 'k');
});

test('RFC 9110 section 7.6.1: a key that Connection lists was meant for the hop, and is none', () => {
  const came = ['Connection', 'close, idempotency-KEY', 'Idempotency-Key', '"k"'];
  const headers = towardsEsc(came, { httpVersion: '1.1', pseudonym: 'p', forwardsMax: null });
  assert.equal(readKey(headers, false), null);
  assert.equal(codeOf(headers, true), 'key-required');
});

const latin1 = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });
const nearly = fc.string({ unit: fc.constantFrom('"', '\\', ';', ' ', 'a', '=', ',', '\u00a0') });

test('whatever the field holds, it is a key of 1 to 255 printable characters or a problem', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(latin1, nearly), { maxLength: 3 }), fc.boolean(), (values, isRequired) => {
      const code = codeOf(field(...values), isRequired);
      if (code !== null) return assert.match(code, /^key-(malformed|required)$/);
      const key = readKey(field(...values), isRequired);
      assert.ok(values.length === 0 ? key === null : /^[\x20-\x7e]{1,255}$/.test(key ?? ''), JSON.stringify(key));
    }),
  );
});

test('a key of any printable characters, quoted as RFC 9651 section 4.1.6 says, comes out as it was', () => {
  const printable = fc.string({ unit: fc.integer({ min: 32, max: 126 }).map((code) => String.fromCharCode(code)) });
  fc.assert(
    fc.property(printable, (key) => {
      fc.pre(key.length >= 1 && key.length <= 255);
      assert.equal(readKey(field(`"${key.replace(/["\\]/g, '\\$&')}"`), false), key);
    }),
  );
});

for (const unit of ['"', '\\', '\\"', '" ;', '";', ' ', 'a ', '";v="']) {
  test(`64 KiB of ${JSON.stringify(unit)} are refused in linear time`, () => {
    const value = unit.repeat(65_536 / unit.length);
    const beganAt = process.cpuUsage().user;
    for (const each of [value, `"${value}`, `"a"${value}`, `"a";${value}\u00fc`]) codeOf(field(each));
    // A second is some hundred times what it takes; quadratic would be minutes.
    assert.ok(process.cpuUsage().user - beganAt < 1_000_000);
  });
}
