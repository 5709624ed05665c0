/**
 * Parsers given anything at all (fast-check; the seed is printed when one fails): what clients, ESC, operators and files
 * may say never throws what is not declared, never changes an object's prototype, and is bounded in what it gives.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { keyList } from '../../src/config/key-list.ts';
import { readConfig, refusalText } from '../../src/config/reader.ts';
import { GatewayError } from '../../src/domain/problem.ts';
import { operationOf, readDeploymentRequest } from '../../src/esc/bodies.ts';
import { readHealthReport } from '../../src/esc/health-report.ts';
import { readReport } from '../../src/esc/reports.ts';
import { northboundOf, rawPathOf, readPath } from '../../src/esc/request-path.ts';
import { parseUserData } from '../../src/esc/user-data.ts';
import { readKey } from '../../src/northbound/idempotency-key.ts';
import { readPreferences } from '../../src/northbound/preferences.ts';

const folder = mkdtempSync(join(tmpdir(), 'northgate-fuzz-'));
after(() => rmSync(folder, { recursive: true }));

const ownKeysOf = (): string[] =>
  [Object, Array, Function, String, Map].flatMap((kind) => Reflect.ownKeys(kind.prototype).map(String));
const untouched = ownKeysOf();

/** Runs `read` over what `arbitrary` gives; then no prototype may have got anything. */
function fuzz<T>(arbitrary: fc.Arbitrary<T>, read: (input: T) => void, numRuns = 500): void {
  fc.assert(
    fc.property(arbitrary, (input) => {
      read(input);
      assert.deepEqual(ownKeysOf(), untouched);
      assert.equal(({} as Record<string, unknown>).polluted, undefined);
    }),
    { numRuns },
  );
}

/** Names that mean something to JavaScript. */
const names = fc.oneof(
  fc.constantFrom(
    '__proto__',
    'constructor',
    'prototype',
    'polluted',
    'toString',
    'valueOf',
    'hasOwnProperty',
    'length',
  ),
  fc.constantFrom('status_code', 'stage', 'event_type', 'deployment', 'operation', 'bootup_time', 'vm_group', 'name'),
  fc.stringMatching(/^[A-Za-z_][\w.-]{0,12}$/),
);
const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('2000', 'READY', 'SUCCESS', '-1', '1e999', 'NaN', '&lt;', '&a;', ']]>', '<![CDATA[', '\0', '\u2028'),
  fc.integer().map(String),
);

const xml = fc
  .letrec<{ element: string }>((tie) => ({
    element: fc
      .tuple(names, fc.array(fc.oneof({ depthSize: 'small' }, texts, tie('element')), { maxLength: 4 }), fc.boolean())
      .map(([name, inner, isClosed]) => `<${name}>${inner.join('')}${isClosed ? `</${name}>` : ''}`),
  }))
  .element.chain((root) =>
    fc
      .constantFrom('', '<?xml version="1.0"?>', '<!DOCTYPE a [<!ENTITY a "b">]>', '\ufeff', ' \n')
      .map((head) => head + root),
  );

const json = fc
  .letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      texts,
      fc.double(),
      fc.constantFrom(null, true, false),
      fc.array(tie('value'), { maxLength: 4 }),
      // As text, since a literal `__proto__` would set the prototype here, not in the parser.
      fc.array(fc.tuple(names, tie('value')), { maxLength: 4 }).map((entries) => ({ entries })),
    ),
  }))
  .value.map(jsonText);

function jsonText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jsonText).join()}]`;
  if (typeof value === 'object' && value !== null && 'entries' in value) {
    const members = (value.entries as [string, unknown][]).map(
      ([name, each]) => `${JSON.stringify(name)}:${jsonText(each)}`,
    );
    return `{${members.join()}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

/** A document cut, doubled or with a byte turned. */
const damaged = fc
  .tuple(fc.oneof(xml, json), fc.nat(), fc.nat(255), fc.constantFrom('whole', 'cut', 'turned', 'twice'))
  .map(([text, at, byte, damage]) => {
    const bytes = Buffer.from(text);
    if (damage === 'cut') return bytes.subarray(0, at % (bytes.byteLength + 1));
    if (damage === 'turned' && bytes.byteLength > 0) bytes[at % bytes.byteLength] = byte;
    return damage === 'twice' ? Buffer.concat([bytes, bytes]) : bytes;
  });
const bodies = fc.oneof(
  { arbitrary: damaged, weight: 4 },
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
);
const fields = fc.array(
  fc.tuple(fc.oneof(names, fc.constantFrom('ESC-Status-Code', 'esc-status-message', 'Esc-Transaction-Id')), texts),
  { maxLength: 6 },
);

test('the health report: whatever answers gives a reading, and only a report is one', () => {
  const types = fc.constantFrom('application/json', 'application/xml', 'text/html', '', 'x/y; charset=z');
  fuzz(fc.tuple(fc.integer({ min: 100, max: 599 }), types, bodies), ([status, type, body]) => {
    const reading = readHealthReport(status, type, body);
    if (reading.kind === 'unreadable') assert.ok(reading.reason.length < 200);
    else assert.ok(reading.code >= 1000 && reading.code <= 9999 && reading.message.length <= 500);
  });
});

test('a report of ESC: whatever its fields and body are, it is read as something or as nothing', () => {
  fuzz(fc.tuple(fields, bodies), ([headers, body]) => {
    const { eventType, statusCode, message } = readReport(headers.flat(), body);
    assert.ok(eventType === null || /^[\w. -]{1,128}$/.test(eventType));
    assert.ok(statusCode === null || (statusCode >= 0 && statusCode <= 99_999));
    assert.ok(message === null || message.length <= 1024);
  });
});

test('a request’s body: what is read of it to decide is bounded, whatever it is', () => {
  fuzz(bodies, (body) => {
    const operation = operationOf(body);
    assert.ok(operation === null || operation.length <= 1024);
    const { tenant, bootupTimeMs, recoveries } = readDeploymentRequest(body);
    assert.ok(tenant === null || typeof tenant === 'string');
    for (const number of [bootupTimeMs, recoveries]) assert.ok(number === null || number >= 0);
  });
});

test('the key of a request: it is read, or refused by a problem that is declared', () => {
  const values = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.stringMatching(/^"(?:[ -~]|\\.){0,300}"?(?:;[ -~]{0,20})?$/),
  );
  fuzz(fc.array(values, { maxLength: 2 }), (given) => {
    try {
      const key = readKey(
        given.flatMap((value) => ['Idempotency-Key', value]),
        given.length === 0,
      );
      assert.ok(key !== null && /^[\x20-\x7e]{1,255}$/.test(key), String(key));
    } catch (error) {
      assert.ok(error instanceof GatewayError, String(error));
      assert.ok(['key-malformed', 'key-required'].includes(error.code));
    }
  });
});

test('preferences: never refused, and a time to wait is one', () => {
  const values = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.stringMatching(/^(?:wait|respond-async|__proto__)(?:=["\w\\]{0,12})?(?:[,;] *[\w="\\]{0,12}){0,4}$/),
  );
  fuzz(fc.array(values, { maxLength: 3 }), (given) => {
    const { isAsync, waitMs } = readPreferences(given.flatMap((value) => ['Prefer', value]));
    assert.equal(typeof isAsync, 'boolean');
    assert.ok(waitMs === null || (Number.isSafeInteger(waitMs) && waitMs >= 0));
  });
});

test('a target: its path is found, and what climbs out of a northbound belongs to none', () => {
  const parts = fc.constantFrom(
    'ESCManager',
    'vnflcm',
    '..',
    '.',
    '%2e%2e',
    '%2E.',
    '..;a=b',
    ';',
    '',
    '%2f',
    '..%2f..',
    '%252e%252e',
    '..%5c',
    '%00',
    '\\',
    'x',
  );
  const targets = fc.oneof(
    fc.array(parts, { maxLength: 8 }).map((steps) => `/${steps.join('/')}`),
    fc.array(parts, { maxLength: 4 }).map((steps) => `http://a:1/${steps.join('/')}?b#c`),
    fc.string({ unit: 'binary' }),
  );
  fuzz(targets, (target) => {
    const raw = rawPathOf(target);
    const path = readPath(raw);
    assert.ok(!/(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i.test(path), path);
    const northbound = northboundOf(raw, path);
    if (northbound !== 'rest') return;
    // As a server that decodes everything, and all at once, would have it.
    const decoded = raw
      .replace(/%25/gi, '%')
      .replace(/%2e/gi, '.')
      .replace(/%2f|%5c|\\/gi, '/')
      .replace(/%3b/gi, ';');
    for (const read of [path, readPath(decoded)]) assert.match(read, /^\/ESCManager(?:\/|$)/, raw);
  });
});

test('user data: findings or problems in words that name the file, whatever the file holds', () => {
  const lines = fc.oneof(
    fc.constantFrom(
      '#cloud-config',
      'write_files:',
      '- path: /opt/cisco/esc/esc-config/esc-config.yaml',
      '  content: |',
    ),
    fc.constantFrom(
      'keepalived:',
      '  vip: 10.0.0.1',
      '  vip: [1, 2]',
      '  nodes: &a',
      '<<: *a',
      '*a',
      '? [a]: b',
      '%YAML 9',
    ),
    fc.tuple(names, texts).map(([name, text]) => `${name}: ${text}`),
    texts,
  );
  const files = fc
    .tuple(fc.array(lines, { maxLength: 12 }), fc.constantFrom('\n', '\n    '))
    .map(([all, end]) => all.join(end));
  fuzz(files, (text) => {
    const { vip, nodes, problems } = parseUserData('user-data', text);
    assert.ok(vip === undefined || typeof vip === 'string');
    assert.ok(nodes.length <= 2);
    for (const problem of problems) assert.ok(problem.includes('user-data'), problem);
  });
});

test('the configuration file: a configuration, or problems that name a key, whatever the file holds', () => {
  const file = join(folder, 'northgate.yaml');
  const keys = fc.constantFrom(
    ...keyList.map(({ path }) => path.join('.')),
    '__proto__.polluted',
    'constructor.prototype',
  );
  const values = fc.oneof(
    texts,
    json,
    fc.constantFrom('*a', '&a [*a]', '!!js/function x', '!!binary AA==', '0x10', '1_0', '~'),
  );
  const nested = fc.tuple(keys, values).map(([key, value]) => {
    const steps = key.split('.');
    return `${steps.map((step, depth) => `${'  '.repeat(depth)}${step}:`).join('\n')} ${value}`;
  });
  const contents = fc.oneof(
    fc.array(nested, { maxLength: 3 }).map((all) => all.join('\n')),
    fc
      .array(fc.oneof(names, texts, fc.constantFrom(': ', '\n', '- ', '{', '}', '&a ', '*a', '<<: ', '---\n')))
      .map((all) => all.join('')),
  );
  fuzz(
    contents,
    (text) => {
      writeFileSync(file, text);
      const reading = readConfig({ file, environment: {} });
      if ('errors' in reading) assert.ok(refusalText(reading).length > 0);
    },
    300,
  );
});

test('the environment: a configuration, or problems that name a key, whatever the variables hold', () => {
  const variables = fc.oneof(
    fc.constantFrom(...keyList.map(({ variable }) => variable)),
    fc.constantFrom('NORTHGATE___PROTO__', 'NORTHGATE_ESC___PROTO___POLLUTED', 'NORTHGATE_'),
  );
  // A variable holds no NUL; the paths of files are not guessed at.
  const values = fc.oneof(texts, json).map((text) => text.replaceAll('\0', ''));
  fuzz(
    fc.array(fc.tuple(variables, values), { maxLength: 5 }),
    (given) => {
      const reading = readConfig({ environment: Object.fromEntries(given) });
      if ('errors' in reading) for (const { key } of reading.errors) assert.ok(key.length > 0);
    },
    300,
  );
});
