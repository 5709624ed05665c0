// Health reports as ESC sends them, as it might, and what is none.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { healthCodes, isReady, meaningOf, readHealthReport } from '../../src/esc/health-report.ts';
import { bytes } from './documents.ts';

const read = (body: string, httpStatus = 200, contentType = 'application/xml') =>
  readHealthReport(httpStatus, contentType, bytes(body));
const xml = (inner: string) => `<esc_health_report>${inner}</esc_health_report>`;
const ready = xml('<status_code>2000</status_code><stage>READY</stage><message>ESC is operational</message>');

test('a report of a healthy ESC opens the gate', () => {
  const reading = read(`<?xml version="1.0" encoding="UTF-8"?>\n${ready}`);
  const message = 'ESC is operational';
  assert.deepEqual(reading, { kind: 'report', code: 2000, stage: 'READY', message, nodes: [] });
  assert.equal(isReady(reading), true);
});

for (const [what, body] of [
  ['in JSON', '{"status_code": 2010, "message": "m", "stage": "READY"}'],
  ['in JSON with text for a number', '{"status_code": "2010", "message": "m", "stage": "READY"}'],
  ['in JSON inside its root', '{"esc_health_report": {"status_code": 2010, "message": "m", "stage": "READY"}}'],
  [
    'with a namespace',
    '<h:esc_health_report xmlns:h="urn:x"><h:status_code>2010</h:status_code><h:message>m</h:message><h:stage>READY</h:stage></h:esc_health_report>',
  ],
  [
    'in other cases and spellings',
    '<ESC_Health_Report><Status-Code> 2010 </Status-Code><Message>\n m\n</Message><STAGE>ready</STAGE></ESC_Health_Report>',
  ],
] as const) {
  test(`a report ${what} is read the same`, () => {
    assert.deepEqual(read(body, 200, 'text/plain'), {
      kind: 'report',
      code: 2010,
      stage: 'READY',
      message: 'm',
      nodes: [],
    });
  });
}

test('R4: INIT, a 5xxx code and an unreadable answer keep the gate shut', () => {
  assert.equal(isReady(read(xml('<status_code>2000</status_code><stage>INIT</stage>'))), false);
  assert.equal(isReady(read(xml('<status_code>5010</status_code><message>down</message>'))), false);
  assert.equal(isReady(read(xml('<status_code>5010</status_code><stage>READY</stage>'))), false);
  assert.equal(isReady(read(xml('<status_code>3000</status_code><stage>READY</stage>'))), false);
  assert.equal(isReady(read('')), false);
});

test('a 2xxx report without a stage is ready only of a version that never sends one', () => {
  const reading = read(xml('<status_code>2000</status_code>'));
  assert.equal(isReady(reading), false);
  assert.equal(isReady(reading, true), false);
  assert.equal(isReady(reading, false), true);
});

test('a 5xxx report is read whether HTTP says 200 or 503', () => {
  const body = xml('<status_code>5090</status_code>');
  for (const httpStatus of [200, 500, 503]) {
    assert.deepEqual(read(body, httpStatus), { kind: 'report', code: 5090, stage: null, message: '', nodes: [] });
  }
});

for (const [what, body, httpStatus, reason] of [
  ['an empty body', '', 200, /no report/],
  ['a page', '<!DOCTYPE html><html><body>Service Unavailable</body></html>', 503, /a page instead/],
  ['refused credentials', '', 401, /credentials/],
  ['HTTP 503 with a good code', ready, 503, /contradicts code 2000/],
  ['a cut report', ready.slice(0, -10), 200, /no report/],
  ['a report without a code', xml('<message>fine</message>'), 200, /without a status code/],
  ['a code that is none', xml('<status_code>fine</status_code>'), 200, /without a status code/],
  ['a code out of range', xml('<status_code>200</status_code>'), 200, /without a status code/],
  ['an unknown stage', xml('<status_code>2000</status_code><stage>WARM</stage>'), 200, /unknown stage WARM/],
  ['a DOCTYPE', `<!DOCTYPE r [<!ENTITY c "2000">]>${xml('<status_code>&c;</status_code>')}`, 200, /no report/],
  ['plain text', 'OK', 200, /no report/],
  ['more than any report needs', xml('x'.repeat(70_000)), 200, /larger than/],
] as const) {
  test(`${what} is unreadable, with the reason`, () => {
    const reading = read(body, httpStatus);
    assert.equal(reading.kind, 'unreadable');
    assert.match(reading.kind === 'unreadable' ? reading.reason : '', reason);
  });
}

test('an active/active report tells its nodes', () => {
  const node = (name: string, status: string) =>
    `<node><name>${name}</name><status>${status}</status><datacenter>1</datacenter><services><service><name>pgsql</name></service></services></node>`;
  const reading = read(
    xml(
      `<status_code>2010</status_code><stage>READY</stage><nodes>${node('a', 'HEALTHY')}${node('b', 'NOT_HEALTHY')}</nodes>`,
    ),
  );
  const nodes = [
    { name: 'a', status: 'HEALTHY' },
    { name: 'b', status: 'NOT_HEALTHY' },
  ];
  assert.deepEqual(reading.kind === 'report' ? reading.nodes : null, nodes);
});

test('every code of the table has one meaning; others are read by their thousands', () => {
  assert.equal(new Set(healthCodes.map(({ code }) => code)).size, healthCodes.length);
  assert.equal(meaningOf(5010), 'ESC_MANAGER is not running');
  assert.equal(meaningOf(2999), null);
  assert.equal(isReady(read(xml('<status_code>2999</status_code><stage>READY</stage>'))), true);
});

test('no answer of a health port is too odd to be read', () => {
  const body = fc.oneof(fc.uint8Array(), fc.string().map(bytes), fc.json().map(bytes));
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 599 }), fc.string(), body, (httpStatus, contentType, bodyBytes) => {
      const reading = readHealthReport(httpStatus, contentType, bodyBytes);
      assert.equal(isReady(reading), false);
    }),
  );
});
